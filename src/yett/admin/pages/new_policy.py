"""The page where a recommended policy becomes a draft of a server: filled in, to be looked at, saved by whoever may."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from yett.admin.errors import AdminFault, NotFound, PolicyRefused
from yett.admin.pages.forms import STALE, Posted
from yett.admin.pages.looks import page, see_other
from yett.admin.people.doors import address_of, doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.handles import same
from yett.admin.people.principals import member_principal
from yett.admin.service import Service
from yett.admin.views import NewRevision
from yett.catalog.page_model import CataloguedServer
from yett.catalog.pages import server_page, tool_page
from yett.site.known import known_server

router: Final = APIRouter(include_in_schema=False)


@router.get("/servers/{server}/policies/new")
def show(request: Request, server: str, tool: str | None = None) -> Response:
    """The recommendation for the server, or for one of its tools."""
    present = doors_of(request).present(request)
    if present is None or present.membership is None:
        query = urlencode({"tool": tool}) if tool is not None else ""
        onward = f"/servers/{quote(server, safe='')}/policies/new{'?' if query else ''}{query}"
        return see_other(f"/sign-in?{urlencode({'next': onward})}")
    try:
        found, own = _server(_service(request, present), server)
    except AdminFault as error:
        return _shown(request, present, server, error=str(error), status=error.status)
    return _shown(request, present, server, own=own, name=_name(server, tool), document=_recommended(found, tool))


@router.post("/servers/{server}/policies/new")
def save(request: Request, server: str, form: Posted) -> Response:
    """Save it as a draft. Nothing is judged by it until somebody publishes it."""
    present = doors_of(request).present(request)
    if present is None or present.membership is None:
        return see_other("/sign-in")
    name, document = form.get("name"), form.get("document")
    if not same(form.get("csrf"), present.session.csrf):
        return _shown(request, present, server, own=True, name=name, document=document, error=STALE, status=403)
    service = _service(request, present)
    try:
        service.server(server)
        saved = service.set_policy(name, NewRevision(document=document, message="as the catalogue recommends", draft=True))
    except PolicyRefused as error:
        told = "; ".join(f"{found['pointer'] or 'the document'}: {found['message']}" for found in error.details)
        return _shown(request, present, server, own=True, name=name, document=document, error=told, status=422)
    except AdminFault as error:
        return _shown(request, present, server, own=True, name=name, document=document, error=str(error), status=error.status)
    return _shown(request, present, server, own=True, name=name, document=document, saved=saved.policy.name)


def _service(request: Request, present: Present) -> Service:
    assert present.membership is not None, "asked before"
    return Service(request.app.state.desk, member_principal(present.user, present.membership, address_of(request)))


def _server(service: Service, slug: str) -> tuple[CataloguedServer, bool]:
    """The server of this name, and whether it is the organisation's own."""
    try:
        return service.catalogued_server(slug), True
    except NotFound:
        known = known_server(slug) or service.desk.environment.index.server(slug)
        if known is None:
            raise
        return known, False


def _recommended(server: CataloguedServer, tool: str | None) -> str:
    shown = None if tool is None else tool_page(server, tool)
    return server_page(server).policy if shown is None else shown.policy


def _name(server: str, tool: str | None) -> str:
    """A name for the policy, as names may be."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in f"{server}-{tool or 'recommended'}".lower())
    return plain.strip("-")[:63].rstrip("-")


def _shown(request: Request, present: Present, server: str, *, status: int = 200, **values: object) -> Response:
    known = {"own": False, "name": "", "document": "", "error": None, "saved": None, **values}
    return page(request, "new_policy", status=status, csrf=present.session.csrf, server=server, **known)
