"""The registry, asked of a running control plane."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlencode

from yett.admin.listing import PAGE
from yett.admin.registry_views import HITS_MAX, ChangePage, Hits, RecordPage, ToolRecord
from yett.admin.remote import REGISTRY_PREFIX, Remote, step
from yett.catalog.record import ServerRecord


class RemoteRegistry(Remote):
    """The registry's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def records(self, search: str = "", after: str = "", limit: int = PAGE) -> RecordPage:
        return self.get(f"{REGISTRY_PREFIX}/servers", RecordPage, q=search, after=after, limit=limit)

    def record(self, slug: str) -> ServerRecord:
        return self.get(f"{REGISTRY_PREFIX}/servers/{step(slug)}", ServerRecord)

    def tool_record(self, slug: str, tool: str) -> ToolRecord:
        return self.get(f"{REGISTRY_PREFIX}/servers/{step(slug)}/tools/{step(tool)}", ToolRecord)

    def find_tools(
        self, search: str, risk: str | None = None, severity: str | None = None, server: str | None = None, limit: int = HITS_MAX
    ) -> Hits:
        said = {"q": search, "class": risk, "severity": severity, "server": server, "limit": limit}
        return self.get(f"{REGISTRY_PREFIX}/search", Hits, **said)

    def server_changes(
        self,
        server: str | None = None,
        severity: str | None = None,
        kinds: Collection[str] = (),
        after: str | None = None,
        limit: int = PAGE,
    ) -> ChangePage:
        kind = f"&{urlencode([('kind', one) for one in kinds])}" if kinds else ""
        said = {"server": server, "severity": severity, "after": after, "limit": limit}
        query = urlencode({key: value for key, value in said.items() if value not in (None, "")})
        return self.get(f"{REGISTRY_PREFIX}/changes?{query}{kind}", ChangePage)
