"""A published policy revision on its way to being used: compiled ahead of its change, or when the first call needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from yett.gateway.snapshot import PolicyEntry
from yett.policy.compile import CompiledPolicy, PlanKey, compile_policy
from yett.policy.document import read_policy
from yett.policy.errors import PolicyErrors

AT_ONCE_BYTES: Final = 16 * 1024
"""Of documents that were not compiled ahead (`yett.gateway.ahead`): up to so much is compiled as it comes, some 8 ms at most, so
that whoever publishes hears what cannot be read."""


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """One published revision, compiled once for all grants that use it."""

    name: str
    revision: str
    compiled: CompiledPolicy = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of compiling an entry: the policy, or why there is none."""

    entry: PolicyEntry
    compiled: CompiledPolicy | None
    fault: PolicyErrors | None = None


def make(entry: PolicyEntry, asked: Sequence[PlanKey] = ()) -> Made:
    """Compile an entry, and work out what is `asked` of it. On any thread."""
    try:
        compiled = compile_policy(read_policy(entry.document.encode()))
    except PolicyErrors as error:
        return Made(entry, None, error)
    for key in asked:
        compiled.plan(*key)
    return Made(entry, compiled)


OnFault = Callable[["Published", str], None]
"""Told why a revision cannot be read, once. Must not raise."""


class Published:
    """One revision. A control plane published it, and has read it; if it cannot be read here, the one before stays in force."""

    __slots__ = ("_before", "_entry", "_made", "_on_fault", "active", "done", "id", "name", "revision")

    def __init__(self, entry: PolicyEntry, before: Published | None, on_fault: OnFault, made: Made | None = None) -> None:
        assert made is None or made.entry is entry, "made of another document"
        self.id = entry.id
        self.name = entry.name
        self.revision = entry.revision
        self.done = False
        """Whether it is known what `active` is."""
        self.active: ActivePolicy | None = None
        self._entry: PolicyEntry | None = entry
        self._made = made
        self._before = before
        self._on_fault = on_fault
        if before is not None and not before.done:
            before._before = None  # of revisions that nobody used, only the last one may be fallen back on

    def is_of(self, entry: PolicyEntry) -> bool:
        """Whether `entry` says what this was made of."""
        return self.revision == entry.revision and self.name == entry.name

    @property
    def usable(self) -> bool:
        """Whether it can judge, as far as is known."""
        return not self.done or self.active is not None

    def use(self) -> ActivePolicy | None:
        """The policy that judges: this revision, or the one before where this one cannot be read, or none, which denies all."""
        if self.done:
            return self.active
        assert self._entry is not None, "kept until it is done"
        made = self._made or make(self._entry)
        if made.compiled is not None:
            self.active = ActivePolicy(self.name, self.revision, made.compiled)
        else:
            self.active = None if self._before is None else self._before.use()
            kept = "there is no earlier one" if self.active is None else f"revision {self.active.revision} stays"
            self._on_fault(self, f"policy `{self.name}` revision {self.revision} cannot be read, {kept}: {made.fault}")
        self.done, self._entry, self._made, self._before = True, None, None, None
        return self.active
