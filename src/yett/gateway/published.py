"""A published policy revision on its way to being used: compiled when the first call needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from yett.gateway.snapshot import PolicyEntry
from yett.policy.compile import CompiledPolicy, compile_policy
from yett.policy.document import read_policy
from yett.policy.errors import PolicyErrors

AT_ONCE_BYTES: Final = 16 * 1024
"""Of documents that come together: up to so much is compiled as it comes, some 8 ms at most, so that whoever publishes hears
what cannot be read. What is more waits for its first use: thousands of policies would take a minute and gigabytes, and few of
them are used at once."""


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """One published revision, compiled once for all grants that use it."""

    name: str
    revision: str
    compiled: CompiledPolicy = field(repr=False, compare=False)


OnFault = Callable[["Published", str], None]
"""Told why a revision cannot be read, once. Must not raise."""


class Published:
    """One revision. A control plane published it, and has read it; if it cannot be read here, the one before stays in force."""

    __slots__ = ("_before", "_document", "_on_fault", "active", "done", "id", "name", "revision")

    def __init__(self, entry: PolicyEntry, before: Published | None, on_fault: OnFault) -> None:
        self.id = entry.id
        self.name = entry.name
        self.revision = entry.revision
        self.done = False
        """Whether it is known what `active` is."""
        self.active: ActivePolicy | None = None
        self._document = entry.document
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
        try:
            self.active = ActivePolicy(self.name, self.revision, compile_policy(read_policy(self._document.encode())))
        except PolicyErrors as error:
            self.active = None if self._before is None else self._before.use()
            kept = "there is no earlier one" if self.active is None else f"revision {self.active.revision} stays"
            self._on_fault(self, f"policy `{self.name}` revision {self.revision} cannot be read, {kept}: {error}")
        self.done, self._document, self._before = True, "", None
        return self.active
