"""Yett's own MCP server on the control plane's listener, for whoever the admin API knows; its SDK comes with the first request.

Stateless: each request stands for itself and is answered as JSON, by what its caller may see.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from contextlib import nullcontext
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from yett.admin.authentication import authenticate
from yett.admin.permissions import Permission
from yett.admin.service import Service
from yett.settings import Settings

PATH: Final = "/mcp"

_log: Final = logging.getLogger("yett.registry_server")


def mount(api: FastAPI, settings: Settings) -> None:
    """Have the server at `PATH`."""
    api.router.routes.append(Route(PATH, _Door(settings), include_in_schema=False))


class _Door:
    """ASGI: who asks is known before anything is read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method != "POST":
            raise HTTPException(405, "this server answers POST only", {"allow": "POST"})
        principal = await asyncio.to_thread(authenticate, request)
        principal.require(Permission.VIEW)
        sdk, server, tools = await asyncio.to_thread(_loaded)
        service = Service(scope["app"].state.desk, principal)
        place = tools.Place(self._settings, lambda: nullcontext(service))
        built = server.build_server(lambda _: place)
        manager = sdk.StreamableHTTPSessionManager(app=built, json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _loaded() -> tuple[Any, Any, Any]:
    """The SDK's transport, and the two modules that need it. Errors: `HTTPException` where it is not installed."""
    try:
        return (
            importlib.import_module("mcp.server.streamable_http_manager"),
            importlib.import_module("yett.registry_server.server"),
            importlib.import_module("yett.registry_server.tools"),
        )
    except ImportError as error:
        _log.warning("the MCP SDK is not installed, so there is no MCP server at `%s`: %s", PATH, error)
        raise HTTPException(501, "the mcp sdk is not installed on the control plane; install `yett[demo]`") from error
