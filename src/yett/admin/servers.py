"""Use cases about servers."""

from __future__ import annotations

import uuid
from typing import Final

from yett.admin.checks import check_credential, check_header, check_name, check_notes, check_url
from yett.admin.errors import Conflict, Invalid
from yett.admin.grants import GrantCases
from yett.admin.listing import Listing
from yett.admin.permissions import Permission
from yett.admin.views import NewServer, ServerChanged, ServerPage, ServerView
from yett.stores.control.records import Server
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction

TRANSPORTS: Final = frozenset({"http", "sse"})


class ServerCases(GrantCases):
    """The servers part of `yett.admin.control.Control`."""

    __slots__ = ()

    def servers(self, search: str = "") -> list[ServerView]:
        """All that are within reach."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[ServerView]:
            return self.show_servers(read, read.servers.listed(search=search, only=self.principal.servers))

        return self.read(look)

    def server_page(self, listing: Listing) -> ServerPage:
        """Some of them, by name."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> ServerPage:
            found = read.servers.listed(
                search=listing.search, after=listing.after, limit=listing.limit + 1, only=self.principal.servers
            )
            shown = found[: listing.limit]
            return ServerPage(items=self.show_servers(read, shown), next=shown[-1].name if len(found) > len(shown) else None)

        return self.read(look)

    def server(self, reference: str) -> ServerView:
        """One, by name or id."""
        self.require(Permission.VIEW)
        return self.read(lambda read: self.show_server(read, self.find_server(read, reference)))

    def add_server(self, new: NewServer) -> ServerChanged:
        """Add one. Errors: `Conflict` where its name is taken."""
        self.principal.require_everywhere(Permission.MANAGE_SERVERS)
        server = self._checked_server(new)

        def work(write: Transaction) -> ServerView:
            if write.servers.find(server.name) is not None:
                raise Conflict(f"there is a server `{server.name}` already; remove it first, or choose another name")
            write.servers.add(server)
            view = self.show_server(write, server)
            target = server.url or f"command {server.command}"
            self.log(write, "server.added", (server.id, server.name), after=view, target=target)
            return view

        view, answer = self.change(work)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note)

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged:
        """Remove one, and revoke its live grants if that is said. Errors: `Conflict` where it has some."""
        self.require(Permission.MANAGE_SERVERS)

        def work(write: Transaction) -> ServerView:
            server, now_ns = self.find_server(write, reference), self.now_ns()
            own = write.grants.listed(grants.c.server_id == server.id)
            live = [found for found in own if found.grant.is_live(now_ns)]
            if live and not with_grants:
                count = "1 live grant" if len(live) == 1 else f"{len(live)} live grants"
                raise Conflict(f"the server `{server.name}` has {count}; revoke what it has, or say `--with-grants`")
            view = self.show_server(write, server)
            for found in live:
                self.revoke_within(write, found, server=server.name)
            write.servers.remove(server.id, now_ns)
            self.log(write, "server.removed", (server.id, server.name), before=view)
            return view

        view, answer = self.change(work)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note)

    def _checked_server(self, new: NewServer) -> Server:
        """The row that `new` asks for."""
        name = check_name("server", new.name)
        if (new.url is None) == (new.command is None):
            raise Invalid("a server has either a url or a command", pointer="/url")
        if new.url is not None:
            check_url(new.url)
        if new.command is not None:
            self._check_command(new)
        if new.transport not in TRANSPORTS:
            raise Invalid(f"`{new.transport}` is no transport: write `http` (Streamable HTTP) or `sse` (revision 2024-11-05)")
        header, scheme = check_header(new.credential_header, new.credential_scheme)
        return Server(
            id=str(uuid.uuid4()),
            name=name,
            notes=check_notes(new.notes),
            url=new.url,
            transport=new.transport,
            command=new.command,
            credential=check_credential(new.credential) if new.credential is not None else None,
            credential_header=header,
            credential_scheme=scheme,
            created_at_ns=self.now_ns(),
        )

    def _check_command(self, new: NewServer) -> None:
        """INVARIANT: no program is started whose argv came over the API; it takes the name of one that the host lists."""
        if new.command not in self.desk.environment.commands():
            raise Invalid(
                f"the host lists no command `{new.command}`; add it there with `yett server add {new.name} -- PROGRAM ARG…`, "
                "or in the settings under `servers.commands`",
                pointer="/command",
            )
        if new.transport != "http":
            raise Invalid("a command speaks stdio; a transport goes with a url only", pointer="/transport")
        if new.credential is not None:
            raise Invalid(
                "a command gets its secrets from its environment; a credential goes with a url only", pointer="/credential"
            )
