"""Use cases about servers."""

from __future__ import annotations

import uuid
from typing import Final

from yett.admin.cases import Cases
from yett.admin.checks import check_credential, check_header, check_name, check_url
from yett.admin.desk import is_live
from yett.admin.errors import Conflict, Invalid
from yett.admin.lookup import find_server
from yett.admin.records import ControlTransaction, Server
from yett.admin.views import NewServer, ServerChanged, ServerView

TRANSPORTS: Final = frozenset({"http", "sse"})


class ServerCases(Cases):
    """The servers part of `yett.admin.views.Control`."""

    __slots__ = ()

    def servers(self) -> list[ServerView]:
        return self.desk.read(lambda read: self.show_servers(read, read.servers()))

    def server(self, reference: str) -> ServerView:
        return self.desk.read(lambda read: self.show_server(read, find_server(read, reference)))

    def add_server(self, new: NewServer) -> ServerChanged:
        server = self._checked(new)

        def work(write: ControlTransaction) -> ServerView:
            if write.server(server.name) is not None:
                raise Conflict(f"there is a server `{server.name}` already; remove it first, or choose another name")
            write.add_server(server)
            self.log(write, "server.added", server.id, server.name, target=server.url or f"command {server.command}")
            return self.show_server(write, server)

        view, answer = self.desk.change(work)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note)

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged:
        def work(write: ControlTransaction) -> ServerView:
            server, now_ns = find_server(write, reference), self.now_ns()
            grants = [grant for grant in write.grants() if grant.server_id == server.id and is_live(grant, now_ns)]
            if grants and not with_grants:
                count = "1 live grant" if len(grants) == 1 else f"{len(grants)} live grants"
                raise Conflict(f"the server `{server.name}` has {count}; revoke what it has, or say `--with-grants`")
            for grant in grants:
                write.revoke_grant(grant.id, now_ns)
                self.log(write, "grant.revoked", grant.id, grant.label, server=server.name)
            view = self.show_server(write, server)
            write.remove_server(server.id, now_ns)
            self.log(write, "server.removed", server.id, server.name)
            return view

        view, answer = self.desk.change(work)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note)

    def _checked(self, new: NewServer) -> Server:
        """The row that `new` asks for."""
        name = check_name("server", new.name)
        if (new.url is None) == (new.command is None):
            raise Invalid("a server has either a url or a command")
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
                "or in the settings under `servers.commands`"
            )
        if new.transport != "http":
            raise Invalid("a command speaks stdio; a transport goes with a url only")
        if new.credential is not None:
            raise Invalid("a command gets its secrets from its environment; a credential goes with a url only")
