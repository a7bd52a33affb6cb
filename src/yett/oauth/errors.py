"""What can go wrong between the gateway and an authorization server, by what there is to do about it."""

from __future__ import annotations

from yett.errors import UpstreamFault


class OAuthFault(UpstreamFault):
    """The authorization server, or what the server says of it, cannot be worked with."""


class Refused(OAuthFault):
    """The authorization server said no, with an OAuth error code."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)

    @property
    def needs_person(self) -> bool:
        """Whether only a person can mend it, by connecting the server again."""
        return self.code in {"invalid_grant", "access_denied", "interaction_required", "consent_required", "login_required"}
