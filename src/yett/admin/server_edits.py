"""Editing a server: nothing is overwritten that somebody else changed meanwhile, and no credential goes to a new origin."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from yett.admin.checks import check_credential, check_header, check_name, check_notes, check_url
from yett.admin.errors import Conflict, Invalid, Stale
from yett.admin.moves import has_moved, note_move, origin_of, try_to_ask_anew
from yett.admin.permissions import Permission
from yett.admin.server_looks import LookCases, target_of
from yett.admin.server_views import ServerChanges
from yett.admin.showing import server_revision
from yett.admin.views import ServerChanged, ServerView
from yett.stores.control.records import Server
from yett.stores.control.transaction import Transaction

TRANSPORTS: Final = frozenset({"http", "sse"})
MOVED: Final = "what was accepted of its tools was of another server: they wait until somebody accepts them (`yett server pins`)"


class EditCases(LookCases):
    """The part of `yett.admin.control.Control` for changing servers."""

    __slots__ = ()

    def edit_server(self, reference: str, changes: ServerChanges, revision: str | None = None) -> ServerChanged:
        """Change a server, if it still has `revision`; whatever it has, for None.

        Errors: `Stale` where it was changed meanwhile; `Conflict` where its new name is taken.
        """
        self.require(Permission.MANAGE_SERVERS)
        if (changes.credential, changes.credential_header, changes.credential_scheme) != (None, None, None):
            self.require(Permission.MANAGE_CREDENTIALS)
        if changes.url is not None:
            self.check_reachable(changes.url)

        def work(write: Transaction) -> tuple[Server, Server, ServerView, list[str]]:
            before = self.find_server(write, reference)
            if revision is not None and server_revision(before) != revision:
                raise Stale(f"the server `{before.name}` was changed meanwhile; look at it again, and edit what it is now")
            after = self._edited(before, changes)
            if after == before:
                return before, after, self.show_server(write, before), []
            remarks = self.replace_server_within(write, before, after, given=changes.credential is not None)
            after = self.find_server(write, before.id)
            return before, after, self.show_server(write, after), remarks

        (before, after, view, remarks), answer = self.change(work)
        if self.desk.credentials is not None and origin_of(before.url) != origin_of(after.url):
            self.desk.credentials.changed(self.principal.organisation, after.id)
        if before.moved_at_ns != after.moved_at_ns:
            try_to_ask_anew(self.desk, self.principal.organisation, self.principal.name)
        if target_of(before) != target_of(after) or before.credential != after.credential:
            view, remarks = self.looked_view(after.id, view, remarks)
        return ServerChanged(server=view, applied=answer.applied, note=answer.note, remarks=remarks)

    def replace_server_within(self, write: Transaction, before: Server, after: Server, *, given: bool) -> list[str]:
        """Have the server be `after`, as part of a larger change: with what must not survive it. Sentences to remark.

        `given`: whether the credential of `after` was given together with its url, so that it is meant for it.
        """
        if after.name != before.name and write.servers.find(after.name) is not None:
            raise Conflict(f"there is a server `{after.name}` already; choose another name", pointer="/name")
        shown, remarks = self.show_server(write, before), []
        if after.url is not None and origin_of(after.url) != origin_of(before.url):
            after, dropped = without_credential(write, before, after, given=given)
            remarks += ["its credential was dropped, since its url leads to another origin; give it again"] if dropped else []
        if has_moved(before, after):
            after = note_move(write, before, after, by=self.principal.name, at_ns=self.now_ns())
            remarks += [MOVED] if write.pins.state(after.id).since_ns is not None else []
        write.servers.replace(after)
        if target_of(after) != target_of(before):
            write.servers.forget_look(after.id)
        if after.name != before.name:
            remarks.append(f"clients reach it at {self.desk.environment.endpoint(after.name)} from now on")
        self.log(write, "server.edited", (after.id, after.name), before=shown, after=self.show_server(write, after))
        return remarks

    def looked_view(self, server_id: str, view: ServerView, remarks: list[str]) -> tuple[ServerView, list[str]]:
        """Ask a new or changed server, outside of the transaction; its view after that, and what is to be remarked."""
        problem = self.look_now(server_id)
        present = self.read(lambda read: read.servers.find(server_id))
        if present is not None:  # nobody removed it meanwhile
            view = self.read(lambda read: self.show_server(read, present))
        return view, [*remarks, *([f"the server did not tell its tools: {problem}"] if problem else [])]

    def check_reachable(self, url: str) -> None:
        """Errors: `Invalid` for a url that is none, or that may not be asked. Looks up its host: not within a transaction."""
        refused = self.desk.environment.lookout.refusal(check_url(url))
        if refused is not None:
            raise Invalid(refused, pointer="/url")

    def check_reference(self, reference: str) -> str:
        """`reference`, if it has the right form and this principal may use it. Errors: `Invalid`."""
        check_credential(reference)
        operator = self.principal.kind in {"operator", "settings"}
        refused = self.desk.environment.references.refusal(reference, operator=operator)
        if refused is not None:
            raise Invalid(refused, pointer="/credential")
        return reference

    def check_listed(self, command: str, name: str) -> None:
        """INVARIANT: no program is started whose argv came over the API; it takes the name of one that the host lists."""
        if command not in self.desk.environment.commands():
            raise Invalid(
                f"the host lists no command `{command}`; add it there with `yett server add {name} -- PROGRAM ARG…`, "
                "or in the settings under `servers.commands`",
                pointer="/command",
            )

    def _edited(self, server: Server, changes: ServerChanges) -> Server:
        """`server` as `changes` would have it. Errors: `Invalid`."""
        target = self._retargeted(server, changes)
        header, scheme = server.credential_header, server.credential_scheme
        if changes.credential_header is not None or changes.credential_scheme is not None:
            header, scheme = check_header(
                header if changes.credential_header is None else changes.credential_header,
                scheme if changes.credential_scheme is None else changes.credential_scheme,
            )
        credential = server.credential
        if changes.credential is not None:
            credential = self.check_reference(changes.credential) if changes.credential else None
        if credential is not None and target.url is None:
            raise Invalid(
                "a command gets its secrets from its environment; a credential goes with a url only", pointer="/credential"
            )
        return replace(
            target,
            name=server.name if changes.name is None else check_name("server", changes.name),
            notes=server.notes if changes.notes is None else check_notes(changes.notes),
            credential=credential,
            credential_header=header,
            credential_scheme=scheme,
        )

    def _retargeted(self, server: Server, changes: ServerChanges) -> Server:
        """The server at its new url or with its new command: a server at a url stays one."""
        if server.url is None and (changes.url is not None or changes.transport is not None):
            given = "/url" if changes.url is not None else "/transport"
            raise Invalid("this server is a command, which has no url and no transport; add another server", pointer=given)
        if changes.command is not None:
            if server.command is None:
                raise Invalid("this server is at a url; add another one for a command", pointer="/command")
            self.check_listed(changes.command, server.name)
        if changes.transport is not None and changes.transport not in TRANSPORTS:
            raise Invalid(f"`{changes.transport}` is no transport: write `http` or `sse`", pointer="/transport")
        return replace(
            server,
            url=server.url if changes.url is None else changes.url,
            transport=server.transport if changes.transport is None else changes.transport,
            command=server.command if changes.command is None else changes.command,
            program=server.program if changes.command is None else self.desk.environment.mark(changes.command),
        )


def without_credential(write: Transaction, before: Server, after: Server, *, given: bool) -> tuple[Server, bool]:
    """`after` with nothing that was meant for the origin of `before`, sealed values included; and whether there was something."""
    dropped = write.credentials.find(before.id) is not None
    if dropped:
        write.credentials.remove(before.id)
    write.secrets.drop(before.id)
    write.connect_flows.drop(before.id)
    if after.credential is not None and not given:
        return replace(after, credential=None), True
    return after, dropped
