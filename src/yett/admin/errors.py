"""Why the control plane refuses, each with a stable code, an HTTP status and an exit status; known on both sides of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from yett.errors import ClientFault


class AdminFault(ClientFault):
    """Root. `details` say more than the one line: `pointer` (JSON Pointer into what was sent), `message`, `hint`."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    exit_code: ClassVar[int] = 3
    wait_s: int | None = None
    """When to try again, where that helps."""

    def __init__(self, message: str, details: Sequence[Mapping[str, Any]] = (), *, pointer: str | None = None) -> None:
        super().__init__(message)
        named = [] if pointer is None else [{"pointer": pointer, "message": message, "hint": None}]
        self.details = (*details, *named)


class Invalid(AdminFault):
    """A value has not the form it must have."""

    code = "invalid"
    status = 422
    exit_code = 2


class PolicyRefused(AdminFault):
    """A policy has errors; `details` holds all of them as `pointer`, `message` and `hint`."""

    code = "policy_refused"
    status = 422
    exit_code = 1


class NotFound(AdminFault):
    """Nothing has this name or id."""

    code = "not_found"
    status = 404


class Conflict(AdminFault):
    """It cannot be as things are: the name is taken, the grant is revoked, the policy follows a file."""

    code = "conflict"
    status = 409


class Stale(AdminFault):
    """It was changed since whoever asks looked at it."""

    code = "stale"
    status = 412


class Unauthorised(AdminFault):
    """Nobody is signed in: the token or the session is missing, wrong, or over."""

    code = "unauthorised"
    status = 401
    exit_code = 4


class Forbidden(AdminFault):
    """Whoever asks is known, and not allowed this."""

    code = "forbidden"
    status = 403
    exit_code = 4


class Misdirected(AdminFault):
    """The request names a host that this listener does not answer for: DNS rebinding."""

    code = "misdirected"
    status = 421
    exit_code = 4


class TooLarge(AdminFault):
    """The body is longer than any use case needs."""

    code = "too_large"
    status = 413


BY_CODE: Final[Mapping[str, type[AdminFault]]] = {
    kind.code: kind
    for kind in (AdminFault, Invalid, PolicyRefused, NotFound, Conflict, Stale, Unauthorised, Forbidden, Misdirected, TooLarge)
}
