"""Calls, limits and stores for the tests of the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from tests.support.clock import START_NS, ManualClock
from yett.audit.mode import AuditMode
from yett.audit.record import CallRecord, Outcome, Result
from yett.policy.decision import Code, Decision, Effect
from yett.quota.charge import Amount, Charge, CounterKey
from yett.quota.windows import Window
from yett.stores.state import StateStore

_numbers = count(1)

OK = Outcome(Result.OK, START_NS + 1_000, http_status=200, latency_us=1_200, request_bytes=10, response_bytes=20)
NOT_SENT = Outcome(Result.NOT_SENT, START_NS + 1_000)
DENIED = Decision(Effect.DENY, Code.NOT_LISTED, "(default deny)", "`drop` is not listed")


def key(name: str = "n", window: str = "day", *, grant: str = "g1", sliding: bool = False, shadow: bool = False) -> CounterKey:
    return CounterKey(("org", "srv", grant), name, "grant", Window(window, sliding), shadow)


def limit(counter: CounterKey | None = None, maximum: Amount = 1, amount: Amount = 1) -> Charge:
    counter = counter or key()
    return Charge(counter, amount, maximum, f"/tools/pay/limits/{counter.name}")


def allow(*charges: Charge, shadow: Sequence[Charge] = ()) -> Decision:
    return Decision(Effect.ALLOW, charges=charges, shadow_charges=tuple(shadow))


def call(decision: Decision | None = None, *, at_ns: int = START_NS, **changes: Any) -> CallRecord:
    """A record of a call; by default allowed and without limits."""
    members: dict[str, Any] = {
        "at_ns": at_ns,
        "request_id": f"req_{next(_numbers)}",
        "grant_id": "g1",
        "grant_label": "billing agent",
        "session": "s1",
        "server_id": "srv",
        "server_name": "payments",
        "method": "tools/call",
        "target": "pay",
        "policy": "payments",
        "policy_revision": "1-0123456789ab",
        "decision": decision or allow(),
        "argument_keys": ("amount", "currency"),
        "arguments_digest": "ab" * 32,
        "client_ip": "127.0.0.1",
    }
    return CallRecord(**{**members, **changes})


@asynccontextmanager
async def opened(
    path: Path,
    clock: ManualClock | None = None,
    *,
    mode: AuditMode = AuditMode.STRICT,
    fsync: bool = False,
    patience_s: float = 5.0,
) -> AsyncIterator[StateStore]:
    """A store on `path`, closed at the end."""
    store = StateStore.open(path, clock=clock or ManualClock(), mode=mode, fsync=fsync, patience_s=patience_s)
    try:
        yield store
    finally:
        await store.aclose()


def rows(path: Path, sql: str, *values: str | int | None) -> list[Any]:
    """What another program reads from the file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def units(path: Path) -> dict[str, str]:
    """What each counter holds, by name and bucket."""
    found = rows(path, "SELECT key, bucket, amount FROM buckets JOIN counters ON counter = id")
    return {f"{CounterKey.decode(text).name}@{bucket}": amount for text, bucket, amount in found}
