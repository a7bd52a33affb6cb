"""The decision log as people read it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.ledger_cases import DENIED, NOT_SENT, OK, allow, call, key, limit, opened
from tests.support.clock import START_NS
from yett.audit.record import Outcome, Refused, Result, SecurityRecord
from yett.errors import StoreFault
from yett.policy.decision import Effect
from yett.stores.state_figures import counters
from yett.stores.state_reader import LogEntry, LogFilter, StateReader, Stream
from yett.stores.state_reset import reset_counters

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
REFUSED = SecurityRecord(START_NS + 3 * SECOND, "r4", Refused.TOKEN, "no such token", "payments", "g9", "10.0.0.1", "ab", 17)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A log of four lines: a call that went well, a denied one, one that was not sent, a refused request."""
    path = tmp_path / "state.db"
    async with opened(path) as store:
        first = await store.admit(call(allow(limit(maximum=9)), request_id="r1"))
        assert first.receipt is not None
        store.settle(first.receipt, OK)
        store.note(call(DENIED, at_ns=START_NS + SECOND, request_id="r2", target="drop", grant_id="g2", grant_label="other"))
        third = await store.admit(
            call(allow(limit(maximum=9)), at_ns=START_NS + 2 * SECOND, request_id="r3", server_id="srv2", server_name="mail")
        )
        assert third.receipt is not None
        store.settle(third.receipt, NOT_SENT)
        store.note(REFUSED)
    return path


def ids(entries: list[LogEntry]) -> list[str | None]:
    return [entry.request_id for entry in entries]


pytestmark = pytest.mark.anyio


async def test_entries_of_all_streams_come_in_the_order_in_which_they_were_written(path: Path) -> None:
    with StateReader(path) as reader:
        entries = reader.entries(LogFilter(), 10)
    assert ids(entries) == ["r1", "r2", "r3", "r4"]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4]
    assert [entry.stream for entry in entries] == [Stream.CALLS] * 3 + [Stream.SECURITY]


