"""The admin API, `/api/v1`: routes to the use cases, and no logic of its own. OpenAPI at `/api/v1/openapi.json`."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from yett import __version__
from yett.admin.desk import Desk
from yett.admin.errors import AdminFault, Invalid, Unauthorised
from yett.admin.guard import Guard, error_body
from yett.admin.service import Service
from yett.admin.views import (
    Attachment,
    ChangeLine,
    ErrorBody,
    GrantChanged,
    GrantMinted,
    GrantView,
    Health,
    NewGrant,
    NewRevision,
    NewServer,
    PolicyChanged,
    PolicyText,
    PolicyView,
    ServerChanged,
    ServerView,
    StatusView,
)
from yett.errors import YettError
from yett.protocol.strict_json import Unreadable, read

PREFIX: Final = "/api/v1"
ACTOR_MAX: Final = 64
_ACTOR: Final = re.compile(r"[^A-Za-z0-9._@-]")
_log: Final = logging.getLogger("yett.api")


def _service(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    yett_actor: Annotated[str, Header(description="Who asks, for the admin log; not proven.")] = "",
) -> Service:
    """The use cases, for whoever shows the admin token."""
    given = credentials.credentials.encode("utf-8", "surrogateescape") if credentials else b""
    if not hmac.compare_digest(given, request.app.state.token):
        raise Unauthorised("the admin token is missing or wrong; it stands in `admin.token` in the state directory")
    name = _ACTOR.sub("_", yett_actor)[:ACTOR_MAX]
    return Service(request.app.state.desk, f"api:{name}" if name else "api")


class _StrictRoute(APIRoute):
    """Reads a body as strictly as the data plane does: one reading, and no text that a database or an answer cannot hold."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            if self.body_field is not None and (body := await request.body()):
                try:
                    read(body)
                except Unreadable as error:
                    raise Invalid(str(error)) from error
            return await handle(request)

        return handle_strictly


Asked = Annotated[Service, Depends(_service)]
router: Final = APIRouter(route_class=_StrictRoute)


@router.get("/status", tags=["status"])
def status(service: Asked) -> StatusView:
    """Counts, connected data planes, and what is not as it was written."""
    return service.status()


@router.get("/changes", tags=["status"])
def changes(service: Asked, limit: int = 100) -> list[ChangeLine]:
    """The last lines of the admin log, newest first."""
    return service.changes(limit)


@router.get("/servers", tags=["servers"])
def list_servers(service: Asked) -> list[ServerView]:
    """All servers, by name."""
    return service.servers()


@router.post("/servers", tags=["servers"], status_code=201)
def add_server(service: Asked, new: NewServer) -> ServerChanged:
    """Add a server. A program is taken by the name under which the host lists it."""
    return service.add_server(new)


@router.get("/servers/{server}", tags=["servers"])
def show_server(service: Asked, server: str) -> ServerView:
    """One server, by name or id."""
    return service.server(server)


@router.delete("/servers/{server}", tags=["servers"])
def remove_server(service: Asked, server: str, with_grants: bool = False) -> ServerChanged:
    """Remove a server, and revoke its live grants if that is said."""
    return service.remove_server(server, with_grants=with_grants)


@router.get("/grants", tags=["grants"])
def list_grants(service: Asked, server: str | None = None) -> list[GrantView]:
    """All grants, or those of one server, oldest first."""
    return service.grants(server)


@router.post("/grants", tags=["grants"], status_code=201)
def mint_grant(service: Asked, new: NewGrant) -> GrantMinted:
    """Mint a grant. The answer holds its token, this once."""
    return service.mint_grant(new)


@router.post("/grants/{grant:path}/rotate", tags=["grants"])
def rotate_grant(service: Asked, grant: str) -> GrantMinted:
    """Give a grant a new token. The old one opens nothing from now on."""
    return service.rotate_grant(grant)


@router.post("/grants/{grant:path}/revoke", tags=["grants"])
def revoke_grant(service: Asked, grant: str) -> GrantChanged:
    """End a grant, for its next call."""
    return service.revoke_grant(grant)


@router.put("/grants/{grant:path}/policy", tags=["grants"])
def attach_policy(service: Asked, grant: str, attachment: Attachment) -> GrantChanged:
    """Give a grant another policy, or none."""
    return service.attach(grant, attachment)


@router.get("/grants/{grant:path}", tags=["grants"])
def show_grant(service: Asked, grant: str) -> GrantView:
    """One grant, by id or label."""
    return service.grant(grant)


@router.get("/policies", tags=["policies"])
def list_policies(service: Asked) -> list[PolicyView]:
    """All policies, by name."""
    return service.policies()


@router.get("/policies/{policy}", tags=["policies"])
def show_policy(service: Asked, policy: str, revision: Annotated[int | None, Query(ge=1)] = None) -> PolicyText:
    """One policy with its last text, or with the text of one revision."""
    return service.policy(policy, revision)


@router.put("/policies/{policy}", tags=["policies"])
def set_policy(service: Asked, policy: str, new: NewRevision) -> PolicyChanged:
    """Publish a text. It is a new revision if it means something else than the last one."""
    return service.set_policy(policy, new)


health: Final = APIRouter()
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {status: {"model": ErrorBody} for status in (401, 404, 409, 422, 503)}


@health.get("/healthz", tags=["health"])
def healthz() -> Health:
    """Whether this process serves. Open to all."""
    return Health(status="ok")


def build_api(desk: Desk, token: str, host: str) -> FastAPI:
    """The application. `token` opens it; `host` is the name, beside addresses, under which it may be asked."""
    app = FastAPI(
        title="Yett control plane",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.desk = desk
    app.state.token = token.encode()
    app.add_middleware(Guard, host=host)
    _add_error_handlers(app)
    app.include_router(health)
    app.include_router(router, prefix=PREFIX, responses=_ERRORS)
    return app


def _add_error_handlers(app: FastAPI) -> None:
    """Every error has one shape: `{"error": {"code", "message", "details"?}}`."""

    @app.exception_handler(AdminFault)
    def refused(_: Request, error: AdminFault) -> JSONResponse:
        fields = {"www-authenticate": "Bearer"} if isinstance(error, Unauthorised) else None
        return JSONResponse(error_body(error), error.status, fields)

    @app.exception_handler(YettError)
    def broken(_: Request, error: YettError) -> JSONResponse:
        _log.error("%s", error)
        return JSONResponse(error_body(None, str(error), "unavailable"), 503)

    @app.exception_handler(HTTPException)
    def no_route(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error_body(None, str(error.detail).lower(), "http"), error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        details = [
            {"pointer": "".join(f"/{step}" for step in found["loc"][1:]), "message": found["msg"].lower(), "hint": None}
            for found in error.errors()
        ]
        first = details[0]
        message = f"`{first['pointer']}`: {first['message']}" if first["pointer"] else first["message"]
        return JSONResponse({"error": {"code": "invalid", "message": message, "details": details}}, 422)

    @app.exception_handler(Exception)
    def bug(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse(error_body(None, "something went wrong inside the control plane; its log says what", "internal"), 500)
