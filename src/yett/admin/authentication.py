"""Who asks the control plane: from what a request shows to a `Principal`, in one place.

Three things open it: the admin token of this installation, an API token, and the session of a person who signed in. Whatever is
wrong with them, the refusal is the same. A grant's token opens nothing here.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from starlette.requests import Request

from yett.admin.checks import NS
from yett.admin.errors import Forbidden, Unauthorised
from yett.admin.organisation import organisation_named
from yett.admin.people.doors import Doors, address_of, check_same_site, doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.handles import is_api_token, same
from yett.admin.people.principals import member_principal, token_principal
from yett.admin.permissions import Principal, operator
from yett.stores.control.api_tokens import token_with
from yett.stores.control.transaction import Whole

ACTOR_MAX: Final = 64
CSRF_FIELD: Final = "yett-csrf"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
USED_EVERY_NS: Final = 60 * NS
"""How precisely it is known when a token was last used."""
REFUSED: Final = "nobody is signed in: show the admin token (`admin.token` in the state directory), an API token, or a session"
_ACTOR: Final = re.compile(r"[^A-Za-z0-9._@-]")


def authenticate(request: Request) -> Principal:
    """The one who asks.

    Errors: `Unauthorised`, the same for whatever is wrong; `Forbidden` for a change that a page of ours did not ask for;
    `NotFound` where the operator names an unknown organisation.
    """
    fields = request.headers.getlist("authorization")
    if not fields:
        return _by_session(request)
    scheme, _, given = fields[0].partition(" ")
    if len(fields) > 1 or scheme.lower() != "bearer":
        raise Unauthorised(REFUSED)
    if hmac.compare_digest(given.encode("utf-8", "surrogateescape"), request.app.state.token):
        return _operator(request)
    return _by_token(request, given)


def signed_in(request: Request) -> Present:
    """The person who asks; what concerns oneself needs a session. Errors: as `authenticate`."""
    authenticate(request)
    present = getattr(request.state, "present", None)
    if not isinstance(present, Present):
        raise Forbidden("only who signed in has an account; sign in with a browser")
    return present


def _operator(request: Request) -> Principal:
    name = _ACTOR.sub("_", request.headers.get("yett-actor", ""))[:ACTOR_MAX]
    organisation = organisation_named(request.app.state.desk, request.headers.get("yett-organisation"))
    return operator(f"api:{name}" if name else "api", organisation, address=address_of(request))


def _by_token(request: Request, given: str) -> Principal:
    """A program with an API token, which is of one organisation and cannot ask for another one."""
    doors, organisation = doors_of(request), request.headers.get("yett-organisation")
    if not is_api_token(given):
        raise Unauthorised(REFUSED)
    found = doors.entrance.desk.look(lambda whole: _look_up_token(doors, whole, given, address_of(request)))
    if found is None:
        raise Unauthorised(REFUSED)
    if organisation is not None and organisation not in {found.organisation, _name_of(doors, found.organisation)}:
        raise Unauthorised(REFUSED)
    return found


def _look_up_token(doors: Doors, whole: Whole, given: str, address: str | None) -> Principal | None:
    entrance = doors.entrance
    found = token_with(whole.connection, entrance.digest("api token", given))
    if found is None:
        return None
    organisation, token = found
    there, now_ns = whole.of(organisation), entrance.now_ns()
    if not token.is_live(now_ns):
        if token.revoked_at_ns is None:
            there.api_tokens.revoke(token.id, now_ns)  # so that it stays over when the clock is put back
        return None
    if token.used_at_ns is None or now_ns - token.used_at_ns >= USED_EVERY_NS:
        there.api_tokens.touch(token.id, now_ns)
    return token_principal(whole, organisation, token, address)


def _name_of(doors: Doors, organisation: str) -> str:
    return doors.entrance.desk.look(lambda whole: whole.organisation(organisation).name)


def _by_session(request: Request) -> Principal:
    doors, organisation = doors_of(request), request.headers.get("yett-organisation")
    cookie = doors.cookie(request, "session")
    found = doors.entrance.desk.look(lambda whole: doors.entrance.present(whole, cookie, organisation)) if cookie else None
    if found is None or found.membership is None:
        raise Unauthorised(REFUSED)
    if request.method not in SAFE:
        check_same_site(request, doors.rules)
        if not same(request.headers.get(CSRF_FIELD, ""), found.session.csrf):
            raise Forbidden(f"a change needs the field `{CSRF_FIELD}` with what `/api/v1/me` says as `csrf`")
    request.state.present = found
    return member_principal(found.user, found.membership, address_of(request))
