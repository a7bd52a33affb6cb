"""A file that cannot be used denies calls with a sentence to act upon, and is used again as soon as it can be."""

# ruff: noqa: ASYNC221, ASYNC240 - a test has its event loop to itself: files and `mount` may block it

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from tests.stores.ledger_cases import DENIED, NOT_SENT, OK, allow, call, key, limit, opened, rows, units
from tests.support.clock import START_NS, ManualClock
from yett.audit.mode import AuditMode
from yett.errors import StoreFault
from yett.policy.decision import Effect
from yett.stores import state_file, state_threads
from yett.stores.state import StateStore
from yett.stores.state_file import SCHEMA_VERSION, open_reader

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials after a fault follow quickly."""
    monkeypatch.setattr("yett.stores.state_times.PROBE_S", 0.01)
    monkeypatch.setattr(state_threads, "CHECKPOINT_EVERY_S", 0.01)
    monkeypatch.setattr("yett.stores.state_times.CLOSING_PATIENCE_S", 0.05)


@contextlib.contextmanager
def mounted(directory: Path, *options: str) -> Iterator[None]:
    """A file system in memory on `directory`; skips where this user may not mount."""
    directory.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", *options, "tmpfs", directory], capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


@contextlib.contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Another connection keeps the file locked until the function is called."""
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    try:
        yield lambda: other.execute("ROLLBACK").get
    finally:
        other.close()


async def until(condition: Callable[[], bool]) -> None:
    started = asyncio.get_running_loop().time()
    while not condition():
        assert asyncio.get_running_loop().time() < started + 5
        await asyncio.sleep(0.001)


async def open_fails(path: Path, sentence: str, **options: float) -> None:
    with pytest.raises(StoreFault, match=sentence):
        StateStore.open(path, clock=ManualClock(), **options)  # type: ignore[arg-type]  # only patience_s


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    async with opened(path):
        pass
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    await open_fails(path, r"written by a newer yett \(its schema is 5, this one knows 4\): use that version")
    assert rows(path, "PRAGMA user_version") == [(SCHEMA_VERSION + 1,)]


SINCE_3 = ("task_bindings", "approvals", "exemptions", "delegations", "approval_notices", "consents")


@pytest.mark.parametrize("reads_first", [False, True])
@pytest.mark.parametrize(("version", "lacking"), [(1, ("tasks", *SINCE_3)), (2, SINCE_3), (3, SINCE_3[:1])])
async def test_a_file_of_an_earlier_version_gets_what_it_lacks_from_whoever_opens_it_first(
    path: Path, reads_first: bool, version: int, lacking: tuple[str, ...]
) -> None:
    async with opened(path) as store:
        await store.admit(call(allow()))
    connection = apsw.Connection(str(path))
    for table in lacking:
        connection.execute(f"DROP TABLE {table}")
    connection.pragma("user_version", version)
    connection.close()
    if reads_first:
        open_reader(path).close()
    async with opened(path) as store:
        await store.admit(call(allow(), task="t-1"))
    assert rows(path, "SELECT task FROM calls LEFT JOIN tasks USING (seq)") == [(None,), ("t-1",)]


async def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    await open_fails(path, "is a database of another program: move it away")
    assert rows(path, "SELECT name FROM sqlite_master") == [("theirs",)]


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 4_000])
async def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    await open_fails(path, "is damaged: put back a copy, or move it away together with its `-wal` and `-shm`")
    assert path.read_bytes() == content


async def test_damage_that_shows_while_running_denies(path: Path) -> None:
    async with opened(path) as store:
        await store.admit(call(allow(limit(maximum=9))))
    pages = [
        page for (page,) in rows(path, "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('calls', 'counters', 'buckets')")
    ]
    content = bytearray(path.read_bytes())
    for page in pages:
        content[(page - 1) * 4_096 : page * 4_096] = b"\xee" * 4_096
    path.write_bytes(content)
    async with opened(path) as store:
        with pytest.raises(StoreFault, match="is damaged: put back a copy"):
            await store.admit(call(allow(limit(maximum=9))))
        with pytest.raises(StoreFault, match="is damaged: put back a copy"):
            store.usage([key()], START_NS)


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    await open_fails(tmp_path / "none" / "state.db", "cannot open `.*/none/state.db`: No such file or directory; make the state")


