"""Policies of a change are compiled beside the loop, within bounds, before the change counts."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.policies import ALLOW_ALL, DENY_ALL
from tests.support.snapshots import ORIGIN, delta, policy
from yett.gateway import ahead
from yett.gateway.active import ActiveSnapshot, OutOfStep
from yett.gateway.ahead import jobs_of, made_ahead
from yett.gateway.snapshot import PolicyEntry, SnapshotData
from yett.policy.decision import Surface

pytestmark = pytest.mark.anyio


def revision_of(active: ActiveSnapshot, id: str) -> str | None:
    snapshot = active.current()
    assert snapshot is not None
    used = snapshot.policies[id].active
    return None if used is None else used.revision


def large(id: str, size: int) -> PolicyEntry:
    document = json.dumps({"version": "1", "default": "deny", "description": "x" * size})
    return replace(policy(id), document=document)


@pytest.fixture
def active() -> ActiveSnapshot:
    made = ActiveSnapshot()
    made.apply(SnapshotData(origin=ORIGIN, revision=1, policies=[policy("p", "1-a", DENY_ALL)]))
    return made


async def test_a_policy_is_compiled_on_another_thread_and_judges_when_the_change_was_taken(
    active: ActiveSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Any = vars(ahead)["make"]
    threads: list[threading.Thread] = []

    def noted(*told: Any) -> Any:
        threads.append(threading.current_thread())
        assert revision_of(active, "p") == "1-a", "what was active judges until then"
        return made(*told)

    monkeypatch.setattr(ahead, "make", noted)
    assert await active.take(delta(2, policies=[policy("p", "2-b", ALLOW_ALL)])) == []
    assert revision_of(active, "p") == "2-b"
    assert threads != [threading.main_thread()]
    assert len(threads) == 1


async def test_the_loop_goes_on_while_a_large_policy_is_compiled(active: ActiveSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = vars(ahead)["make"]
    heard = threading.Event()

    def waiting(*told: Any) -> Any:
        assert heard.wait(10), "the loop is not held up"
        return made(*told)

    monkeypatch.setattr(ahead, "make", waiting)
    taking = asyncio.ensure_future(active.take(delta(2, policies=[policy("p", "2-b")])))
    await asyncio.sleep(0)
    assert not taking.done()
    heard.set()
    await taking
    assert revision_of(active, "p") == "2-b"


async def test_one_that_cannot_be_read_leaves_the_one_before_and_is_told(active: ActiveSnapshot) -> None:
    (problem,) = await active.take(delta(2, policies=[replace(policy("p", "2-b"), document="{}")]))
    assert problem.startswith("policy `name-p` revision 2-b cannot be read, revision 1-a stays: ")
    assert revision_of(active, "p") == "1-a"
    _, problem = await active.take(delta(3, policies=[replace(policy("q", "1-a"), document="[]")]))
    assert "there is no earlier one" in problem
    assert revision_of(active, "q") is None


async def test_a_change_that_does_not_follow_changes_nothing(active: ActiveSnapshot) -> None:
    with pytest.raises(OutOfStep):
        await active.take(delta(8, policies=[policy("p", "8-x")]))
    assert revision_of(active, "p") == "1-a"


async def test_what_the_revision_before_was_asked_is_worked_out_ahead(active: ActiveSnapshot) -> None:
    snapshot = active.current()
    assert snapshot is not None
    before = snapshot.policies["p"].use()
    assert before is not None
    for number in range(ahead.PLANS + 1):
        before.compiled.plan(Surface.TOOL, f"tool-{number}", None)
    made = await made_ahead([policy("p", "2-b", ALLOW_ALL)], snapshot.policies)
    compiled = made["p"].compiled
    assert compiled is not None
    asked = compiled.asked(1_000)
    assert len(asked) == ahead.PLANS
    assert (Surface.TOOL, f"tool-{ahead.PLANS}", None) in asked
    assert (Surface.TOOL, "tool-0", None) not in asked, "what was asked longest ago is left out"


async def test_what_is_known_already_is_not_compiled_again(active: ActiveSnapshot) -> None:
    snapshot = active.current()
    assert snapshot is not None
    assert jobs_of([policy("p", "1-a", DENY_ALL)], snapshot.policies) == []
    assert await made_ahead([], snapshot.policies) == {}


async def test_of_more_than_is_compiled_ahead_only_what_is_in_use_is(active: ActiveSnapshot) -> None:
    snapshot = active.current()
    assert snapshot is not None
    entries = [large("a", ahead.AHEAD_BYTES // 2), large("b", ahead.AHEAD_BYTES // 2), policy("p", "2-b")]
    assert [job.entry.id for job in jobs_of(entries, snapshot.policies)] == ["p"]
    assert [job.entry.id for job in jobs_of(entries[1:], snapshot.policies)] == ["b", "p"]
    await active.take(delta(2, policies=entries))
    assert (revision_of(active, "p"), revision_of(active, "a")) == ("2-b", None)
    now = active.current()
    assert now is not None
    assert now.policies["a"].use() is not None, "the others wait for their first use"


async def test_threads_take_the_turns_that_they_took_before(active: ActiveSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = sys.getswitchinterval()
    turns: list[float] = []

    def failing(*_: Any) -> Any:
        turns.append(sys.getswitchinterval())
        raise ZeroDivisionError

    monkeypatch.setattr(ahead, "make", failing)
    with pytest.raises(ZeroDivisionError):
        await made_ahead([policy("p", "2-b")], {})
    assert turns == [pytest.approx(ahead.TURN_S)]
    assert sys.getswitchinterval() == usual
