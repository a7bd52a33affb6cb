"""All entries of one state, by id: what changes add up to. For whoever keeps the state without judging by it."""

from __future__ import annotations

from dataclasses import dataclass, field

from yett.gateway.snapshot import (
    ClassesEntry,
    GrantEntry,
    IssuerEntry,
    PinsEntry,
    PolicyEntry,
    ServerEntry,
    SnapshotData,
    SnapshotDelta,
)


@dataclass(slots=True)
class Whole:
    """One state, brought forward by changes."""

    origin: str = ""
    revision: int = -1
    servers: dict[str, ServerEntry] = field(default_factory=dict)
    grants: dict[str, GrantEntry] = field(default_factory=dict)
    policies: dict[str, PolicyEntry] = field(default_factory=dict)
    issuers: list[IssuerEntry] = field(default_factory=list)
    classes: dict[str, ClassesEntry] = field(default_factory=dict)
    """By server."""
    pins: dict[str, PinsEntry] = field(default_factory=dict)
    """By server, of those that are held to them."""
    stopped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, data: SnapshotData) -> Whole:
        """The state that `data` is."""
        state = cls()
        state.apply(as_delta(data))
        return state

    def takes(self, delta: SnapshotDelta) -> bool:
        """Whether `delta` is a change of this very state, or a whole."""
        return delta.previous is None or (self.origin, self.revision) == (delta.origin, delta.previous)

    def apply(self, delta: SnapshotDelta) -> None:
        """Become what `delta`, which this takes, makes of it."""
        assert self.takes(delta), "the caller asked"
        if delta.previous is None:
            self.servers, self.grants, self.policies, self.issuers, self.classes, self.pins = {}, {}, {}, [], {}, {}
        if delta.issuers is not None:
            self.issuers = delta.issuers
        for id in delta.servers_gone:
            self.servers.pop(id, None)
            self.classes.pop(id, None)
            self.pins.pop(id, None)
        for id in delta.grants_gone:
            self.grants.pop(id, None)
        for id in delta.policies_gone:
            self.policies.pop(id, None)
        self.servers.update((server.id, server) for server in delta.servers)
        self.grants.update((grant.id, grant) for grant in delta.grants)
        self.policies.update((policy.id, policy) for policy in delta.policies)
        for entry in delta.classes:
            self.classes.pop(entry.server, None)
            if entry.tools:
                self.classes[entry.server] = entry
        for pinned in delta.pins:
            self.pins.pop(pinned.server, None)
            if pinned.tools is not None:
                self.pins[pinned.server] = pinned
        self.origin, self.revision, self.stopped, self.problems = delta.origin, delta.revision, delta.stopped, delta.problems

    def data(self) -> SnapshotData:
        """This state as a value; later changes leave it alone."""
        return SnapshotData(
            revision=self.revision,
            origin=self.origin,
            servers=list(self.servers.values()),
            grants=list(self.grants.values()),
            policies=list(self.policies.values()),
            issuers=self.issuers,
            classes=list(self.classes.values()),
            pins=list(self.pins.values()),
            stopped=self.stopped,
            problems=self.problems,
        )


def as_delta(data: SnapshotData) -> SnapshotDelta:
    """`data` as the change that makes it of nothing."""
    return SnapshotDelta(
        origin=data.origin,
        revision=data.revision,
        previous=None,
        servers=data.servers,
        grants=data.grants,
        policies=data.policies,
        issuers=data.issuers,
        classes=data.classes,
        pins=data.pins,
        stopped=data.stopped,
        problems=data.problems,
    )
