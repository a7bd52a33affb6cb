"""The cookies of the control plane: what they are called and how far they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from starlette.responses import Response

Kind = Literal["session", "device", "form", "flow"]

_NAMES: Final[Mapping[Kind, str]] = {"session": "yett", "device": "yett-device", "form": "yett-form", "flow": "yett-flow"}
_LASTS_S: Final[Mapping[Kind, int]] = {"device": 365 * 24 * 3600, "form": 24 * 3600, "flow": 15 * 60}


@dataclass(frozen=True, slots=True)
class Cookies:
    """All are out of reach of scripts. Over TLS they carry the prefix that binds them to this very host.

    `Lax`, not `Strict`: who follows a link from a mail or comes back from a provider is still signed in, and what changes
    anything is a POST, which no other site's page can send with them.
    """

    secure: bool
    session_s: int
    """How long a session's lasts, at most."""

    def name(self, kind: Kind) -> str:
        """What it is called."""
        return f"__Host-{_NAMES[kind]}" if self.secure else _NAMES[kind]

    def give(self, response: Response, kind: Kind, value: str) -> None:
        """Have the browser keep it."""
        lasts_s = _LASTS_S.get(kind, self.session_s)
        response.set_cookie(self.name(kind), value, lasts_s, path="/", secure=self.secure, httponly=True, samesite="lax")

    def take(self, response: Response, kind: Kind) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.name(kind), path="/", secure=self.secure, httponly=True, samesite="lax")
