"""What all use cases share: the desk, the one who acts, and how rows are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yett.admin.desk import Desk
from yett.admin.lookup import grant_view, policy_view, server_view
from yett.admin.records import Change, ControlTransaction, Grant, Policy, Revision, Server
from yett.admin.views import GrantView, PolicyView, ServerView


@dataclass(frozen=True, slots=True)
class Cases:
    """Use cases as done by `actor`, who stands in the admin log."""

    desk: Desk
    actor: str

    def now_ns(self) -> int:
        """The moment that a change is recorded with."""
        return self.desk.environment.clock.now_ns()

    def log(self, write: ControlTransaction, action: str, subject: str, name: str, **detail: str) -> None:
        """Write a line of the admin log, within the change it tells of. Empty details are left out."""
        told = {key: value for key, value in detail.items() if value}
        write.log(Change(at_ns=self.now_ns(), actor=self.actor, action=action, subject=subject, name=name, detail=told))

    def show_servers(self, read: ControlTransaction, servers: Sequence[Server]) -> list[ServerView]:
        """The views of these servers."""
        grants, now_ns = read.grants(), self.now_ns()
        return [server_view(server, grants, now_ns, self.desk.environment.endpoint) for server in servers]

    def show_server(self, read: ControlTransaction, server: Server) -> ServerView:
        """The view of one server."""
        return self.show_servers(read, [server])[0]

    def show_grants(self, read: ControlTransaction, grants: Sequence[Grant]) -> list[GrantView]:
        """The views of these grants."""
        servers = {server.id: server.name for server in read.servers()}
        policies = {policy.id: policy.name for policy in read.policies()}
        now_ns, endpoint = self.now_ns(), self.desk.environment.endpoint
        return [grant_view(grant, servers, policies, now_ns, endpoint) for grant in grants]

    def show_grant(self, read: ControlTransaction, grant: Grant) -> GrantView:
        """The view of one grant."""
        return self.show_grants(read, [grant])[0]

    def show_policies(self, read: ControlTransaction, policies: Sequence[Policy]) -> list[PolicyView]:
        """The views of these policies."""
        grants, now_ns = read.grants(), self.now_ns()
        return [policy_view(policy, _last(read, policy), grants, now_ns) for policy in policies]

    def show_policy(self, read: ControlTransaction, policy: Policy) -> PolicyView:
        """The view of one policy."""
        return self.show_policies(read, [policy])[0]


def _last(read: ControlTransaction, policy: Policy) -> Revision:
    revision = read.last_revision(policy.id)
    assert revision is not None, "a policy is made together with its first revision"
    return revision
