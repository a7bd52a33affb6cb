"""Every error of the control plane as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from yett.admin.errors import AdminFault

MEDIA_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:yett:problem:"
_TITLES: Final = {
    "refused": "Refused",
    "invalid": "A value has not the form it must have",
    "policy_refused": "The policy has errors",
    "not_found": "There is nothing of this name",
    "conflict": "It cannot be as things are",
    "stale": "It was changed meanwhile",
    "unauthorised": "Nobody is signed in",
    "forbidden": "Not allowed",
    "misdirected": "This host name is not served here",
    "too_soon": "Too many tries",
    "busy": "Too many at once",
    "too_large": "The body is too large",
    "unavailable": "The control plane cannot do it now",
    "internal": "Something went wrong inside the control plane",
    "http": "The request does not fit the API",
}


def problem(status: int, code: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The body of an error: a `yett.admin.views.Problem` as JSON."""
    body: dict[str, Any] = {"type": f"{TYPE}{code}", "title": _TITLES.get(code, "Refused"), "status": status}
    body |= {"detail": detail, "code": code}
    if errors:
        body["errors"] = [dict(error) for error in errors]
    return body


def problem_of(error: AdminFault) -> dict[str, Any]:
    """The body for what was refused."""
    return problem(error.status, error.code, str(error), error.details)
