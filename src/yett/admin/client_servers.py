"""The use cases about servers beyond adding and showing them, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from yett.admin.remote import Remote, step
from yett.admin.server_views import (
    CommandList,
    Import,
    KnownList,
    RegistryPage,
    ServerChanges,
    StepList,
    ToolList,
)
from yett.admin.views import ServerChanged

LOOK_S: Final = 60.0
"""Longer than the control plane takes to ask a server or a registry, and to publish."""


class RemoteServers(Remote):
    """The part of `yett.admin.control.Control` for editing servers, looking at them and finding them."""

    __slots__ = ()

    def edit_server(self, reference: str, changes: ServerChanges, revision: str | None = None) -> ServerChanged:
        fields = {} if revision is None else {"if-match": f'"{revision}"'}
        said = {key: value for key, value in asdict(changes).items() if value is not None}
        return self.send("PATCH", f"/servers/{step(reference)}", ServerChanged, said, fields=fields, timeout_s=LOOK_S)

    def look_server(self, reference: str) -> ToolList:
        return self.send("POST", f"/servers/{step(reference)}/look", ToolList, timeout_s=LOOK_S)

    def server_tools(self, reference: str) -> ToolList:
        return self.get(f"/servers/{step(reference)}/tools", ToolList)

    def server_steps(self, reference: str) -> StepList:
        return self.get(f"/servers/{step(reference)}/steps", StepList)

    def commands(self) -> CommandList:
        return self.get("/commands", CommandList)

    def known_servers(self, search: str = "") -> KnownList:
        return self.get("/known-servers", KnownList, search=search)

    def registry_servers(self, search: str = "", cursor: str = "") -> RegistryPage:
        return self.get("/registry/servers", RegistryPage, search=search, cursor=cursor)

    def import_server(self, wanted: Import) -> ServerChanged:
        return self.send("POST", "/servers/import", ServerChanged, asdict(wanted), timeout_s=LOOK_S)
