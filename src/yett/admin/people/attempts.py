"""How often somebody may fail: each failure makes the next try wait longer, and nothing is ever locked for good.

Counts are kept in memory; who has to wait is kept in the store too, so that a restart lets nobody begin anew.

Counted by what a stranger cannot choose freely. A browser that has signed in to an account before has a count of its own, so
that strangers who guess at that account, or everybody behind one address, cannot keep its owner out.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from math import ceil
from typing import Final, Literal

from yett.admin.checks import NS
from yett.ports import Clock
from yett.stores.control.people_records import SignInWait

ENTRIES_MAX: Final = 20_000
"""Counts that are kept; the one that was not touched for longest goes first."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted."""

    kind: Literal["account", "address", "device", "mail", "flow"]
    value: str


@dataclass(frozen=True, slots=True)
class Pace:
    """`free` failures cost nothing, each further one doubles the wait, from `first_s` to `most_s`. `forget_s` forgets one."""

    free: int
    first_s: float
    most_s: float
    forget_s: float


PACES: Final = {
    "account": Pace(free=5, first_s=1.0, most_s=300.0, forget_s=600.0),
    "device": Pace(free=5, first_s=1.0, most_s=300.0, forget_s=600.0),
    "address": Pace(free=20, first_s=1.0, most_s=300.0, forget_s=60.0),
    "mail": Pace(free=3, first_s=60.0, most_s=900.0, forget_s=900.0),
    "flow": Pace(free=30, first_s=1.0, most_s=60.0, forget_s=10.0),
}


@dataclass(slots=True)
class _Count:
    failures: float
    at_s: float
    until_s: float = 0.0


class Attempts:
    """For any number of threads. `digest` names a key in the store, which has none of them itself."""

    def __init__(self, clock: Clock, digest: Callable[[Key], str] = str, waits: Iterable[SignInWait] = ()) -> None:
        self._clock = clock
        self._digest = digest
        self._counts: OrderedDict[Key, _Count] = OrderedDict()
        self._restored = {wait.digest: wait for wait in waits}
        self._lock = threading.Lock()

    def waits(self, keys: Sequence[Key]) -> list[SignInWait]:
        """What the store is to remember of these: those that must wait now."""
        now_s, now_ns = self._clock.monotonic(), self._clock.now_ns()
        with self._lock:
            found = [(key, self._counts[key]) for key in keys if key in self._counts]
        return [
            SignInWait(
                digest=self._digest(key),
                failures=ceil(count.failures),
                at_ns=now_ns - int((now_s - count.at_s) * NS),
                until_ns=now_ns + int((count.until_s - now_s) * NS),
            )
            for key, count in found
            if count.until_s > now_s
        ]

    def wait_s(self, keys: Sequence[Key]) -> int:
        """How many seconds until the next try; 0 for now."""
        now_s = self._clock.monotonic()
        with self._lock:
            self._restore(keys, now_s)
            until_s = max((self._counts[key].until_s for key in keys if key in self._counts), default=0.0)
        return max(0, ceil(until_s - now_s))

    def note(self, keys: Sequence[Key]) -> None:
        """One more. Call it only after `wait_s` was 0: what is turned away does not make the wait longer."""
        now_s = self._clock.monotonic()
        with self._lock:
            self._restore(keys, now_s)
            for key in keys:
                self._note(key, PACES[key.kind], now_s)
            while len(self._counts) > ENTRIES_MAX:
                self._counts.popitem(last=False)

    def forget(self, key: Key) -> None:
        """All is well again."""
        with self._lock:
            self._counts.pop(key, None)

    def _restore(self, keys: Sequence[Key], now_s: float) -> None:
        """What the store remembered counts on, and no longer than it would have: the system's clock may have been set."""
        if not self._restored:
            return
        now_ns = self._clock.now_ns()
        for key in keys:
            wait = None if key in self._counts else self._restored.pop(self._digest(key), None)
            if wait is not None:
                ago_s = max(0.0, (now_ns - wait.at_ns) / NS)
                left_s = min((wait.until_ns - now_ns) / NS, PACES[key.kind].most_s)
                self._counts[key] = _Count(float(wait.failures), now_s - ago_s, now_s + left_s)

    def _note(self, key: Key, pace: Pace, now_s: float) -> None:
        count = self._counts.setdefault(key, _Count(0.0, now_s))
        count.failures = max(0.0, count.failures - (now_s - count.at_s) / pace.forget_s) + 1
        count.at_s = now_s
        beyond = int(count.failures) - pace.free
        if beyond > 0:
            # The exponent is bounded before the power is taken: it grows with every failure.
            count.until_s = now_s + min(pace.first_s * 2.0 ** min(beyond - 1, 20), pace.most_s)
        self._counts.move_to_end(key)


def address_block(address: str) -> str:
    """What one person can easily have: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        parsed = parsed.ipv4_mapped or parsed
    if parsed.version == 4:
        return str(parsed)
    return f"{parsed.exploded[:19]}::/64"
