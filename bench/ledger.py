"""What a recorded and counted call costs: `python -m bench.ledger`. CPU microseconds a call, and ratios to the bare minimum.

The minimum is one transaction of one row over the same library and file system.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType

import apsw
import uvloop

from yett.audit.mode import AuditMode
from yett.audit.record import CallRecord, Outcome, Result
from yett.policy.decision import Decision, Effect
from yett.quota.charge import Charge, CounterKey
from yett.quota.windows import Window
from yett.stores.state import StateStore

ROUNDS = 5
CALLS = 2_000
WINDOWS = MappingProxyType({"a": Window("minute"), "b": Window("day"), "c": Window("hour", sliding=True)})


class SystemClock:
    """Implements `yett.ports.Clock`."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()


@cache
def decision(grant: int, limits: int) -> Decision:
    """One value for all calls of one grant that add 1, as the policy engine remembers it."""
    owner = ("org_1", "srv_1", f"grant_{grant}")
    charges = tuple(
        Charge(CounterKey(owner, name, "grant", window), 1, 10**9, f"/tools/create_charge/limits/{name}")
        for name, window in list(WINDOWS.items())[:limits]
    )
    return Decision(Effect.ALLOW, charges=charges)


def record(number: int, grant: int, limits: int) -> CallRecord:
    """One call of one grant with so many limits."""
    return CallRecord(
        at_ns=time.time_ns(),
        request_id=f"req_{number:032x}",
        grant_id=f"grant_{grant}",
        grant_label="billing agent",
        session="5e0f0c7e-2b1f-4b52-a7c1-3a3b5f0f9d10",
        server_id="srv_1",
        server_name="payments",
        method="tools/call",
        target="create_charge",
        policy="payments",
        policy_revision="17-0123456789ab",
        decision=decision(grant, limits),
        argument_keys=("amount", "currency", "customer"),
        arguments_digest="0123456789abcdef" * 4,
        client_ip="127.0.0.1",
    )


async def timed(call: Callable[[int], Awaitable[None]], count: int) -> float:
    """CPU microseconds of this process for each of `count` calls."""
    started = time.process_time()
    for number in range(count):
        await call(number)
    return (time.process_time() - started) / count * 1e6


async def measure(path: Path, *, mode: AuditMode, fsync: bool, group: int, limits: int, grants: int) -> float:
    """CPU microseconds for a call: look, admit, settle; `group` of them at once."""
    store = StateStore.open(path, clock=SystemClock(), mode=mode, fsync=fsync)

    async def one(number: int) -> None:
        wanted = record(number, number % grants, limits)
        store.usage([charge.key for charge in wanted.decision.charges], wanted.at_ns)
        admission = await store.admit(wanted)
        assert admission.receipt is not None
        store.settle(admission.receipt, Outcome(Result.OK, time.time_ns(), 200, None, 1_234, 345, 6_789))

    async def many(number: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            for offset in range(group):
                tasks.create_task(one(number * group + offset))

    try:
        await timed(one if group == 1 else many, 50)
        cost = await timed(one if group == 1 else many, CALLS // group)
        return cost / group
    finally:
        await store.aclose()


async def scaffold(group: int, limits: int) -> float:
    """What the measurement itself costs: records made, tasks started."""

    async def one(number: int) -> None:
        record(number, 0, limits)

    async def many(number: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            for offset in range(group):
                tasks.create_task(one(number * group + offset))

    return await timed(one if group == 1 else many, CALLS // group) / group


def minimum(path: Path) -> float:
    """CPU microseconds of one transaction with one row of the same size."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "NORMAL")
    connection.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
    cursor = connection.cursor()
    text = "x" * 400
    started = time.process_time()
    for _ in range(CALLS):
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("INSERT INTO rows (text) VALUES (?)", (text,))
        cursor.execute("COMMIT")
    cost = (time.process_time() - started) / CALLS * 1e6
    connection.close()
    return cost


CASES = (
    ("strict, 1 at a time, 3 limits", {"mode": AuditMode.STRICT, "fsync": False, "group": 1, "limits": 3, "grants": 1}),
    ("strict, 1 at a time, 0 limits", {"mode": AuditMode.STRICT, "fsync": False, "group": 1, "limits": 0, "grants": 1}),
    ("strict, 16 at once, 3 limits", {"mode": AuditMode.STRICT, "fsync": False, "group": 16, "limits": 3, "grants": 1}),
    (
        "strict, 16 at once, 3 limits, 16 grants",
        {"mode": AuditMode.STRICT, "fsync": False, "group": 16, "limits": 3, "grants": 16},
    ),
    ("relaxed, 16 at once, 0 limits", {"mode": AuditMode.RELAXED, "fsync": False, "group": 16, "limits": 0, "grants": 1}),
    ("strict with fsync, 1 at a time, 3 limits", {"mode": AuditMode.STRICT, "fsync": True, "group": 1, "limits": 3, "grants": 1}),
    ("strict with fsync, 16 at once, 3 limits", {"mode": AuditMode.STRICT, "fsync": True, "group": 16, "limits": 3, "grants": 1}),
)


def main() -> None:
    results: dict[str, list[float]] = {name: [] for name, _ in CASES}
    floors = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            floor = minimum(Path(directory) / "minimum.db")
            floors.append(floor)
            for number, (name, case) in enumerate(CASES):
                cost = uvloop.run(measure(Path(directory) / f"{number}.db", **case))  # type: ignore[arg-type]  # one literal table
                results[name].append(cost - uvloop.run(scaffold(case["group"], case["limits"])))  # type: ignore[arg-type]  # as above
    floor = statistics.median(floors)
    print(f"{'CPU a call: look, admit, settle':44} {'us':>7} {'ratio':>6}   (median of {ROUNDS})")
    print(f"{'one transaction of one row':44} {floor:7.1f} {1.0:6.2f}")
    for name, costs in results.items():
        print(f"{name:44} {statistics.median(costs):7.1f} {statistics.median(costs) / floor:6.2f}")


if __name__ == "__main__":
    main()
