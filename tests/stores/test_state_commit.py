"""A group of records is written whole, or discarded alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stores.ledger_cases import DENIED, allow, call, key, limit, opened, rows, units
from yett.audit.mode import AuditMode
from yett.errors import StoreFault
from yett.policy.decision import Effect
from yett.ports import Admission
from yett.stores import state_commit

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def until(condition: Callable[[], bool]) -> None:
    started = asyncio.get_running_loop().time()
    while not condition():
        assert asyncio.get_running_loop().time() < started + 5
        await asyncio.sleep(0.001)


async def test_a_bug_of_ours_denies_its_group_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(path) as store:
        await store.admit(call(allow(limit(maximum=9))))
        with monkeypatch.context() as patch:
            patch.setattr(state_commit, "call_row", lambda *_: 1 / 0)
            with pytest.raises(StoreFault, match=r"cannot write the record of this call \(ZeroDivisionError\)"):
                await store.admit(call(allow(limit(maximum=9))))
        assert "a group of records was discarded" in caplog.text
        assert (await store.admit(call(allow(limit(key("other")))))).decision.effect is Effect.ALLOW
    assert list(units(path).values()) == ["1", "1"]


async def test_a_record_that_the_table_refuses_denies_its_group_and_no_other(path: Path) -> None:
    async with opened(path, mode=AuditMode.RELAXED) as store:
        queued = await store.admit(call())
        with pytest.raises(StoreFault, match=r"cannot write the record of this call \(ConstraintError\)"):
            await store.admit(call(allow(limit()), request_id=None))
        assert store.fault is None
        assert store._committer._tickets == {}, "nobody will settle what was discarded"
        assert queued.receipt is not None
        assert (await store.admit(call(allow(limit())))).decision.effect is Effect.ALLOW
    assert list(units(path).values()) == ["1"]


async def test_with_fsync_a_call_that_came_while_a_group_was_written_does_not_wait_for_the_timer_of_others(path: Path) -> None:
    async with opened(path, fsync=True) as store:
        assert store._writer is not None
        store._linger_s, submit, submitted = 3_600, store._writer.submit, []
        store._writer.submit = lambda *group: submitted.append(group)  # type: ignore[method-assign]  # held back
        first = asyncio.ensure_future(store.admit(call()))
        await until(lambda: bool(submitted))
        store._writer.submit = submit  # type: ignore[method-assign]  # as it was
        second = asyncio.ensure_future(store.admit(call()))
        await until(lambda: len(store._pending) == 1 and not store._soon)
        store.note(call(DENIED))
        submit(*submitted[0])
        await asyncio.wait([first, second], timeout=10)
        assert first.done()
        assert second.done()
    assert rows(path, "SELECT count(*) FROM calls") == [(3,)]


@pytest.mark.parametrize(("at_first", "commits"), [(1, 2), (2, 1)])
async def test_several_calls_take_those_of_the_next_turn_along_and_a_single_one_waits_for_nobody(
    path: Path, at_first: int, commits: int
) -> None:
    async with opened(path) as store:
        loop, told = asyncio.get_running_loop(), asyncio.Semaphore(0)
        before = store._committer.commits

        def submit() -> None:
            waiter: asyncio.Future[Admission] = loop.create_future()
            waiter.add_done_callback(lambda _: told.release())
            store.submit(call(allow(limit(maximum=9))), waiter)

        for _ in range(at_first):
            submit()
        loop.call_soon(submit)  # runs behind the first look at what waits
        for _ in range(at_first + 1):
            await told.acquire()
        assert store._committer.commits - before == commits
