"""What all routes share: who asks, and bodies that are read one way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from yett.admin.authentication import authenticate
from yett.admin.errors import Invalid
from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX, Listing
from yett.admin.service import Service
from yett.protocol.strict_json import Unreadable, read

_BEARER: Final = HTTPBearer(auto_error=False)


def asked(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Service:
    """The use cases, for whoever asks. (The second parameter tells OpenAPI how.)"""
    return Service(request.app.state.desk, authenticate(request))


Asked = Annotated[Service, Depends(asked)]


def listing(
    search: Annotated[str, Query(max_length=SEARCH_MAX, description="What names, notes, labels or owners hold.")] = "",
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    after: Annotated[str, Query(max_length=128, description="`next` of the page before.")] = "",
) -> Listing:
    """Which page of a list."""
    return Listing(search=search, limit=limit, after=after)


Wanted = Annotated[Listing, Depends(listing)]


class StrictRoute(APIRoute):
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


def router(tag: str) -> APIRouter:
    """A router whose routes read strictly."""
    return APIRouter(route_class=StrictRoute, tags=[tag])
