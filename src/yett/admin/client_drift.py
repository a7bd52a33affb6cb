"""How tools changed, asked of a running control plane."""

from __future__ import annotations

from yett.admin.drift_views import ToolChangePage
from yett.admin.listing import PAGE
from yett.admin.remote import Remote


class RemoteDrift(Remote):
    """The part of `yett.admin.control.Control` for changes of tools."""

    __slots__ = ()

    def tool_changes(
        self, server: str | None = None, severity: str | None = None, after: str | None = None, limit: int = PAGE
    ) -> ToolChangePage:
        return self.get("/tool-changes", ToolChangePage, server=server, severity=severity, after=after, limit=limit)