async def test_an_entry_holds_what_was_recorded_and_what_became_of_it(path: Path) -> None:
    with StateReader(path) as reader:
        first, second, third, fourth = reader.entries(LogFilter(), 10)
    assert (first.decision, first.server, first.target, first.grant_label) == ("allow", "payments", "pay", "billing agent")
    assert first.more["argument_keys"] == ["amount", "currency"]
    assert first.more["reservations"] == [{"id": 1, "counter": "n", "bucket": START_NS // DAY, "amount": "1"}]
    assert first.outcome is not None
    assert (first.outcome.result, first.outcome.latency_us, first.outcome.given_back) == ("ok", 1_200, False)
    assert (second.code, second.message, second.outcome) == ("not_listed", "`drop` is not listed", None)
    assert third.outcome is not None
    assert third.outcome.given_back
    assert (fourth.decision, fourth.code, fourth.message) == ("refused", "token_refused", "no such token")
    assert fourth.more == {"body_digest": "ab", "body_bytes": 17}


async def test_an_entry_names_the_task_that_it_made_or_is_about(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    async with opened(path) as store:
        made, plain = await store.admit(call()), await store.admit(call())
        assert made.receipt is not None
        assert plain.receipt is not None
        store.settle(made.receipt, Outcome(Result.OK, START_NS, task="t-1"))
        store.settle(plain.receipt, Outcome(Result.OK, START_NS))
        await store.admit(call(method="tasks/get", task="t" * 5_000))
    with StateReader(path) as reader:
        first, second, third = (entry.more["task"] for entry in reader.entries(LogFilter(), 10))
    assert (first, second) == ("t-1", None)
    assert len(third) < 1_200


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (LogFilter(grant="g2"), ["r2"]),
        (LogFilter(grant="other"), ["r2"]),
        (LogFilter(grant="g9"), ["r4"]),
        (LogFilter(server="mail"), ["r3"]),
        (LogFilter(server="srv"), ["r1", "r2"]),
        (LogFilter(server="payments"), ["r1", "r2", "r4"]),
        (LogFilter(tool="drop"), ["r2"]),
        (LogFilter(decision="deny"), ["r2"]),
        (LogFilter(decision="refused"), ["r4"]),
        (LogFilter(code="not_listed"), ["r2"]),
        (LogFilter(code="token_refused"), ["r4"]),
        (LogFilter(stream=Stream.CALLS), ["r1", "r2", "r3"]),
        (LogFilter(stream=Stream.SECURITY), ["r4"]),
        (LogFilter(since_ns=START_NS + 2 * SECOND), ["r3", "r4"]),
        (LogFilter(after=2), ["r3", "r4"]),
        (LogFilter(grant="g1", decision="deny"), []),
        (LogFilter(stream=Stream.SECURITY, tool="drop"), []),
    ],
)
async def test_a_filter_keeps_only_what_it_names(path: Path, wanted: LogFilter, found: list[str]) -> None:
    with StateReader(path) as reader:
        assert ids(reader.entries(wanted, 10)) == found


async def test_a_limit_keeps_the_newest_and_after_a_number_the_next(path: Path) -> None:
    with StateReader(path) as reader:
        assert ids(reader.entries(LogFilter(), 2)) == ["r3", "r4"]
        assert ids(reader.entries(LogFilter(after=0), 2)) == ["r1", "r2"]
        assert reader.newest() == 4


async def test_following_yields_each_entry_once_as_it_is_written(path: Path) -> None:
    pending = ["r5", "r6"]
    async with opened(path) as store:

        def write_next() -> bool:
            if not pending:
                return False
            store.note(call(DENIED, request_id=pending.pop(0)))
            store._flush()
            return True

        with StateReader(path) as reader:
            followed = [entry.request_id for entry in reader.follow(LogFilter(after=2), write_next)]
    assert followed == ["r3", "r4", "r5", "r6"]


async def test_following_passes_over_nothing_that_is_written_while_it_reads(path: Path) -> None:
    turns, pending = iter([True, False]), ["r6", "r5"]
    async with opened(path) as store:
        with StateReader(path) as reader:

            def write_in_between(_: object, sql: str, __: object) -> bool:
                if "kind AS code" in sql and pending:
                    store.note(call(DENIED, request_id=pending.pop()))
                    store.note(replace(REFUSED, request_id=pending.pop()))
                    store._flush()
                return True

            reader._connection.exec_trace = write_in_between
            followed = [entry.request_id for entry in reader.follow(LogFilter(after=4), lambda: next(turns))]
    assert followed == ["r5", "r6"]


async def test_an_entry_that_is_written_only_now_is_waited_for_and_one_that_never_comes_is_not(path: Path) -> None:
    with StateReader(path) as reader:
        assert reader.wait_for(LogFilter(after=4), timeout_s=0.01) is None
        found: list[LogEntry | None] = []
        waiting = threading.Thread(target=lambda: found.append(StateReader(path).wait_for(LogFilter(after=4, tool="late"))))
        waiting.start()
        async with opened(path) as store:
            store.note(call(DENIED, target="late"))
        waiting.join()
    assert found[0] is not None
    assert found[0].seq == 5


async def test_a_search_by_time_looks_only_at_the_end_of_a_long_log(path: Path) -> None:
    async with opened(path) as store:
        for hour in range(1, 200):
            store.note(call(DENIED, at_ns=START_NS + hour * 3_600 * SECOND))
    with StateReader(path) as reader:
        floor = reader.first_since(START_NS + 150 * 3_600 * SECOND)
        assert 150 <= floor <= 154
        assert len(reader.entries(LogFilter(since_ns=START_NS + 150 * 3_600 * SECOND), 1_000)) == 50
        assert reader.first_since(START_NS + 10**18) == reader.newest() + 1


async def test_a_reset_empties_the_counter_for_a_running_store_and_stays_in_the_log(path: Path) -> None:
    full = allow(limit(key("full"), maximum=1))
    async with opened(path) as store:
        await store.admit(call(full))
        with StateReader(path) as reader:
            [figures] = [figures for figures in counters(reader, START_NS) if figures.key.name == "full"]
        reset_counters(path, [figures], actor="ann", now_ns=START_NS + 5)
        assert (await store.admit(call(full))).decision.effect is Effect.ALLOW
    with StateReader(path) as reader:
        [event] = reader.entries(LogFilter(stream=Stream.EVENTS), 10)
    assert (event.code, event.at_ns, event.seq, event.more["actor"]) == ("limits_reset", START_NS + 5, 6, "ann")
    assert event.more["detail"] == {
        **{"counter": "full", "scope": "grant", "owner": ["org", "srv", "g1"], "window": "day"},
        **{"sliding": False, "shadow": False, "used": "1", "maximum": "1"},
    }


async def test_units_given_back_after_a_reset_are_not_taken_off_what_was_charged_since(path: Path) -> None:
    async with opened(path) as store:
        admission = await store.admit(call(allow(limit(key("late"), maximum=5, amount=2))))
        with StateReader(path) as reader:
            reset_counters(path, list(counters(reader, START_NS)), actor="ann", now_ns=START_NS)
        await store.admit(call(allow(limit(key("late"), maximum=5))))
        assert admission.receipt is not None
        store.settle(admission.receipt, NOT_SENT)
    with StateReader(path) as reader:
        assert {figures.key.name: figures.used for figures in counters(reader, START_NS)} == {"n": 0, "late": 1}


async def test_a_log_that_does_not_exist_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match=r"there is no `.*` yet: nothing has been recorded here"):
        StateReader(tmp_path / "state.db")


async def test_a_damaged_log_is_said_to_be(path: Path) -> None:
    content = bytearray(path.read_bytes())  # noqa: ASYNC240 - nobody else is on this loop
    content[4_096:] = b"\xee" * (len(content) - 4_096)
    path.write_bytes(content)  # noqa: ASYNC240 - nobody else is on this loop
    with StateReader(path) as reader, pytest.raises(StoreFault, match="is damaged"):
        reader.entries(LogFilter(), 5)


async def test_the_reader_cannot_write(path: Path) -> None:
    with StateReader(path) as reader, pytest.raises(StoreFault):
        reader.rows("DELETE FROM calls")
