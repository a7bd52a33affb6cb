"""Who asks the control plane: from what a request shows to a `Principal`, in one place."""

from __future__ import annotations

import hmac
import re
from typing import Final

from starlette.requests import Request

from yett.admin.desk import Desk
from yett.admin.errors import NotFound, Unauthorised
from yett.admin.permissions import Principal, operator
from yett.stores.control.transaction import Whole

ACTOR_MAX: Final = 64
_ACTOR: Final = re.compile(r"[^A-Za-z0-9._@-]")


def authenticate(request: Request) -> Principal:
    """The one who asks. Errors: `Unauthorised`, the same for whatever is wrong; `NotFound` for an unknown organisation."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    shown = given.encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""
    if not hmac.compare_digest(shown, request.app.state.token):
        raise Unauthorised("the admin token is missing or wrong; it stands in `admin.token` in the state directory")
    name = _ACTOR.sub("_", request.headers.get("yett-actor", ""))[:ACTOR_MAX]
    address = request.client.host if request.client is not None else None
    organisation = organisation_named(request.app.state.desk, request.headers.get("yett-organisation"))
    return operator(f"api:{name}" if name else "api", organisation, address=address)


def organisation_named(desk: Desk, reference: str | None) -> str:
    """The id of the organisation of this name or id; of the oldest one, for None. Errors: `NotFound`."""

    def look(whole: Whole) -> str:
        found = whole.organisations()
        for one in found:
            if reference is None or reference in {one.id, one.name}:
                return one.id
        raise NotFound(f"there is no organisation `{reference}`")

    return desk.look(look)
