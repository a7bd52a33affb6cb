"""The active snapshot: built whole, swapped whole, read once for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.policy.compile import CompiledPolicy, compile_policy
from yett.policy.decision import Grant
from yett.policy.document import read_policy
from yett.policy.errors import PolicyErrors


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """One published revision, compiled once for all grants that use it."""

    name: str
    revision: str
    compiled: CompiledPolicy = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that judging one call depends on, of one moment."""

    revision: int
    organisation: str
    servers: Mapping[str, ServerEntry]
    """By id and by name."""
    grants: Mapping[str, GrantEntry]
    """By the digest of their token."""
    facts: Mapping[str, Grant]
    """What conditions may ask of a grant, by its id."""
    policies: Mapping[str, ActivePolicy]
    """By name."""
    problems: tuple[str, ...] = ()

    def policy_of(self, grant: GrantEntry) -> ActivePolicy | None:
        """The policy that judges a grant's calls; None denies them all."""
        return None if grant.policy is None else self.policies.get(grant.policy)


class ActiveSnapshot:
    """The only owner of the active snapshot."""

    def __init__(self) -> None:
        self._current: Snapshot | None = None
        self._followers: list[Callable[[Snapshot], None]] = []

    def follow(self, follower: Callable[[Snapshot], None]) -> None:
        """Have `follower` told of each snapshot that becomes active. It must not raise."""
        self._followers.append(follower)

    def current(self) -> Snapshot | None:
        """The snapshot to judge by; None until the first one has come. Read it once for each call."""
        return self._current

    def apply(self, data: SnapshotData) -> list[str]:
        """Make `data` active; returns sentences about what could not be taken as it is.

        A policy that cannot be read keeps its last good revision; one that never was readable is absent, and its grants are
        denied every call.
        """
        problems = list(data.problems)
        known = {} if self._current is None else self._current.policies
        policies: dict[str, ActivePolicy] = {}
        for entry in data.policies:
            active = _compiled(entry, known.get(entry.name), problems)
            if active is not None:
                policies[entry.name] = active
        self._current = Snapshot(
            revision=data.revision,
            organisation=data.organisation,
            servers=MappingProxyType({key: server for server in data.servers for key in (server.id, server.name)}),
            grants=MappingProxyType({grant.digest: grant for grant in data.grants}),
            facts=MappingProxyType({grant.id: Grant(grant.id, grant.label, grant.owner, grant.tags) for grant in data.grants}),
            policies=MappingProxyType(policies),
            problems=tuple(problems),
        )
        for follower in self._followers:
            follower(self._current)
        return problems


def _compiled(entry: PolicyEntry, last_good: ActivePolicy | None, problems: list[str]) -> ActivePolicy | None:
    if last_good is not None and last_good.revision == entry.revision:
        return last_good
    try:
        return ActivePolicy(entry.name, entry.revision, compile_policy(read_policy(entry.document.encode())))
    except PolicyErrors as error:
        kept = "there is no earlier one" if last_good is None else f"revision {last_good.revision} stays"
        problems.append(f"policy `{entry.name}` revision {entry.revision} cannot be read, {kept}: {error}")
        return last_good