async def test_a_directory_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()
    await open_fails(path, "cannot write `.*/state.db`: make the file and its directory writable")


@pytest.mark.parametrize("existing", [False, True], ids=["new file", "existing file"])
async def test_a_directory_that_may_not_be_written_is_refused(tmp_path: Path, existing: bool) -> None:
    directory = tmp_path / "read-only"
    with contextlib.ExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(mounted(directory))
        else:
            directory.mkdir()
        if existing:
            async with opened(directory / "state.db"):
                pass
        if os.geteuid() == 0:
            subprocess.run(["mount", "-o", "remount,ro", directory], check=True)
        else:
            directory.chmod(0o500)
            (directory / "state.db").chmod(0o400)
        await open_fails(directory / "state.db", "writable for this user")


async def test_a_file_locked_while_opening_is_refused_after_the_patience(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "BUSY_TIMEOUT_S", 0.05)
    other = apsw.Connection(str(path))
    other.execute("BEGIN EXCLUSIVE; CREATE TABLE x (y)")
    await open_fails(path, "locked by another process for longer than 0.05 s: end the program that holds it")
    other.close()


@pytest.mark.parametrize("fsync", [False, True], ids=["loop", "fsync"])
async def test_a_lock_held_for_too_long_denies_and_its_end_admits_again(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync, patience_s=0.05) as store:
        with held(path) as release:
            with pytest.raises(StoreFault, match=r"has been locked by another process for longer than 0\.05 s"):
                await store.admit(call(allow(limit())))
            with pytest.raises(StoreFault, match="has been locked"):
                await store.admit(call())
            assert store.fault is not None
            release()
            await until(lambda: store.fault is None)
        assert (await store.admit(call(allow(limit())))).decision.effect is Effect.ALLOW
    assert rows(path, "SELECT action FROM events") == [("ledger_recovered",)]


async def test_a_short_lock_is_waited_for_while_the_loop_does_other_work(path: Path) -> None:
    async with opened(path) as store:
        with held(path) as release:
            waiting = asyncio.create_task(store.admit(call()))
            turns = 0
            while turns < 50:
                await asyncio.sleep(0)
                turns += 1
            assert not waiting.done()
            store.note(call(DENIED))
            release()
            assert (await waiting).receipt is not None
    assert rows(path, "SELECT decision FROM calls") == [("allow",), ("deny",)]


@pytest.mark.parametrize("fsync", [False, True], ids=["loop", "fsync"])
async def test_records_and_outcomes_of_a_locked_time_are_written_after_it_in_their_order(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync, patience_s=0.02) as store:
        admission = await store.admit(call(allow(limit())))
        assert admission.receipt is not None
        with held(path) as release:
            store.settle(admission.receipt, NOT_SENT)
            store.note(call(DENIED, request_id="first"))
            waiting = asyncio.create_task(store.admit(call()))
            await asyncio.sleep(0.001)  # the first record is on its way to the thread
            store.note(call(DENIED, request_id="second"))
            with pytest.raises(StoreFault):
                await waiting
            store.note(call(DENIED, request_id="third"))
            release()
            await until(lambda: store.fault is None)
    assert list(units(path).values()) == ["0"]
    assert rows(path, "SELECT request_id FROM calls WHERE decision = 'deny'") == [("first",), ("second",), ("third",)]


async def test_a_full_disk_denies_until_there_is_space_again(tmp_path: Path) -> None:
    directory = tmp_path / "disk"
    with mounted(directory, "-o", "size=1m"):
        async with opened(directory / "state.db") as store:
            admitted = 0
            with pytest.raises(StoreFault, match=r"no space left for .*: free some|the disk under .* fails \(SQLITE_IOERR_.*\)"):
                while admitted < 5_000:
                    await store.admit(call(allow(limit(maximum=10**6))))
                    admitted += 1
            with pytest.raises(StoreFault, match=r"calls are denied until then"):
                await store.admit(call())
            subprocess.run(["mount", "-o", "remount,size=8m", directory], check=True)
            await until(lambda: store.fault is None)
            await store.admit(call(allow(limit(maximum=10**6))))
        assert rows(directory / "state.db", "SELECT count(*) FROM calls") == [(admitted + 1,)]
        assert list(units(directory / "state.db").values()) == [str(admitted + 1)]


