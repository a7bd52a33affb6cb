"""The page of a server's pins: what changed since it was accepted, and a button to accept what is shown."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from yett.admin.errors import AdminFault, Invalid
from yett.admin.pages.forms import STALE, Posted
from yett.admin.pages.looks import page, see_other
from yett.admin.people.doors import address_of, doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.handles import same
from yett.admin.people.principals import member_principal
from yett.admin.permissions import Permission
from yett.admin.pin_views import AcceptedTool, AcceptPins, PinList, PinView
from yett.admin.service import Service
from yett.catalog.quoting import visible

router: Final = APIRouter(include_in_schema=False)
SHOWN_MAX: Final = 200
"""Tools that wait, on one page."""


@router.get("/servers/{server}/pins")
def show(request: Request, server: str) -> Response:
    """What waits, the gravest first."""
    present = doors_of(request).present(request)
    if present is None or present.membership is None:
        onward = f"/servers/{quote(server, safe='')}/pins"
        return see_other(f"/sign-in?{urlencode({'next': onward})}")
    return _shown(request, present, server)


@router.post("/servers/{server}/pins")
def accept(request: Request, server: str, form: Posted) -> Response:
    """Accept what the page showed."""
    present = doors_of(request).present(request)
    if present is None or present.membership is None:
        return see_other("/sign-in")
    if not same(form.get("csrf"), present.session.csrf):
        return _shown(request, present, server, error=STALE, status=403)
    try:
        wanted = AcceptPins(tools=_read(form.get("accepted")), reason=form.get("reason"))
        changed = _service(request, present).accept_pins(server, wanted)
    except AdminFault as error:
        return _shown(request, present, server, error=str(error), status=error.status)
    told = [f"accepted: {', '.join(one.tool for one in wanted.tools)}", *filter(None, [changed.note, *changed.remarks])]
    return _shown(request, present, server, told="; ".join(told))


def _service(request: Request, present: Present) -> Service:
    assert present.membership is not None, "asked before"
    return Service(request.app.state.desk, member_principal(present.user, present.membership, address_of(request)))


def _read(text: str) -> list[AcceptedTool]:
    try:
        return msgspec.json.decode(text, type=list[AcceptedTool])
    except msgspec.DecodeError as error:
        raise Invalid(STALE) from error


def accepted_text(shown: list[PinView]) -> str:
    """What a form says that accepts these: each with the fingerprint that was shown."""
    return msgspec.json.encode([AcceptedTool(tool=one.tool, fingerprint=one.fingerprint) for one in shown]).decode()


def _shown(
    request: Request, present: Present, server: str, *, status: int = 200, error: str | None = None, told: str | None = None
) -> Response:
    service = _service(request, present)
    pins, fault = _pins(service, server)
    if fault is not None and error is None:
        error, status = str(fault), fault.status
    waiting = [] if pins is None else _waiting(pins)
    acceptable = [one for one in waiting if one.state != "twice"]
    return page(
        request,
        "pins",
        status=status,
        csrf=present.session.csrf,
        server=server,
        pins=pins,
        waiting=waiting[:SHOWN_MAX],
        more=max(0, len(waiting) - SHOWN_MAX),
        every=accepted_text(acceptable) if len(acceptable) > 1 and len(waiting) <= SHOWN_MAX else None,
        may=service.principal.may(Permission.EDIT_POLICIES),
        accepted_text=accepted_text,
        visible=visible,
        error=error,
        told=told,
    )


def _pins(service: Service, server: str) -> tuple[PinList | None, AdminFault | None]:
    try:
        return service.pins(server), None
    except AdminFault as fault:
        return None, fault


_GRAVITY: Final = ("Critical", "High", "Medium", "Low")


def _waiting(pins: PinList) -> list[PinView]:
    return sorted((one for one in pins.items if one.severity is not None), key=lambda one: _GRAVITY.index(one.severity or "Low"))
