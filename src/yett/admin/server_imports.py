"""Finding servers: well-known ones, and those of the MCP registry that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from yett.admin.errors import Conflict, Invalid, NotFound
from yett.admin.listing import SEARCH_MAX
from yett.admin.outside import RegistryClient
from yett.admin.permissions import Permission
from yett.admin.picker import known_servers
from yett.admin.registry import CURSOR_MAX, NAME, VERSION, read_entry, read_page, slug_of, wanted_headers
from yett.admin.server_views import Import, KnownList, RegistryPage, RegistryServer
from yett.admin.servers import ServerCases
from yett.admin.views import NewServer, ServerChanged
from yett.errors import UpstreamFault

PAGE: Final = 50


class ImportCases(ServerCases):
    """The part of `yett.admin.control.Control` for finding servers."""

    __slots__ = ()

    def known_servers(self, search: str = "") -> KnownList:
        """Well-known servers whose name, title or notes hold `search`."""
        self.require(Permission.VIEW)
        return known_servers(search)

    def registry_servers(self, search: str = "", cursor: str = "") -> RegistryPage:
        """A page of what the registry has, latest versions only."""
        self.principal.require_everywhere(Permission.MANAGE_SERVERS)
        if len(search) > SEARCH_MAX:
            raise Invalid(f"`search` is longer than {SEARCH_MAX} characters", pointer="/search")
        if len(cursor) > CURSOR_MAX:
            raise Invalid("`cursor` is not the `next` of a page; leave it out to begin anew", pointer="/cursor")
        query = {"limit": str(PAGE), "version": "latest", "search": search, "cursor": cursor}
        status, answer = self._registry().get("/servers", {key: value for key, value in query.items() if value})
        if status != 200:
            raise UpstreamFault(f"the registry answered with HTTP status {status}")
        return read_page(answer)

    def import_server(self, wanted: Import) -> ServerChanged:
        """Add the server that an entry of the registry describes.

        Errors: `NotFound` where there is no such entry; `Conflict` where it is a program: those are added on the host only.
        """
        self.principal.require_everywhere(Permission.MANAGE_SERVERS)
        entry, answer = self._entry(wanted)
        if entry.status == "deleted":
            raise Conflict(f"`{entry.name}` was deleted from the registry; it is not imported", pointer="/name")
        if entry.url is None:
            raise _not_imported(entry)
        notes = f"From the registry: {entry.name}, version {entry.version}.\n{entry.description}".strip()
        slug = slug_of(entry.name) if wanted.slug is None else wanted.slug
        changed = self.add_server(NewServer(name=slug, url=entry.url, transport=entry.transport or "http", notes=notes))
        fields = wanted_headers(answer)
        if fields:
            changed.remarks.append(f"it wants the header field {', '.join(f'`{name}`' for name in fields)}; give it a credential")
        if entry.status == "deprecated":
            changed.remarks.append("the registry calls it deprecated")
        return changed

    def _entry(self, wanted: Import) -> tuple[RegistryServer, Mapping[str, Any]]:
        if NAME.fullmatch(wanted.name) is None:
            raise Invalid("this is no name of a registry's entry: write it as `io.github.somebody/weather`", pointer="/name")
        if VERSION.fullmatch(wanted.version) is None:
            raise Invalid("this is no version: write it as the registry has it, or `latest`", pointer="/version")
        path = f"/servers/{quote(wanted.name, safe='')}/versions/{quote(wanted.version, safe='')}"
        status, answer = self._registry().get(path, {})
        if status == 404:
            raise NotFound(f"the registry has no `{wanted.name}` of version `{wanted.version}`", pointer="/name")
        if status != 200:
            raise UpstreamFault(f"the registry answered with HTTP status {status}")
        entry = read_entry(answer)
        if entry is None or entry.name != wanted.name or wanted.version not in {"latest", entry.version}:
            raise UpstreamFault("the registry answered with another entry than it was asked for")
        return entry, answer

    def _registry(self) -> RegistryClient:
        registry = self.desk.environment.registry
        if registry is None:
            raise Conflict("the settings name no MCP registry; whoever runs the gateway sets `registry.url`")
        return registry


def _not_imported(entry: RegistryServer) -> Conflict:
    if entry.command is None:
        return Conflict(f"`{entry.name}` cannot be imported: {entry.problem}", pointer="/name")
    message = f"`{entry.name}` is a program, and programs are added on the gateway's host only; run there: {entry.command}"
    return Conflict(message, [{"pointer": "/name", "message": "a program, not an address", "hint": entry.command}])
