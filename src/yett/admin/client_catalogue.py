"""The catalogue, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.catalogue_views import NewToolClass, ServerVerdict, ToolClassChanged
from yett.admin.remote import Remote, step


class RemoteCatalogue(Remote):
    """The catalogue's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def catalogue(self, reference: str) -> ServerVerdict:
        return self.get(f"/servers/{step(reference)}/catalogue", ServerVerdict)

    def set_tool_class(self, reference: str, tool: str, new: NewToolClass) -> ToolClassChanged:
        return self.send("PUT", f"/servers/{step(reference)}/classes/{step(tool)}", ToolClassChanged, asdict(new))

    def clear_tool_class(self, reference: str, tool: str) -> ToolClassChanged:
        return self.send("DELETE", f"/servers/{step(reference)}/classes/{step(tool)}", ToolClassChanged)
