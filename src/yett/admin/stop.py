"""Use cases of the kill switch: a grant, a server, an organisation, or everything, and letting it go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from yett.admin.approvals_orphans import withdraw_orphans
from yett.admin.cases import Cases
from yett.admin.checks import check_text
from yett.admin.errors import Conflict, Forbidden
from yett.admin.permissions import Permission
from yett.admin.showing import moment
from yett.admin.stop_views import Scope, StopChanged, StopView, StopWanted
from yett.stores.control.grants import live, stopped
from yett.stores.control.transaction import Transaction, Whole

REASON: Final = "reason"


class StopCases(Cases):
    """The kill switch's part of `yett.admin.control.Control`. What is stopped keeps its tokens, policies and counters."""

    __slots__ = ()

    def stops(self) -> list[StopView]:
        """What is stopped, the widest first."""
        self.require(Permission.VIEW)

        def look(whole: Whole) -> list[StopView]:
            return [*self._wide(whole), *self._narrow(whole.of(self.principal.organisation))]

        return self.desk.look(look)

    def stop(self, wanted: StopWanted) -> StopChanged:
        """Refuse every call from now on, and end open streams. Errors: `Conflict` where it is stopped already."""
        return self._switch(wanted, self.now_ns())

    def resume(self, wanted: StopWanted) -> StopChanged:
        """Let it go on. Errors: `Conflict` where it is not stopped."""
        return self._switch(wanted, None)

    def _switch(self, wanted: StopWanted, at_ns: int | None) -> StopChanged:
        check_text("the reason", wanted.reason, f"/{REASON}")
        match wanted.scope:
            case "grant":
                self.require(Permission.STOP)
                view, answer = self.change(lambda write: self._switch_grant(write, wanted, at_ns))
            case "server":
                self.require(Permission.STOP)
                view, answer = self.change(lambda write: self._switch_server(write, wanted, at_ns))
            case "organisation":
                self.principal.require_everywhere(Permission.STOP)
                view, answer = self.desk.change_whole(lambda whole: self._switch_organisation(whole, wanted, at_ns))
                self._withdraw_in([self.principal.organisation])
            case "everything":
                if self.principal.kind != "operator":
                    raise Forbidden("everything is stopped by whoever runs this installation; stop your organisation instead")
                view, answer = self.desk.change_whole(lambda whole: self._switch_everything(whole, wanted, at_ns))
                self._withdraw_in(self.desk.look(lambda whole: [one.id for one in whole.organisations()]))
        answer = self.heard(answer)
        return StopChanged(stop=view, stopped=at_ns is not None, applied=answer.applied, note=answer.note)

    def _withdraw_in(self, organisations: Iterable[str]) -> None:
        for organisation in organisations:
            withdraw_orphans(self.desk, organisation, self.principal.name)

    def _switch_grant(self, write: Transaction, wanted: StopWanted, at_ns: int | None) -> StopView:
        found = self.find_live_grant(write, wanted.name)
        _check("grant", wanted.name, found.grant.stopped_at_ns, at_ns)
        before = self.show_grant(found)
        write.grants.replace(replace(found.grant, stopped_at_ns=at_ns))
        after = self.show_stored_grant(write, found.grant)
        self.log(
            write, _action("grant", at_ns), (found.grant.id, found.grant.label), before=before, after=after, reason=wanted.reason
        )
        return StopView(scope="grant", id=found.grant.id, name=found.grant.label, since=moment(at_ns))

    def _switch_server(self, write: Transaction, wanted: StopWanted, at_ns: int | None) -> StopView:
        server = self.find_server(write, wanted.name)
        _check("server", server.name, server.stopped_at_ns, at_ns)
        before, now = self.show_server(write, server), replace(server, stopped_at_ns=at_ns)
        write.servers.replace(now)
        after = self.show_server(write, now)
        self.log(write, _action("server", at_ns), (server.id, server.name), before=before, after=after, reason=wanted.reason)
        return StopView(scope="server", id=server.id, name=server.name, since=moment(at_ns))

    def _switch_organisation(self, whole: Whole, wanted: StopWanted, at_ns: int | None) -> StopView:
        own = whole.organisation(self.principal.organisation)
        _check("organisation", own.name, own.stopped_at_ns, at_ns)
        whole.stop_organisation(own.id, at_ns)
        self.log(whole.of(own.id), _action("organisation", at_ns), (own.id, own.name), reason=wanted.reason)
        return StopView(scope="organisation", id=own.id, name=own.name, since=moment(at_ns))

    def _switch_everything(self, whole: Whole, wanted: StopWanted, at_ns: int | None) -> StopView:
        _check("whole", "installation", whole.stopped_at_ns(), at_ns)
        whole.stop(at_ns)
        for organisation in whole.organisations():
            self.log(whole.of(organisation.id), _action("everything", at_ns), (whole.origin(), ""), reason=wanted.reason)
        return StopView(scope="everything", id=whole.origin(), name="", since=moment(at_ns))

    def _wide(self, whole: Whole) -> list[StopView]:
        views, everything = [], whole.stopped_at_ns()
        if everything is not None:
            views.append(StopView(scope="everything", id=whole.origin(), name="", since=moment(everything)))
        own = whole.organisation(self.principal.organisation)
        if own.stopped_at_ns is not None:
            views.append(StopView(scope="organisation", id=own.id, name=own.name, since=moment(own.stopped_at_ns)))
        return views

    def _narrow(self, read: Transaction) -> list[StopView]:
        reach = self.principal.servers
        servers = [server for server in read.servers.listed(only=reach) if server.stopped_at_ns is not None]
        grants = [found.grant for found in read.grants.listed(live(self.now_ns()), stopped, only=reach)]
        return [
            *(StopView(scope="server", id=one.id, name=one.name, since=moment(one.stopped_at_ns)) for one in servers),
            *(StopView(scope="grant", id=one.id, name=one.label, since=moment(one.stopped_at_ns)) for one in grants),
        ]


def _check(kind: str, name: str, before_ns: int | None, now_ns: int | None) -> None:
    if (before_ns is None) == (now_ns is None):
        raise Conflict(f"the {kind} `{name}` is {'not stopped' if now_ns is None else 'stopped already'}")


def _action(kind: Scope, at_ns: int | None) -> str:
    return f"{kind}.{'resumed' if at_ns is None else 'stopped'}"
