"""What all use cases share: the desk, the one who asks and what they may, how things are found and shown, and the admin log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, TypeVar

from yett.admin.approvals_orphans import withdraw_orphans
from yett.admin.desk import Applied, Desk
from yett.admin.errors import Conflict, NotFound
from yett.admin.permissions import Permission, Principal
from yett.admin.showing import grant_view, policy_view, server_view
from yett.admin.views import GrantView, PolicyView, ServerView
from yett.stores.control.records import Change, Grant, NamedGrant, Policy, Server
from yett.stores.control.transaction import Transaction

T = TypeVar("T")
ELSEWHERE: Final = "the gateway has problems; whoever runs this installation sees them with `yett status`"


@dataclass(frozen=True, slots=True)
class Cases:
    """Use cases as done by `principal`, who stands in the admin log. Each public one begins by asking for its permission."""

    desk: Desk
    principal: Principal

    def now_ns(self) -> int:
        """The moment that a change is recorded with."""
        return self.desk.environment.clock.now_ns()

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` finds in the principal's organisation."""
        return self.desk.read(self.principal.organisation, work)

    def change(self, work: Callable[[Transaction], T]) -> tuple[T, Applied]:
        """Do `work` there, and publish what comes of it. Requests whose call cannot run any more are withdrawn."""
        result, answer = self.desk.change(self.principal.organisation, work)
        withdraw_orphans(self.desk, self.principal.organisation, self.principal.name)
        return result, self.heard(answer)

    def heard(self, answer: Applied) -> Applied:
        """`answer` as the principal may hear it."""
        return replace(answer, note=ELSEWHERE) if answer.of_all and self.is_one_of_several() else answer

    def is_one_of_several(self) -> bool:
        """Whether the principal belongs to one organisation of several, and is not told what is wrong in the others."""
        ours = self.principal.kind in {"member", "token"}
        return ours and len(self.desk.look(lambda whole: whole.organisations())) > 1

    def log(
        self,
        write: Transaction,
        action: str,
        subject: tuple[str, str],
        *,
        before: object = None,
        after: object = None,
        **detail: str,
    ) -> None:
        """Write a line of the admin log, within the change it tells of.

        `subject` is id and name; `before` and `after` are views, which hold no secrets. Empty details are left out.
        """
        change = Change(
            at_ns=self.now_ns(),
            actor=self.principal.name,
            action=action,
            subject=subject[0],
            name=subject[1],
            detail={key: value for key, value in detail.items() if value},
            before=_shown(before),
            after=_shown(after),
            address=self.principal.address,
        )
        write.log.add(change)

    def find_server(self, read: Transaction, reference: str) -> Server:
        """The server of this name or id. Errors: `NotFound`, also for one out of the principal's reach."""
        unknown = f"there is no server `{reference}`; `yett server list` shows all"
        server = read.servers.find(reference)
        if server is None:
            raise NotFound(unknown)
        self.principal.require_reach(server.id, unknown)
        return server

    def find_policy(self, read: Transaction, reference: str) -> Policy:
        """The policy of this name or id. Errors: `NotFound`, also for one bound to a server out of reach."""
        unknown = f"there is no policy `{reference}`; publish one with `yett policy set {reference} FILE`"
        policy = read.policies.find(reference)
        if policy is None:
            raise NotFound(unknown)
        if policy.server_id is not None:
            self.principal.require_reach(policy.server_id, unknown)
        return policy

    def find_grant(self, read: Transaction, reference: str) -> NamedGrant:
        """The grant with this id, or the one with this label. Errors: `NotFound`; `Conflict` where several have the label."""
        by_id = read.grants.find(reference)
        labelled = read.grants.labelled(reference) if by_id is None and reference else []
        within = [found for found in ([by_id] if by_id else labelled) if self.principal.reaches(found.grant.server_id)]
        found = [one for one in within if one.grant.revoked_at_ns is None] or within
        if not found:
            raise NotFound(f"there is no grant `{reference}`; `yett grant list` shows all")
        if len(found) > 1:
            ids = ", ".join(one.grant.id for one in found)
            raise Conflict(f"{len(found)} grants are labelled `{reference}`; name one by its id: {ids}")
        return found[0]

    def find_live_grant(self, read: Transaction, reference: str) -> NamedGrant:
        """As `find_grant`, but a revoked one is refused: nothing of it changes any more."""
        found = self.find_grant(read, reference)
        if found.grant.revoked_at_ns is not None:
            raise Conflict(f"the grant `{reference}` is revoked; mint another one")
        return found

    def show_servers(self, read: Transaction, servers: Sequence[Server]) -> list[ServerView]:
        """The views of these servers."""
        ids = [server.id for server in servers]
        live, looks = read.grants.live_by_server(self.now_ns(), ids), read.servers.looks(ids)
        endpoint = self.desk.environment.endpoint
        return [server_view(server, looks.get(server.id), live.get(server.id, 0), endpoint) for server in servers]

    def show_server(self, read: Transaction, server: Server) -> ServerView:
        """The view of one server."""
        return self.show_servers(read, [server])[0]

    def show_grant(self, found: NamedGrant) -> GrantView:
        """The view of one grant."""
        return grant_view(found, self.now_ns(), self.desk.environment.endpoint)

    def show_stored_grant(self, read: Transaction, grant: Grant) -> GrantView:
        """The view of a grant as it stands in the store now."""
        found = read.grants.find(grant.id)
        assert found is not None, "a grant that was just written"
        return self.show_grant(found)

    def show_policies(self, read: Transaction, policies: Sequence[Policy]) -> list[PolicyView]:
        """The views of these policies."""
        ids = [policy.id for policy in policies]
        summaries, live = read.policies.summaries(ids), read.grants.live_by_policy(self.now_ns(), ids)
        return [policy_view(policy, summaries[policy.id], live.get(policy.id, 0)) for policy in policies]

    def show_policy(self, read: Transaction, policy: Policy) -> PolicyView:
        """The view of one policy."""
        return self.show_policies(read, [policy])[0]

    def require(self, permission: Permission) -> None:
        """Errors: `Forbidden`."""
        self.principal.require(permission)


def _shown(view: object) -> dict[str, Any] | None:
    """A view as JSON."""
    if view is None or isinstance(view, dict):
        return view
    return asdict(view)  # type: ignore[call-overload, no-any-return]  # every view is a dataclass
