"""The pages of links that work once: the first admin, an invitation, a new password. A GET only shows what a POST would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from yett.admin.errors import AdminFault, Unauthorised
from yett.admin.pages.forms import STALE, Form, Posted, check_form
from yett.admin.pages.looks import page, see_other
from yett.admin.pages.sign_in import welcome
from yett.admin.people.doors import address_of, doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.handles import same
from yett.admin.people.links import FirstAdmin
from yett.admin.people.passwords import LENGTH_MIN
from yett.admin.people.ways_in import LINK_OVER
from yett.stores.control.people_records import PlacedInvitation

MISMATCH: Final = "the two passwords differ"
router: Final = APIRouter(include_in_schema=False)


@router.get("/first/{token}")
def show_first(request: Request, token: str) -> Response:
    """Asks who the first admin is."""
    if not doors_of(request).links.is_good(token, "first"):
        return _over(request)
    return _first(request, token, Form({"organisation": "default"}))


@router.post("/first/{token}")
def become_first(request: Request, token: str, form: Posted) -> Response:
    """Makes the first admin, once."""
    doors = doors_of(request)
    wanted = FirstAdmin(form.get("organisation").strip(), form.get("email"), form.get("name"), form.get("password"))
    try:
        check_form(request, form)
        if not doors.links.is_good(token, "first"):
            return _over(request)
        if form.get("password") != form.get("again"):
            return _first(request, token, form, MISMATCH)
        signed = doors.links.become_first(token, wanted, doors.visitor(request))
    except Unauthorised as error:
        return _over(request, error)
    except AdminFault as error:
        return _first(request, token, form, str(error), error.status)
    return welcome(doors, signed, "/account")


@router.get("/invitation/{token}")
def show_invitation(request: Request, token: str) -> Response:
    """Says who invites whom to what."""
    doors = doors_of(request)
    found = doors.links.invitation(token)
    if found is None:
        return _over(request)
    return _invitation(request, token, found, doors.present(request))


@router.post("/invitation/{token}")
def accept_invitation(request: Request, token: str, form: Posted) -> Response:
    """Joins: with the account that is signed in, or with a new one."""
    doors = doors_of(request)
    found, present = doors.links.invitation(token), doors.present(request)
    if found is None:
        return _over(request)
    if present is not None and present.user.email == found[0].invitation.email:
        if not same(form.get("csrf"), present.session.csrf):
            return _invitation(request, token, found, present, _Wrong(STALE, 403))
        doors.links.accept_as(token, present, address_of(request) or "")
        return see_other("/account")
    try:
        check_form(request, form)
        if form.get("password") != form.get("again"):
            return _invitation(request, token, found, present, _Wrong(MISMATCH, 422, form.get("name")))
        signed = doors.links.accept_as_new(token, form.get("name"), form.get("password"), doors.visitor(request))
    except Unauthorised as error:
        return _over(request, error)
    except AdminFault as error:
        return _invitation(request, token, found, present, _Wrong(str(error), error.status, form.get("name")))
    return welcome(doors, signed, "/account")


@router.get("/password/{token}")
def show_password(request: Request, token: str) -> Response:
    """Asks for another password."""
    if not doors_of(request).links.is_good(token, "password"):
        return _over(request)
    return page(request, "password", token=token, length=LENGTH_MIN)


@router.post("/password/{token}")
def choose_password(request: Request, token: str, form: Posted) -> Response:
    """Takes it."""
    doors = doors_of(request)
    shown: dict[str, Any] = {"token": token, "length": LENGTH_MIN}
    try:
        check_form(request, form)
        if form.get("password") != form.get("again"):
            return page(request, "password", status=422, error=MISMATCH, **shown)
        signed = doors.links.choose_password(token, form.get("password"), doors.visitor(request))
    except Unauthorised as error:
        return _over(request, error)
    except AdminFault as error:
        return page(request, "password", status=error.status, error=str(error), **shown)
    return welcome(doors, signed, "/account")


def _first(request: Request, token: str, form: Form, error: str | None = None, status: int | None = None) -> Response:
    values = {name: form.get(name)[:254] for name in ("organisation", "email", "name")}
    code = status or (200 if error is None else 422)
    return page(request, "first", status=code, error=error, token=token, length=LENGTH_MIN, **values)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Why the page is shown again."""

    error: str | None = None
    status: int = 200
    name: str = ""


def _invitation(
    request: Request, token: str, found: tuple[PlacedInvitation, bool], present: Present | None, wrong: _Wrong = _Wrong()
) -> Response:
    placed, known = found
    mine = present is not None and present.user.email == placed.invitation.email
    return page(
        request,
        "invitation",
        status=wrong.status,
        csrf=present.session.csrf if present is not None and mine else None,
        error=wrong.error,
        token=token,
        organisation=placed.organisation,
        invitation=placed.invitation,
        known=known,
        mine=mine,
        passwords=doors_of(request).rules.passwords,
        name=wrong.name[:254],
        length=LENGTH_MIN,
    )


def _over(request: Request, error: AdminFault | None = None) -> Response:
    return page(request, "over", status=404 if error is None else error.status, error=LINK_OVER if error is None else str(error))
