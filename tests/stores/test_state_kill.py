"""After kill -9 at random points, for each counter: what the upstream saw <= the counter <= what the records say."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.stores.ledger_cases import rows
from tests.support.effort import NIGHTLY, times
from yett.quota.charge import CounterKey

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("YETT_KILLS") or times(20))
AT_ONCE = 2
CALLS_MAX = 300
"""Calls that a process forwards before it is killed, at most."""
AMOUNTS = {"calls": Decimal(1), "spend": Decimal("0.1")}


def killed(path: Path, chance: random.Random) -> list[int]:
    """Run processes on one file, kill each at some point, and return what the upstream saw."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.stores.ledger_process", str(path), "forward", *chance.choice([["fsync"], [], []])],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for _ in range(AT_ONCE)
    ]
    seen = b""
    for process in started:
        assert process.stdout is not None
        for _ in range(chance.randint(1, CALLS_MAX)):
            seen += process.stdout.readline()
        process.kill()
        seen += process.stdout.read()
        process.stdout.close()
        process.wait()
    assert seen.endswith(b"\n")
    return [int(line) for line in seen.splitlines()]


def check(path: Path, forwarded: list[int]) -> None:
    assert len(set(forwarded)) == len(forwarded)
    assert set(forwarded) <= {seq for (seq,) in rows(path, "SELECT seq FROM calls WHERE decision = 'allow'")}
    recorded: dict[str, Decimal] = defaultdict(Decimal)
    for (reservations,) in rows(path, "SELECT reservations FROM calls"):
        for _, name, _, amount in json.loads(reservations):
            recorded[name] += Decimal(amount)
    counted: dict[str, Decimal] = defaultdict(Decimal)
    for text, amount in rows(path, "SELECT key, amount FROM buckets JOIN counters ON counter = id"):
        counted[CounterKey.decode(text).name] += Decimal(amount)
    for name, amount in AMOUNTS.items():
        assert len(forwarded) * amount <= counted[name] <= recorded[name]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.timeout(60 + KILLS)
def test_nothing_is_forwarded_without_its_record_and_every_counter_is_within_bounds_after_kill_9(tmp_path: Path) -> None:
    path, chance = tmp_path / "state.db", random.Random(None if NIGHTLY else 20_261_122)
    forwarded: list[int] = []
    for _ in range(KILLS // AT_ONCE):
        forwarded += killed(path, chance)
        check(path, forwarded)
    assert len(forwarded) > KILLS
