"""Routes to what a server may be: programs that the host lists, well-known servers, those of an MCP registry."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from yett.admin.listing import SEARCH_MAX
from yett.admin.registry import CURSOR_MAX
from yett.admin.routes.asked import Asked, router
from yett.admin.server_views import CommandList, KnownList, RegistryPage

ROUTER: Final = router("servers")
Search = Annotated[str, Query(max_length=SEARCH_MAX)]


@ROUTER.get("/commands")
def list_commands(service: Asked) -> CommandList:
    """Names of the programs that the host allows as servers. What they are is known on the host only."""
    return service.commands()


@ROUTER.get("/known-servers")
def list_known_servers(service: Asked, search: Search = "") -> KnownList:
    """Well-known servers to pick from."""
    return service.known_servers(search)


@ROUTER.get("/registry/servers")
def list_registry_servers(
    service: Asked, search: Search = "", cursor: Annotated[str, Query(max_length=CURSOR_MAX)] = ""
) -> RegistryPage:
    """A page of the MCP registry that the settings name. Everything in it is the publishers' word."""
    return service.registry_servers(search, cursor)
