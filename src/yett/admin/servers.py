"""Use cases about servers."""

from __future__ import annotations

import uuid

from yett.admin.checks import check_header, check_name, check_notes, check_url
from yett.admin.errors import Conflict, Invalid
from yett.admin.grants import GrantCases
from yett.admin.listing import Listing
from yett.admin.permissions import Permission
from yett.admin.server_edits import TRANSPORTS, EditCases
from yett.admin.server_views import CommandList
from yett.admin.views import NewServer, ServerChanged, ServerPage, ServerView
from yett.stores.control.records import Server
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction


class ServerCases(EditCases, GrantCases):
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
        """Add one, and ask it for its tools unless `look` is false; one that cannot be asked is added all the same.

        Errors: `Conflict` where its name is taken, `Invalid` for a url that may not be asked.
        """
        self.principal.require_everywhere(Permission.MANAGE_SERVERS)
        if new.credential is not None:
            self.require(Permission.MANAGE_CREDENTIALS)
        server = self._checked_server(new)
        if server.url is not None:
            self.check_reachable(server.url)

        def work(write: Transaction) -> ServerView:
            if write.servers.find(server.name) is not None:
                raise Conflict(f"there is a server `{server.name}` already; remove it first, or choose another name")
            write.servers.add(server)
            view = self.show_server(write, server)
            target = server.url or f"command {server.command}"
            self.log(write, "server.added", (server.id, server.name), after=view, target=target)
            return view

        view, answer = self.change(work)
        remarks: list[str] = []
        if new.look:
            view, remarks = self.looked_view(server.id, view, remarks)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note, remarks=remarks)

    def commands(self) -> CommandList:
        """What a server may be, beside a url: names of programs, and nothing else of them."""
        self.require(Permission.MANAGE_SERVERS)
        return CommandList(items=sorted(self.desk.environment.commands()))

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged:
        """Remove one, and revoke its live grants if that is said. Errors: `Conflict` where it has some."""
        self.require(Permission.MANAGE_SERVERS)
        if with_grants:
            self.require(Permission.MANAGE_GRANTS)

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
            self.remove_server_within(write, server, view)
            return view

        view, answer = self.change(work)
        if self.desk.credentials is not None:
            self.desk.credentials.changed(self.principal.organisation, view.id)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note)

    def remove_server_within(self, write: Transaction, server: Server, before: object) -> None:
        """Take it away with everything that is kept of it, as part of a larger change."""
        write.pins.drop(server.id)
        write.servers.remove(server.id, self.now_ns())
        write.credentials.remove(server.id)
        write.secrets.drop(server.id)
        write.connect_flows.drop(server.id)
        self.log(write, "server.removed", (server.id, server.name), before=before)

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
            raise Invalid(
                f"`{new.transport}` is no transport: write `http` (Streamable HTTP) or `sse` (revision 2024-11-05)",
                pointer="/transport",
            )
        header, scheme = check_header(new.credential_header, new.credential_scheme)
        return Server(
            id=str(uuid.uuid4()),
            name=name,
            notes=check_notes(new.notes),
            url=new.url,
            transport=new.transport,
            command=new.command,
            program=None if new.command is None else self.desk.environment.mark(new.command),
            credential=self.check_reference(new.credential) if new.credential is not None else None,
            credential_header=header,
            credential_scheme=scheme,
            created_at_ns=self.now_ns(),
        )

    def _check_command(self, new: NewServer) -> None:
        """Errors: `Invalid`."""
        assert new.command is not None, "the caller looked"
        self.check_listed(new.command, new.name)
        if new.transport != "http":
            raise Invalid("a command speaks stdio; a transport goes with a url only", pointer="/transport")
        if new.credential is not None:
            raise Invalid(
                "a command gets its secrets from its environment; a credential goes with a url only", pointer="/credential"
            )
