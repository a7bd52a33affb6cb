"""The ledger over state.db: one atomic step for units and record, outcomes after it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.stores.ledger_cases import DENIED, NOT_SENT, OK, allow, call, key, limit, opened, rows, units
from tests.support.clock import START_NS, ManualClock
from yett.audit.mode import AuditMode
from yett.audit.record import Outcome, Refused, Result, SecurityRecord
from yett.errors import StoreFault
from yett.policy.decision import Code, Decision, Effect
from yett.stores.state import StateStore

pytestmark = pytest.mark.anyio

DAY = START_NS // 86_400_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture(params=[False, True], ids=["loop", "fsync"])
def fsync(request: pytest.FixtureRequest) -> bool:
    """Both ways to commit: on the loop, and in a thread that waits for the disk."""
    return bool(request.param)


async def test_an_admitted_call_is_in_the_file_before_admit_returns(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        admission = await store.admit(call(allow(limit(maximum=5))))
        assert admission.receipt is not None
        assert rows(path, "SELECT seq, decision FROM calls") == [(admission.receipt.sequence, "allow")]
        assert units(path) == {f"n@{DAY}": "1"}


async def test_a_call_beyond_its_limit_is_denied_recorded_as_denied_and_takes_nothing(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        roomy = limit(key("roomy"), maximum=9)
        await store.admit(call(allow(roomy, limit())))
        denied = await store.admit(call(allow(roomy, limit())))
        assert denied.receipt is None
        assert (denied.decision.effect, denied.decision.code) == (Effect.DENY, Code.LIMIT_EXCEEDED)
        assert denied.decision.rule == "/tools/pay/limits/n"
        assert denied.decision.retry_after_s == 86_400
        assert rows(path, "SELECT decision, code, rule, retry_after_s, reservations FROM calls ORDER BY seq")[1] == (
            *("deny", "limit_exceeded", "/tools/pay/limits/n", 86_400, "[]"),
        )
        assert units(path) == {f"roomy@{DAY}": "1", f"n@{DAY}": "1"}


async def test_calls_of_one_tick_are_judged_in_order_within_one_transaction(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store, asyncio.TaskGroup() as tasks:
        admitted = [tasks.create_task(store.admit(call(allow(limit(maximum=3))))) for _ in range(5)]
    assert [task.result().decision.effect for task in admitted] == [Effect.ALLOW] * 3 + [Effect.DENY] * 2
    assert units(path) == {f"n@{DAY}": "3"}


async def test_two_limits_on_one_counter_are_both_held_and_both_given_back(path: Path) -> None:
    async with opened(path) as store:
        both = allow(limit(maximum=4, amount=2), limit(maximum=5, amount=1))
        admission = await store.admit(call(both))
        assert units(path) == {f"n@{DAY}": "3"}
        assert (await store.admit(call(both))).decision.effect is Effect.DENY
        assert admission.receipt is not None
        store.settle(admission.receipt, NOT_SENT)
        assert (await store.admit(call(both))).decision.effect is Effect.ALLOW
        assert units(path) == {f"n@{DAY}": "3"}


async def test_a_shadow_limit_counts_apart_and_only_for_calls_that_pass(path: Path) -> None:
    async with opened(path) as store:
        trial = allow(limit(maximum=9), shadow=[limit(key("trial", shadow=True))])
        first, second = [await store.admit(call(trial)) for _ in range(2)]
        assert (first.decision.effect, second.decision.effect) == (Effect.ALLOW, Effect.WOULD_DENY)
        assert second.decision.code is Code.LIMIT_EXCEEDED
        assert second.receipt is not None
        assert units(path) == {f"n@{DAY}": "2", f"trial@{DAY}": "1"}


async def test_a_call_that_would_be_denied_anyway_does_not_count_in_shadow(path: Path) -> None:
    suppressed = Decision(
        Effect.WOULD_DENY,
        Code.DENY_IF_MATCHED,
        "/tools/pay/deny_if/always",
        "no",
        shadow_charges=(limit(key("trial", shadow=True)),),
    )
    async with opened(path) as store:
        admission = await store.admit(call(suppressed))
    assert admission.decision is suppressed
    assert units(path) == {}


async def test_what_surely_did_not_run_is_there_again_for_the_next_look_and_the_next_call(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        once = allow(limit())
        for _ in range(3):
            admission = await store.admit(call(once))
            assert admission.receipt is not None
            store.settle(admission.receipt, NOT_SENT)
            assert store.usage([key()], START_NS) == {key(): {DAY: 0}}
    assert units(path) == {f"n@{DAY}": "0"}
    assert rows(path, "SELECT given_back FROM outcomes") == [(1,)] * 3


async def test_units_are_given_back_in_the_window_in_which_they_were_taken(path: Path) -> None:
    async with opened(path) as store:
        sliding = key("n", "minute", sliding=True)
        early = await store.admit(call(allow(limit(sliding, maximum=5))))
        await store.admit(call(allow(limit(sliding, maximum=5, amount=2)), at_ns=START_NS + 10_000_000_000))
        assert early.receipt is not None
        store.settle(early.receipt, NOT_SENT)
    assert sorted(units(path).values()) == ["0", "2"]


async def test_every_doubt_keeps_the_units(path: Path) -> None:
    async with opened(path) as store:
        for result in (Result.OK, Result.TOOL_ERROR, Result.TIMED_OUT, Result.LOST, Result.CLIENT_GONE, Result.MALFORMED):
            admission = await store.admit(call(allow(limit(maximum=9))))
            assert admission.receipt is not None
            store.settle(admission.receipt, Outcome(result, START_NS))
    assert units(path) == {f"n@{DAY}": "6"}


@pytest.mark.parametrize("apart", [False, True], ids=["in one group", "in two groups"])
@pytest.mark.parametrize(("first", "second", "left"), [(NOT_SENT, NOT_SENT, "1"), (OK, NOT_SENT, "2"), (NOT_SENT, OK, "1")])
async def test_the_first_outcome_of_a_call_stands(path: Path, first: Outcome, second: Outcome, left: str, apart: bool) -> None:
    async with opened(path) as store:
        await store.admit(call(allow(limit(maximum=9))))
        admission = await store.admit(call(allow(limit(maximum=9))))
        assert admission.receipt is not None
        store.settle(admission.receipt, first)
        if apart:
            await store.admit(call())
        store.settle(admission.receipt, second)
    assert units(path) == {f"n@{DAY}": left}
    assert rows(path, "SELECT result FROM outcomes") == [(first.result.value,)]


async def test_amounts_stay_exact_in_the_file(path: Path) -> None:
    tenth = allow(limit(maximum=1, amount=Decimal("0.1")))
    async with opened(path) as store:
        for _ in range(5):
            await store.admit(call(tenth))
    async with opened(path) as store:
        effects = [(await store.admit(call(tenth))).decision.effect for _ in range(6)]
    assert effects == [Effect.ALLOW] * 5 + [Effect.DENY]


async def test_counters_and_numbers_go_on_after_a_restart(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        first = await store.admit(call(allow(limit())))
    async with opened(path, fsync=fsync) as store:
        assert store.usage([key(), key("other")], START_NS) == {key(): {DAY: 1}}
        second = await store.admit(call())
        assert (await store.admit(call(allow(limit())))).decision.effect is Effect.DENY
    assert first.receipt is not None
    assert second.receipt is not None
    assert second.receipt.sequence > first.receipt.sequence


async def test_notes_are_written_without_anybody_waiting_for_them(path: Path, fsync: bool) -> None:
    refused = SecurityRecord(START_NS, "r2", Refused.TOKEN, "no such token", "payments", None, "127.0.0.1", "ab", 17)
    async with opened(path, fsync=fsync) as store:
        store.note(call(DENIED, request_id="r1"))
        store.note(refused)
    assert rows(path, "SELECT seq, request_id, decision, code, message FROM calls") == [
        (1, "r1", "deny", "not_listed", "`drop` is not listed")
    ]
    assert rows(path, "SELECT * FROM security") == [
        (2, START_NS, "r2", "token_refused", "no such token", "payments", None, "127.0.0.1", "ab", 17)
    ]


async def test_a_note_that_nothing_follows_is_written_soon(path: Path) -> None:
    async with opened(path) as store:
        store.note(call(DENIED))
        started = asyncio.get_running_loop().time()
        while not rows(path, "SELECT seq FROM calls"):
            assert asyncio.get_running_loop().time() < started + 2
            await asyncio.sleep(0)


async def test_a_note_that_nothing_follows_is_written_soon_also_after_a_call_took_others_along(path: Path) -> None:
    async with opened(path) as store:
        for turn in range(3):
            store.note(call(DENIED))
            await store.admit(call())
            store.note(call(DENIED))
            started = asyncio.get_running_loop().time()
            while len(rows(path, "SELECT seq FROM calls")) < 3 * (turn + 1):
                assert asyncio.get_running_loop().time() < started + 2
                await asyncio.sleep(0)


async def test_a_denial_is_not_charged_even_where_it_carries_limits(path: Path) -> None:
    async with opened(path) as store:
        store.note(call(allow(limit())))
    assert units(path) == {}


async def test_a_caller_that_goes_away_before_the_commit_gives_its_units_back(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        task = asyncio.create_task(store.admit(call(allow(limit()))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert units(path) == {f"n@{DAY}": "0"}
    assert rows(path, "SELECT result FROM outcomes") == [("not_sent",)]


async def test_a_caller_that_goes_away_just_after_the_commit_gives_its_units_back(path: Path) -> None:
    async with opened(path) as store:
        task = asyncio.create_task(store.admit(call(allow(limit()))))
        await asyncio.sleep(0)  # the task waits; the commit is the next thing to run
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
    assert units(path) == {f"n@{DAY}": "0"}


async def test_a_caller_that_goes_away_while_the_store_closes_gives_its_units_back(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        task = asyncio.create_task(store.admit(call(allow(limit()))))
        await asyncio.sleep(0)
        task.cancel()
        await store.aclose()
    assert units(path) == {f"n@{DAY}": "0"}
    await asyncio.wait([task])


async def test_a_second_caller_is_not_touched_by_the_cancellation_of_the_first(path: Path) -> None:
    async with opened(path) as store:
        first = asyncio.create_task(store.admit(call(allow(limit(maximum=2)))))
        second = asyncio.create_task(store.admit(call(allow(limit(maximum=2)))))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).decision.effect is Effect.ALLOW
        await asyncio.wait([first])


async def test_relaxed_calls_without_limits_do_not_wait_and_are_written_at_the_latest_when_closing(path: Path) -> None:
    async with opened(path, mode=AuditMode.RELAXED) as store:
        admissions = [await store.admit(call()) for _ in range(3)]
        assert rows(path, "SELECT seq FROM calls") == []
        for admission in admissions:
            assert admission.receipt is not None
            store.settle(admission.receipt, OK)
    assert rows(path, "SELECT calls.seq, result FROM calls JOIN outcomes USING (seq)") == [(n, "ok") for n in (1, 2, 3)]


async def test_relaxed_calls_with_limits_take_the_atomic_step_and_take_along_what_waits(path: Path) -> None:
    async with opened(path, mode=AuditMode.RELAXED) as store:
        queued = await store.admit(call(request_id="queued"))
        effects = [(await store.admit(call(allow(limit())))).decision.effect for _ in range(2)]
        assert effects == [Effect.ALLOW, Effect.DENY]
        assert rows(path, "SELECT seq, request_id FROM calls LIMIT 1") == [(1, "queued")]
        assert queued.receipt is not None
        store.settle(queued.receipt, NOT_SENT)
    assert rows(path, "SELECT seq, result FROM outcomes") == [(1, "not_sent")]


async def test_a_full_queue_denies_and_holds_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.stores.state_times.QUEUE_MAX", 3)
    async with opened(path, mode=AuditMode.RELAXED) as store:
        admissions = [await store.admit(call()) for _ in range(3)]
        with pytest.raises(StoreFault, match="too much waits for"):
            await store.admit(call())
        with pytest.raises(StoreFault, match="too much waits for"):
            store.note(call(DENIED))
        assert admissions[0].receipt is not None
        store.settle(admissions[0].receipt, OK)
        assert store.outcomes_lost == 1
    assert rows(path, "SELECT count(*) FROM calls") == [(3,)]


async def test_a_closed_store_denies(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        admission = await store.admit(call())
    with pytest.raises(StoreFault, match="closed"):
        await store.admit(call())
    with pytest.raises(StoreFault, match="closed"):
        store.note(call(DENIED))
    assert admission.receipt is not None
    store.settle(admission.receipt, OK)
    assert store.outcomes_lost == 1
    await store.aclose()


async def test_calls_that_wait_while_the_store_closes_are_written(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        waiting = asyncio.create_task(store.admit(call()))
        await asyncio.sleep(0)
    assert (await waiting).receipt is not None
    assert rows(path, "SELECT count(*) FROM calls") == [(1,)]


async def test_the_file_is_for_its_owner_only(path: Path) -> None:
    async with opened(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o600  # noqa: ASYNC240 - nobody else is on this loop


async def test_a_store_belongs_to_a_running_loop(path: Path) -> None:
    def outside() -> None:
        StateStore.open(path, clock=ManualClock())

    with pytest.raises(RuntimeError, match="no running event loop"):
        await asyncio.to_thread(outside)
