"""Tasks as rows: read at once, written with the group of their call, bounded, and of nobody where two were given one id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores.ledger_cases import OK, allow, call, opened, rows
from tests.support.clock import START_NS, ManualClock
from yett.ports import StoredTask
from yett.stores import state_tasks
from yett.stores.state import StateStore
from yett.stores.state_file import open_writer
from yett.stores.state_tasks import TaskRows, forget_tasks

pytestmark = pytest.mark.anyio

MINUTE_NS = 60 * 1_000_000_000


def task(id: str = "t", grant_id: str = "g1", **members: Any) -> StoredTask:
    usual: dict[str, Any] = {
        "server_id": "srv",
        "id": id,
        "grant_id": grant_id,
        "child": "",
        "upstream": "here",
        "run": "",
        "tool": "echo",
        "arguments": b"\x00sealed\xff",
        "covers": ("/tools/echo",),
        "asked": ("name", "a b"),
        "made_ns": START_NS,
        "until_ns": START_NS + MINUTE_NS,
        "collected": False,
        "contested": False,
    }
    return StoredTask(**{**usual, **members})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[StateStore]:
    async with opened(path) as store:
        yield store


async def made(store: StateStore, *tasks: StoredTask) -> None:
    """These, and a call that is settled after them."""
    admission = await store.admit(call(allow()))
    for one in tasks:
        store.tasks.keep(one)
    assert admission.receipt is not None
    store.settle(admission.receipt, OK)


async def test_a_task_is_there_for_others_as_soon_as_its_call_is_settled(store: StateStore, path: Path) -> None:
    await made(store, task())
    async with opened(path) as other:
        assert other.tasks.find("srv", "t", "g1") == [task()]


async def test_it_is_written_in_one_transaction_with_the_outcome_of_its_call(store: StateStore, path: Path) -> None:
    commits = store._committer.commits
    await made(store, task())
    assert store._committer.commits == commits + 2, "the record of the call, and its outcome with the task"
    assert rows(path, "SELECT count(*) FROM outcomes") == [(1,)]


@pytest.mark.parametrize("fsync", [False, True])
async def test_what_is_kept_is_written_at_the_end_if_not_before(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        store.tasks.keep(task())
    async with opened(path, fsync=fsync) as store:
        assert store.tasks.find("srv", "t", "g1") == [task()]


@pytest.mark.parametrize("strange", [{"server_id": "other"}, {"id": "other"}, {"grant_id": "g2"}])
async def test_nobody_finds_what_is_anothers(store: StateStore, strange: dict[str, str]) -> None:
    await made(store, task())
    asked = {"server_id": "srv", "id": "t", "grant_id": "g1", **strange}
    assert store.tasks.find(asked["server_id"], asked["id"], asked["grant_id"]) == []


async def test_an_id_that_two_grants_were_given_is_contested_until_its_time_is_over(store: StateStore) -> None:
    await made(store, task())
    late = task(grant_id="g2", made_ns=START_NS + MINUTE_NS, until_ns=START_NS + 2 * MINUTE_NS)
    assert store.tasks.is_taken(task(grant_id="g2"))
    assert not store.tasks.is_taken(task())
    assert not store.tasks.is_taken(task(grant_id="g2", upstream="there"))
    assert not store.tasks.is_taken(late)
    await made(store, task(grant_id="g2"))
    assert [store.tasks.find("srv", "t", grant)[0].contested for grant in ("g1", "g2")] == [True, True]
    await made(store, task())
    assert store.tasks.find("srv", "t", "g1")[0].contested, "however often it is given"
    await made(store, late)
    assert store.tasks.find("srv", "t", "g1") == []
    assert store.tasks.find("srv", "t", "g2") == [late]


async def test_the_same_id_of_two_channels_is_two_tasks(store: StateStore) -> None:
    await made(store, task(child="s1"), task(child="s2", grant_id="g2"), task(child="s2"))
    assert {found.child for found in store.tasks.find("srv", "t", "g1")} == {"s1", "s2"}
    assert [found.contested for found in store.tasks.find("srv", "t", "g1")] == [False, True]


async def test_a_grant_keeps_so_many_and_what_was_collected_gives_way_first(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_tasks, "GRANT_ROWS_MAX", 3)
    await made(store, *(task(f"t{number}", made_ns=START_NS + number, collected=number == 1) for number in range(4)))
    await made(store, task("other", "g2"))
    assert [bool(store.tasks.find("srv", f"t{number}", "g1")) for number in range(4)] == [True, False, True, True]
    await made(store, task("t4", made_ns=START_NS + 4))
    assert [bool(store.tasks.find("srv", f"t{number}", "g1")) for number in range(5)] == [False, False, True, True, True]
    assert store.tasks.find("srv", "other", "g2")


@pytest.mark.parametrize("long", [{"arguments": bytes(400)}, {"asked": ("k" * 400,)}])
async def test_what_is_kept_for_a_grant_is_bounded(
    store: StateStore, monkeypatch: pytest.MonkeyPatch, long: dict[str, Any]
) -> None:
    monkeypatch.setattr(state_tasks, "GRANT_BYTES_MAX", 1_000)
    await made(store, *(task(f"t{number}", made_ns=START_NS + number, **long) for number in range(3)))
    assert [bool(store.tasks.find("srv", f"t{number}", "g1")) for number in range(3)] == [False, True, True]


@pytest.mark.parametrize(("name", "most"), [("ROWS_MAX", 8), ("BYTES_MAX", 8 * 45)])
async def test_all_together_are_bounded_and_what_ends_first_gives_way(
    store: StateStore, path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(state_tasks, name, most)
    monkeypatch.setattr(state_tasks, "WEIGH_EVERY", 4)
    for number in range(40):
        await made(store, task(f"t{number}", f"g{number}", until_ns=START_NS + MINUTE_NS + number, arguments=bytes(10)))
    assert rows(path, "SELECT count(*) FROM task_bindings")[0][0] <= 8 + 4
    assert store.tasks.find("srv", "t39", "g39")


async def test_what_is_over_is_deleted_by_the_way(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        await made(store, task(), task("later", until_ns=START_NS + 10 * MINUTE_NS))
        clock.advance(120)
        await made(store)
        assert rows(path, "SELECT task FROM task_bindings") == [("later",)]


async def test_a_backup_is_put_back_without_its_tasks(store: StateStore, path: Path) -> None:
    await made(store, task())
    forget_tasks(path)
    assert store.tasks.find("srv", "t", "g1") == []


def test_no_look_reads_the_whole_table(path: Path) -> None:
    connection = open_writer(path)
    TaskRows(connection.cursor()).write([task()])
    for query, values in (
        (state_tasks._FIND, ("srv", "t", "g1")),
        (state_tasks._TAKEN, ("srv", "t", "", "here", START_NS, "g2")),
        (state_tasks._END, ("srv", "t", START_NS)),
        (state_tasks._CONTEST, ("srv", "t", "", "here", "g2")),
        (state_tasks._OF_GRANT, ("g1",)),
        (state_tasks._YIELD_OF_GRANT, ("g1",)),
        (state_tasks._YIELD, (1,)),
        (state_tasks._PRUNE, (START_NS, 1)),
    ):
        plan: list[Any] = connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
        steps = [row[3] for row in plan]
        assert all("SEARCH" in step or "INDEX" in step or "SUBQUERY" in step for step in steps if "CONSTANT" not in step), steps
        assert not any("TEMP B-TREE" in step for step in steps), steps
    connection.close()
