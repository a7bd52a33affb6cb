"""A decision log in the state directory of a test's terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.cli.terminal import Terminal
from tests.stores.ledger_cases import DENIED, NOT_SENT, OK, allow, call, key, limit
from tests.support.clock import ManualClock
from yett.audit.record import Refused, SecurityRecord
from yett.quota.charge import Charge, CounterKey
from yett.quota.windows import Window
from yett.stores.state import StateStore

SECOND = 1_000_000_000


def recorded(terminal: Terminal, write: Callable[[StateStore, int], Awaitable[None]]) -> Path:
    """Write into the log, as now; returns its file."""
    path = terminal.directory / "state" / "state.db"
    path.parent.mkdir(mode=0o700, exist_ok=True)

    async def inside() -> None:
        now_ns = time.time_ns()
        store = StateStore.open(path, clock=ManualClock(now_ns))
        try:
            await write(store, now_ns)
        finally:
            await store.aclose()

    asyncio.run(inside())
    return path


async def usual(store: StateStore, now_ns: int) -> None:
    """A call that went well, a denied one, one that was not sent, and a refused request, ten seconds apart."""
    first = await store.admit(call(allow(limit(maximum=3)), at_ns=now_ns - 40 * SECOND, request_id="r1"))
    assert first.receipt is not None
    store.settle(first.receipt, OK)
    store.note(call(DENIED, at_ns=now_ns - 30 * SECOND, request_id="r2", target="drop", grant_id="g2", grant_label="other"))
    third = await store.admit(call(allow(limit(maximum=3)), at_ns=now_ns - 20 * SECOND, request_id="r3", server_name="mail"))
    assert third.receipt is not None
    store.settle(third.receipt, NOT_SENT)
    store.note(SecurityRecord(now_ns - 10 * SECOND, "r4", Refused.TOKEN, "no such token", "payments"))


async def many_counters(store: StateStore, now_ns: int) -> None:
    """Counters of every scope, some full."""
    charges = [
        limit(key("spend", "month"), maximum=100, amount=90),
        limit(key("spend", "month", grant="g2"), maximum=100, amount=10),
        limit(key("trial", "month", shadow=True), maximum=1),
        Charge(CounterKey(("org", "srv", "g1", "s1"), "talk", "session", Window("3600")), 2, 2, "/tools/say/limits/talk"),
        Charge(CounterKey(("org", "srv"), "load", "server", Window("day", sliding=True)), 1, 5, "/all_tools/limits/load"),
        Charge(CounterKey(("org",), "all", "organisation", Window("week")), 1, 5, "/all_tools/limits/all"),
    ]
    for charge in charges:
        label = "other" if "g2" in charge.key.owner else "billing agent"
        await store.admit(call(allow(charge), at_ns=now_ns, grant_label=label))
