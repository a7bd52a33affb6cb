"""A process with a ledger of its own, for tests that share a file between processes or kill them.

`python -m tests.stores.ledger_process FILE admit COUNT MAXIMUM` waits for a line on stdin, admits COUNT calls at once at a limit
of MAXIMUM, and prints how many passed. `... FILE forward [fsync]` admits calls until it is killed, and writes the sequence number
of each to stdout where a gateway would forward it: what is read there is what the upstream saw.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

from tests.stores.ledger_cases import NOT_SENT, OK, allow, call, key, limit
from yett.policy.decision import Effect
from yett.stores.state import StateStore

CALLERS = 8
NOT_SENT_EVERY = 5


class SystemClock:
    """Implements `yett.ports.Clock`."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()


async def admit(path: Path, calls: int, maximum: int) -> None:
    store = StateStore.open(path, clock=SystemClock())
    print("ready", flush=True)
    sys.stdin.readline()  # noqa: ASYNC251, RUF100 - all processes start at once
    async with asyncio.TaskGroup() as tasks:
        started = [
            tasks.create_task(store.admit(call(allow(limit(maximum=maximum)), at_ns=time.time_ns()))) for _ in range(calls)
        ]
    print(sum(task.result().decision.effect is Effect.ALLOW for task in started), flush=True)
    await store.aclose()


async def forward(path: Path, *, fsync: bool) -> None:
    store = StateStore.open(path, clock=SystemClock(), fsync=fsync)
    charges = (limit(key("calls", "month"), 10**9), limit(key("spend", "31536000"), 10**9, Decimal("0.1")))

    async def caller(number: int) -> None:
        while True:
            admission = await store.admit(call(allow(*charges), at_ns=time.time_ns()))
            assert admission.receipt is not None
            if admission.receipt.sequence % NOT_SENT_EVERY == 0:
                store.settle(admission.receipt, NOT_SENT)
            else:
                os.write(1, b"%d\n" % admission.receipt.sequence)
                store.settle(admission.receipt, OK)

    async with asyncio.TaskGroup() as tasks:
        for number in range(CALLERS):
            tasks.create_task(caller(number))


def main() -> None:
    path, what, *rest = sys.argv[1:]
    if what == "admit":
        asyncio.run(admit(Path(path), *map(int, rest)))
    else:
        asyncio.run(forward(Path(path), fsync="fsync" in rest))


if __name__ == "__main__":
    main()
