"""The page about oneself: name, password, sessions, organisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from yett.admin.errors import AdminFault
from yett.admin.pages.forms import STALE, Form, Posted
from yett.admin.pages.links import MISMATCH
from yett.admin.pages.looks import HEADERS, STYLE, page, see_other
from yett.admin.people.doors import Doors, doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.handles import same
from yett.admin.people.passwords import LENGTH_MIN

router: Final = APIRouter(include_in_schema=False)


@router.get("/")
def home() -> Response:
    """Until there is more to see."""
    return see_other("/account")


@router.get("/pages/style.css")
def style() -> Response:
    """How the pages look."""
    return Response(STYLE, headers={**HEADERS, "cache-control": "public, max-age=3600"}, media_type="text/css")


@router.get("/account")
def show_account(request: Request) -> Response:
    """All about oneself."""
    present = doors_of(request).present(request)
    return _first_sign_in() if present is None else _account(request, present)


@router.post("/account/name")
def rename(request: Request, form: Posted) -> Response:
    """Be called otherwise."""
    return _do(request, form, lambda doors, present: doors.selves.rename(present, form.get("name")))


@router.post("/account/organisation")
def work_in(request: Request, form: Posted) -> Response:
    """Work in another organisation."""
    return _do(request, form, lambda doors, present: doors.selves.work_in(present, form.get("organisation")))


@router.post("/account/session")
def end_session(request: Request, form: Posted) -> Response:
    """Sign out somewhere."""
    return _do(request, form, lambda doors, present: doors.selves.end_session(present, form.get("session")))


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(request: Request, form: Posted) -> Response:
    """End all sessions, this one too."""
    response = _do(request, form, lambda doors, present: doors.selves.sign_out_everywhere(present), "/sign-in")
    if response.status_code == see_other("").status_code:
        doors_of(request).cookies.take(response, "session")
    return response


@router.post("/account/password")
def change_password(request: Request, form: Posted) -> Response:
    """Another password; this browser gets a new session."""
    doors = doors_of(request)
    present = doors.present(request)
    if present is None:
        return _first_sign_in()
    if not same(form.get("csrf"), present.session.csrf):
        return _account(request, present, STALE, 403)
    if form.get("password") != form.get("again"):
        return _account(request, present, MISMATCH, 422)
    try:
        signed = doors.selves.change_password(present, form.get("current"), form.get("password"), doors.visitor(request))
    except AdminFault as error:
        return _account(request, present, str(error), error.status)
    response = see_other("/account")
    doors.cookies.give(response, "session", signed.cookie)
    return response


def _do(request: Request, form: Form, work: Callable[[Doors, Present], object], onward: str = "/account") -> Response:
    """Do it for who is signed in, if it was asked for by the page that they were shown."""
    doors = doors_of(request)
    present = doors.present(request)
    if present is None:
        return _first_sign_in()
    if not same(form.get("csrf"), present.session.csrf):
        return _account(request, present, STALE, 403)
    try:
        work(doors, present)
    except AdminFault as error:
        return _account(request, present, str(error), error.status)
    return see_other(onward)


def _account(request: Request, present: Present, error: str | None = None, status: int = 200) -> Response:
    doors = doors_of(request)
    return page(
        request,
        "account",
        status=status,
        csrf=present.session.csrf,
        error=error,
        user=present.user,
        membership=present.membership,
        memberships=present.memberships,
        sessions=doors.selves.sessions(present),
        passwords=doors.rules.passwords,
        needs_current=doors.selves.needs_current(present),
        length=LENGTH_MIN,
    )


def _first_sign_in() -> Response:
    return see_other(f"/sign-in?{urlencode({'next': '/account'})}")
