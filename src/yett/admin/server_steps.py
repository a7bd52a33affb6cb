"""How far a server is set up, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from yett.admin.cases import Cases
from yett.admin.outside import WANTS_CREDENTIAL
from yett.admin.permissions import Permission
from yett.admin.server_views import StepList, StepView
from yett.stores.control.grants import live
from yett.stores.control.records import Look, Server
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction

Name: TypeAlias = Literal["added", "reachable", "credential", "policy", "grant", "first_call"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the steps are read off."""

    server: Server
    look: Look | None
    sealed: bool
    """Whether it has a sealed credential."""
    policies: bool
    """Whether there is a published policy that its grants may have."""
    grants: int
    """Live ones."""
    judged: int
    """Those of them that have a policy."""


class StepCases(Cases):
    """The part of `yett.admin.control.Control` for setting servers up."""

    __slots__ = ()

    def server_steps(self, reference: str) -> StepList:
        """What is done to use this server, and what is left."""
        self.require(Permission.VIEW)
        standing = self.read(lambda read: self._standing(read, reference))
        return steps_of(standing, called=self.desk.environment.called(standing.server.id))

    def _standing(self, read: Transaction, reference: str) -> Standing:
        server = self.find_server(read, reference)
        own = read.grants.listed(grants.c.server_id == server.id, live(self.now_ns()))
        return Standing(
            server=server,
            look=read.servers.looks([server.id]).get(server.id),
            sealed=read.credentials.find(server.id) is not None,
            policies=any(policy.published is not None for policy in read.policies.listed(server_id=server.id)),
            grants=len(own),
            judged=sum(found.grant.policy_id is not None for found in own),
        )


def steps_of(standing: Standing, *, called: bool) -> StepList:
    """The steps in their order; `called`: whether a call to it stands in the decision log."""
    name, look = standing.server.name, standing.look
    problem = look.problem if look is not None else "it was never asked"
    wants = problem is not None and problem.startswith(WANTS_CREDENTIAL)
    has_credential = standing.sealed or standing.server.credential is not None
    credential = None
    if wants and has_credential:
        credential = "the server refuses its credential; give it another one, or connect it anew"
    elif wants:
        credential = "the server wants a credential; connect it, or give it header fields"
    grant = None
    if not standing.grants:
        grant = f"mint a grant: `yett grant mint --server {name} --policy POLICY`"
    elif not standing.judged:
        grant = "no grant has a policy, so every call is denied; attach one: `yett grant attach GRANT POLICY`"
    items: list[tuple[Name, str | None]] = [
        ("added", None),
        ("reachable", None if problem is None or wants else f"{problem}; then `yett server look {name}`"),
        ("credential", credential if wants or problem is None or has_credential else "not known before the server is reachable"),
        ("policy", None if standing.policies else "publish a policy: `yett policy set NAME FILE`"),
        ("grant", grant),
        ("first_call", None if called else f"connect a client with the grant's token: `yett connect {name}`"),
    ]
    return StepList(server=name, items=[StepView(step=step, done=todo is None, next=todo) for step, todo in items])
