"""The control plane's application: the admin API under `/api/v1`, OpenAPI at `/api/v1/openapi.json`, and no logic of its own."""

from __future__ import annotations

import logging
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from yett import __version__
from yett.admin.approval_notices.slack_decisions import SlackDecisions
from yett.admin.desk import Desk
from yett.admin.errors import AdminFault, Unauthorised
from yett.admin.guard import Guard
from yett.admin.pages import account, connect, new_policy
from yett.admin.pages import approvals as approval_pages
from yett.admin.pages import catalogue as catalogue_pages
from yett.admin.pages import links as link_pages
from yett.admin.pages import pins as pin_pages
from yett.admin.pages import sign_in as sign_in_pages
from yett.admin.pages.refusal import refusal_page
from yett.admin.people.doors import Doors, build_doors
from yett.admin.people.rules import Rules
from yett.admin.problems import MEDIA_TYPE, problem, problem_of
from yett.admin.remote import REGISTRY_PREFIX as REGISTRY_PREFIX
from yett.admin.routes import (
    apply,
    approvals,
    catalogue,
    credentials,
    drift,
    grant_requests,
    grants,
    issuers,
    me,
    members,
    pins,
    policies,
    registry,
    server_lists,
    servers,
    status,
    stops,
    webhooks,
)
from yett.admin.routes import slack as slack_routes
from yett.admin.views import Health, Problem
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.errors import YettError

PREFIX: Final = "/api/v1"
ROUTERS: Final = (
    status.ROUTER,
    servers.ROUTER,
    server_lists.ROUTER,
    grants.ROUTER,
    grant_requests.ROUTER,
    policies.ROUTER,
    stops.ROUTER,
    approvals.ROUTER,
    apply.ROUTER,
    issuers.ROUTER,
    catalogue.ROUTER,
    drift.ROUTER,
    pins.ROUTER,
    webhooks.ROUTER,
    credentials.ROUTER,
    members.ROUTER,
    me.ROUTER,
)
REGISTRY: Final = (registry.ROUTER,)
"""What is known of servers, read-only, apart from the API of this installation and with a version of its own."""
PAGES: Final = (
    approval_pages.router,
    catalogue_pages.router,
    new_policy.router,
    pin_pages.router,
    account.router,
    connect.router,
    sign_in_pages.router,
    link_pages.router,
)
_log: Final = logging.getLogger("yett.api")
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {code: {"model": Problem} for code in (401, 403, 404, 409, 422, 503)}

health: Final = APIRouter()


@health.get("/healthz", tags=["health"])
def healthz() -> Health:
    """Whether this process serves. Open to all."""
    return Health(status="ok")


def build_api(desk: Desk, token: str, host: str, doors: Doors | None = None, slack: SlackDecisions | None = None) -> FastAPI:
    """The application. `token` opens it, and so does a session of somebody whom `doors` let in.

    It may be asked under the name `host`, under that of the doors' own address, and under addresses.
    """
    doors = doors or build_doors(desk, Rules(base_url=f"http://{host}"), Egress(EgressRules.parse()))
    app = FastAPI(
        title="Yett control plane",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.desk = desk
    app.state.token = token.encode()
    app.state.doors = doors
    app.state.slack = slack
    app.add_middleware(Guard, host, urlsplit(doors.rules.base_url).hostname or host)
    _add_error_handlers(app)
    app.include_router(health)
    app.include_router(slack_routes.ROUTER)  # before the pages, one of which stands for any name at its place
    for router in PAGES:  # first, since the framework builds each router when a request passes it, and those of the API take long
        app.include_router(router)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX, responses=_PROBLEMS)
    for router in REGISTRY:
        app.include_router(router, prefix=REGISTRY_PREFIX, responses=_PROBLEMS)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Have the description tell the media type that errors are sent with; the framework knows one for all answers of a route."""
    describe = app.openapi

    def describe_rightly() -> dict[str, Any]:
        description = describe()
        for operations in description["paths"].values():
            for operation in operations.values():
                for code, answer in operation["responses"].items():
                    content = answer.get("content", {})
                    if code >= "400" and "application/json" in content:
                        content[MEDIA_TYPE] = content.pop("application/json")
        return description

    app.openapi = describe_rightly  # type: ignore[method-assign]  # the framework's own way to extend a description


def _add_error_handlers(app: FastAPI) -> None:
    """Every error has one shape."""

    @app.exception_handler(AdminFault)
    def refused(request: Request, error: AdminFault) -> Response:
        fields = {"www-authenticate": "Bearer"} if isinstance(error, Unauthorised) else {}
        if error.wait_s is not None:
            fields["retry-after"] = str(error.wait_s)
        return _answer(request, problem_of(error), fields)

    @app.exception_handler(YettError)
    def broken(request: Request, error: YettError) -> Response:
        _log.error("%s", error)
        return _answer(request, problem(503, "unavailable", str(error)))

    @app.exception_handler(HTTPException)
    def no_route(request: Request, error: HTTPException) -> Response:
        return _answer(request, problem(error.status_code, "http", str(error.detail).lower()), error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        found = [
            {"pointer": "".join(f"/{step}" for step in one["loc"][1:]), "message": one["msg"].lower(), "hint": None}
            for one in error.errors()
        ]
        first = found[0]
        detail = f"`{first['pointer']}`: {first['message']}" if first["pointer"] else f"{first['message']}"
        return _answer(request, problem(422, "invalid", detail, found))

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> Response:
        return _answer(request, problem(500, "internal", "something went wrong inside the control plane; its log says what"))


def _answer(request: Request, body: dict[str, Any], fields: Any = None) -> Response:
    return refusal_page(request, body) or JSONResponse(body, body["status"], fields, media_type=MEDIA_TYPE)
