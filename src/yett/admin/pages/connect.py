"""The pages of connecting a server: where a person starts, and where the authorization server sends them back.

And the gateway's client ID metadata document, which authorization servers fetch.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yett.admin.credentials.port import CredentialKeeper, absent
from yett.admin.desk import Desk
from yett.admin.pages.looks import page
from yett.admin.people.doors import doors_of
from yett.errors import ClientFault, YettError
from yett.oauth.client import metadata_document

router: Final = APIRouter(include_in_schema=False)
COOKIE_S: Final = 600
"""As long as a person may take."""
ANSWER_CHARS_MAX: Final = 8_192


@router.get("/oauth/start/{ticket}")
def start(request: Request, ticket: str) -> Response:
    """Say what is about to be connected, and bind this browser. The ticket is used."""
    try:
        going = _keeper(request).depart(ticket)
    except YettError as fault:
        return page(request, "not_connected", status=400, error=str(fault))
    response = page(request, "connect", going=going)
    name, secure = _cookie(request)
    response.set_cookie(name, going.cookie, COOKIE_S, path="/", secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/oauth/callback")
def callback(request: Request) -> Response:
    """Finish what was begun in this browser."""
    answer, (name, secure) = dict(request.query_params), _cookie(request)
    try:
        _check(request)
        server = _keeper(request).arrive(answer, request.cookies.get(name, ""))
        response = page(request, "connected", server=server)
    except YettError as fault:
        response = page(request, "not_connected", status=400, error=str(fault))
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/oauth/client.json")
def client_metadata(request: Request) -> Response:
    """Who the gateway is, for authorization servers that take this document's address for its client id."""
    document = metadata_document(_keeper(request).identity())
    return JSONResponse(document, headers={"cache-control": "max-age=3600"})


def _check(request: Request) -> None:
    """Errors: `ClientFault` for an answer that is too long or reads in two ways."""
    if len(request.url.query) > ANSWER_CHARS_MAX or len(request.query_params) != len(request.query_params.multi_items()):
        raise ClientFault("the answer is too long, or says something twice; begin again")


def _keeper(request: Request) -> CredentialKeeper:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    if desk.credentials is None:
        raise absent()
    return desk.credentials


def _cookie(request: Request) -> tuple[str, bool]:
    """What the cookie is called that binds the browser, and whether it goes over TLS only."""
    secure = doors_of(request).cookies.secure
    return "__Host-yett-connect" if secure else "yett-connect", secure
