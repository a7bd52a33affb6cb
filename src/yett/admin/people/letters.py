"""What is written in mail. Pure."""

from __future__ import annotations

from yett.admin.people.views import InvitationMade


def sign_in_letter(link: str, minutes: int) -> tuple[str, str]:
    """Subject and text of a link to sign in with."""
    return "Sign in to Yett", (
        f"Open this link to sign in. It works once, in the next {minutes} minutes:\n\n{link}\n\n"
        "If you did not ask for it, do nothing: without it nobody comes in.\n"
    )


def invitation_letter(organisation: str, made: InvitationMade) -> tuple[str, str]:
    """Subject and text of an invitation."""
    invitation = made.invitation
    return f"You are invited to {organisation} on Yett", (
        f"{invitation.invited_by} invites you to the organisation {organisation} as {invitation.role}.\n"
        f"Open this link to accept. It works once, until {invitation.expires_at}:\n\n{made.link}\n\n"
        "If you do not know what this is about, do nothing.\n"
    )
