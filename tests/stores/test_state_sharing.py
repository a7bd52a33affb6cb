"""One file, many calls at once, several processes: a limit of 100 admits exactly 100."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.stores.ledger_cases import NOT_SENT, allow, call, key, limit, opened, rows, units
from tests.support.clock import START_NS
from yett.policy.decision import Effect

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.mark.anyio
@pytest.mark.parametrize("fsync", [False, True], ids=["loop", "fsync"])
async def test_five_hundred_calls_at_once_at_a_limit_of_a_hundred_admit_exactly_a_hundred(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store, asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(store.admit(call(allow(limit(maximum=100))))) for _ in range(500)]
    assert sum(task.result().decision.effect is Effect.ALLOW for task in started) == 100
    assert list(units(path).values()) == ["100"]
    assert rows(path, "SELECT decision, count(*) FROM calls GROUP BY decision") == [("allow", 100), ("deny", 400)]


def test_four_processes_with_five_hundred_calls_at_a_limit_of_a_hundred_admit_exactly_a_hundred(path: Path) -> None:
    command = [sys.executable, "-m", "tests.stores.ledger_process", str(path), "admit", "125", "100"]
    with ExitStack() as stack:
        started = [
            stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(4)
        ]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        admitted = [int(process.communicate(timeout=30)[0]) for process in started]
    # The clock is real: the day may end in the middle, which opens the counter once more.
    days = len(units(path))
    assert 100 <= sum(admitted) <= 100 * days
    assert rows(path, "SELECT count(*) FROM calls WHERE decision = 'allow'") == [(sum(admitted),)]
    assert rows(path, "SELECT count(*), max(seq) FROM calls") == [(500, 500)]


@pytest.mark.anyio
async def test_two_stores_on_one_file_see_each_others_units_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.stores.state_times.LOOK_LASTS_S", 0)
    async with opened(path) as one, opened(path) as two:
        first = await one.admit(call(allow(limit(maximum=2))))
        await two.admit(call(allow(limit(maximum=2))))
        assert (await one.admit(call(allow(limit(maximum=2))))).decision.effect is Effect.DENY
        assert one.usage([key()], START_NS) == two.usage([key()], START_NS)
        assert first.receipt is not None
        one.settle(first.receipt, NOT_SENT)
        await one.admit(call())
        assert (await two.admit(call(allow(limit(maximum=2))))).decision.effect is Effect.ALLOW


@pytest.mark.anyio
async def test_a_store_alone_on_its_file_does_not_read_its_counters_again(path: Path) -> None:
    async with opened(path) as store:
        await store.admit(call(allow(limit(maximum=9))))
        versions = set()
        for _ in range(20):
            await store.admit(call(allow(limit(maximum=99))))
            store.usage([key()], START_NS)
            versions.add(store._committer.counters.version)
    assert len(versions) == 1


@pytest.mark.anyio
async def test_a_look_between_another_process_and_a_call_does_not_reuse_a_sequence_number(path: Path) -> None:
    async with opened(path) as one, opened(path) as two:
        await one.admit(call())
        await two.admit(call())
        one.usage([key()], START_NS)
        await one.admit(call())
    assert rows(path, "SELECT seq FROM calls") == [(1,), (2,), (3,)]