@pytest.mark.parametrize("fsync", [False, True], ids=["loop", "fsync"])
async def test_a_file_at_its_greatest_size_denies_and_nothing_of_the_group_is_kept(path: Path, fsync: bool) -> None:
    async with opened(path, fsync=fsync) as store:
        admission = await store.admit(call(allow(limit(maximum=10**6))))
        pages = store._connection.pragma("page_count")
        store._connection.pragma("max_page_count", pages)
        assert admission.receipt is not None
        store.settle(admission.receipt, OK)
        store.note(call(DENIED))
        # Too much for the pages that are left: all are denied, though a few would fit.
        calls = [call(allow(limit(maximum=10**6)), target="x" * 1_000) for _ in range(50)]
        answers = await asyncio.wait({asyncio.create_task(store.admit(record)) for record in calls})
        for task in answers[0]:
            assert "free some on its disk; calls are denied until then" in str(task.exception())
        store._connection.pragma("max_page_count", 10**9)
        await until(lambda: store.fault is None)
        await store.admit(call(allow(limit(maximum=10**6))))
    assert rows(path, "SELECT decision FROM calls") == [("allow",), ("deny",), ("allow",)]
    assert rows(path, "SELECT result FROM outcomes") == [("ok",)]
    assert list(units(path).values()) == ["2"]


async def test_a_file_that_was_removed_or_replaced_denies_for_good(path: Path) -> None:
    async with opened(path) as store:
        await store.admit(call())
        path.rename(path.with_name("old.db"))
        await until(lambda: store.fault is not None)
        with pytest.raises(StoreFault, match="was removed or replaced while in use: restart"):
            await store.admit(call())
        path.with_name("old.db").rename(path)
        with pytest.raises(StoreFault, match="was removed or replaced"):
            await store.admit(call())


async def test_what_cannot_be_written_when_closing_is_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(path) as store:
        store.note(call(DENIED))
        with held(path):
            await store.aclose()
        assert store._timer is None
    assert "1 records could not be written" in caplog.text


async def test_relaxed_records_queue_while_the_file_fails_up_to_the_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.stores.state_times.QUEUE_MAX", 4)
    async with opened(path, mode=AuditMode.RELAXED, patience_s=0.01) as store:
        with held(path) as release:
            store.note(call(DENIED))
            with pytest.raises(StoreFault):
                await store.admit(call(allow(limit())))
            with pytest.raises(StoreFault, match="has been locked"):
                await store.admit(call())
            for _ in range(3):
                store.note(call(DENIED))
            with pytest.raises(StoreFault, match="too much waits"):
                store.note(call(DENIED))
            release()
            await until(lambda: store.fault is None)
    assert rows(path, "SELECT count(*) FROM calls") == [(4,)]


async def test_the_write_ahead_log_is_moved_into_the_file_while_calls_go_on(path: Path) -> None:
    async with opened(path) as store:
        for _ in range(50):
            await store.admit(call())
        await until(lambda: path.stat().st_size > 5 * 4_096)


async def test_the_checkpointer_keeps_the_write_ahead_log_from_growing_under_load(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_threads, "RESTART_AFTER_PAGES", 100)
    wal = path.with_name("state.db-wal")
    async with opened(path) as store:
        largest = 0
        for _ in range(3_000):
            await store.admit(call(allow(limit(maximum=10**6))))
            largest = max(largest, wal.stat().st_size)
    assert largest < 3_000 * 3 * 4_096 / 4


async def test_a_checkpoint_that_fails_is_said_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0

    def failing(_: object, __: object) -> None:
        nonlocal turns
        turns += 1
        raise apsw.IOError("disk on fire")

    monkeypatch.setattr(state_threads.Checkpointer, "_checkpoint", failing)
    with caplog.at_level(logging.WARNING):
        async with opened(path) as store:
            await store.admit(call())
            await until(lambda: turns > 3)
    assert caplog.text.count("disk on fire") == 1


def test_the_library_is_free_of_the_wal_reset_bug() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)
    assert sys.modules["apsw"] is apsw
