"""The control plane's end of the feed."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.gateway.feeds import until
from tests.support.feed import SOON_S, Gate, following, offer, snapshot
from tests.support.snapshots import delta, grant
from tests.support.snapshots import policy as make_policy
from yett.admin.desk import Applied
from yett.admin.publish import Publisher
from yett.errors import OperatorFault
from yett.gateway.active import ActiveSnapshot, Snapshot
from yett.gateway.feed_frames import Change, Hello, Used, encode_frame, read_frame
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.snapshot_file import load_snapshot
from yett.gateway.whole import as_delta

pytestmark = pytest.mark.anyio


def modes_in(directory: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


async def test_the_present_snapshot_is_the_answer_to_hello(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "snapshot.json")
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(7))
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(encode_frame(Hello(pid=1, listening="")))
        async with asyncio.timeout(SOON_S):
            assert await read_frame(reader) == Change(as_delta(snapshot(7)))
        writer.close()


async def test_problems_come_back_with_the_answer(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate(problems=["the policy `p` cannot be compiled"])
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, snapshot(1))
        await gate.reaches(1)
        told = "the policy `p` cannot be compiled"
        assert await offer(publisher, snapshot(2)) == Applied(applied=True, note=told, of_all=True)


async def test_a_snapshot_that_is_refused_is_answered_and_does_not_end_the_feed(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, snapshot(1))
        await gate.reaches(1)
        gate.refuses = True
        answer = await offer(publisher, snapshot(2))
        assert not answer.applied
        assert answer.note == "the snapshot was refused, the one before stays: no room"
        gate.refuses = False
        assert await offer(publisher, snapshot(3)) == Applied(applied=True)


async def test_a_data_plane_that_does_not_answer_is_not_waited_for_long(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "snapshot.json", ack_wait_s=0.05)
    async with publisher.listening(tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(b"\x00\x00\x00\x2e" + b'{"type":"hello","pid":1,"listening":"silent"}'.ljust(0x2E))
        async with asyncio.timeout(SOON_S):
            while not publisher.data_planes():  # noqa: ASYNC110 - the publisher tells nobody of arrivals
                await asyncio.sleep(0)
        answer = await offer(publisher, snapshot(1))
        assert not answer.applied
        assert answer.note is not None
        assert "did not answer within 0.05 s" in answer.note
        assert await read_frame(reader) is not None
        writer.close()


async def test_the_last_word_is_on_disk_before_it_is_sent_and_for_its_owner_alone(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "snapshot.json")
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(3))
        assert load_snapshot(tmp_path / "snapshot.json") == snapshot(3)
        assert modes_in(tmp_path) == {0o600}


async def test_a_disk_that_cannot_be_written_is_told_and_the_gate_gets_the_change(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "none" / "snapshot.json"), Gate()
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, snapshot(1))
        await gate.reaches(1)
        answer = await offer(publisher, snapshot(2))
        assert answer.applied
        assert answer.note is not None
        assert "a data plane that starts without the control plane would not know" in answer.note


async def test_a_path_too_long_for_a_socket_is_told_with_its_remedy(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "snapshot.json")
    with pytest.raises(OperatorFault, match=r"a shorter `state\.directory`"):
        async with publisher.listening(tmp_path / ("s" * 120)):
            pass


async def test_a_change_is_applied_before_the_administrator_hears_of_it(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, snapshot(1))
        await gate.reaches(1)
        assert await offer(publisher, snapshot(2)) == Applied(applied=True)
        assert gate.revisions[-1] == 2
        (view,) = publisher.data_planes()
        assert (view.revision, view.listening) == (2, "http://here")


async def test_a_data_plane_that_comes_later_gets_the_present_snapshot(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    async with publisher.listening(tmp_path / "s"):
        answer = await offer(publisher, snapshot(7))
        assert (answer.applied, answer.note) == (False, "no data plane is connected; the change counts when one starts")
        async with following(tmp_path, gate):
            await gate.reaches(7)


# --- changes ----------------------------------------------------------------------------------------------------------------


async def change(publisher: Publisher, delta: SnapshotDelta) -> Applied:
    """As an admin's thread does it."""
    return await asyncio.to_thread(lambda: publisher.offer(delta)())


async def test_a_change_reaches_every_data_plane_and_only_the_change_is_sent(tmp_path: Path) -> None:
    publisher, planes = Publisher(tmp_path / "snapshot.json"), [Gate(), Gate()]
    async with publisher.listening(tmp_path / "s"), following(tmp_path, planes[0]), following(tmp_path, planes[1]):
        await offer(publisher, snapshot(1))
        await connected(publisher, 2)
        assert await change(publisher, delta(2, origin="o", stopped=["x"])) == Applied(applied=True)
        assert [(plane.deltas[-1].previous, plane.deltas[-1].stopped) for plane in planes] == [(1, ["x"])] * 2


async def test_a_change_is_known_everywhere_only_when_the_last_data_plane_knows_it(tmp_path: Path) -> None:
    publisher, quick, slow = Publisher(tmp_path / "snapshot.json", ack_wait_s=0.1), Gate(), Gate()
    async with publisher.listening(tmp_path / "s"), following(tmp_path, quick):
        await offer(publisher, snapshot(1))
        await connected(publisher)
        async with silent(tmp_path) as reader:
            answer = await change(publisher, delta(2, origin="o"))
            assert quick.revisions[-1] == 2
            assert (answer.applied, "did not answer" in (answer.note or "")) == (False, True)
            assert isinstance(await read_frame(reader), Change)
    assert slow.revisions == []


@asynccontextmanager
async def silent(directory: Path) -> AsyncIterator[asyncio.StreamReader]:
    """A data plane that is connected and acknowledges nothing."""
    reader, writer = await asyncio.open_unix_connection(directory / "s")
    writer.write(encode_frame(Hello(pid=1, listening="")))
    assert isinstance(await read_frame(reader), Change)
    yield reader
    writer.close()


async def test_before_there_is_a_whole_a_change_is_not_sent_since_it_will_be_in_it(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        assert publisher.known() is None
        assert not (await change(publisher, delta(3, origin="o"))).applied
        await offer(publisher, snapshot(4))
        await gate.reaches(4)
        assert (gate.revisions, publisher.known()) == ([4], ("o", 4))


async def test_one_that_comes_later_gets_what_the_changes_add_up_to_without_anybody_asking_the_database(tmp_path: Path) -> None:
    publisher, active = Publisher(tmp_path / "snapshot.json"), ActiveSnapshot()
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(1))
        await change(publisher, delta(2, origin="o", grants=[grant("a"), grant("b")]))
        await change(publisher, delta(3, origin="o", grants_gone=["a"]))
        async with following(tmp_path, active):
            await reaches(active, 3)
        assert list(_current(active).grants_by_id) == ["b"]


async def test_a_data_plane_that_cannot_follow_asks_for_the_whole(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, snapshot(1))
        await connected(publisher)
        gate.deltas.clear()
        gate.refuses = True
        assert not (await change(publisher, delta(2, origin="o"))).applied
        gate.refuses = False
        assert await change(publisher, delta(3, origin="o")) == Applied(applied=True)
        assert [(one.revision, one.previous) for one in gate.deltas] == [(3, None)]


async def test_changes_that_come_while_the_whole_is_on_its_way_follow_it(tmp_path: Path) -> None:
    publisher, active = Publisher(tmp_path / "snapshot.json"), ActiveSnapshot()
    policies = [make_policy(f"p{number}", document={"x": "x" * 100_000}) for number in range(40)]
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, SnapshotData(revision=1, origin="o", policies=policies))
        async with following(tmp_path, active):
            changes = [asyncio.ensure_future(change(publisher, delta(2, origin="o", grants=[grant("a")])))]
            await asyncio.wait(changes)
            changes += [asyncio.ensure_future(change(publisher, delta(3, origin="o", grants=[grant("b")])))]
            await asyncio.wait(changes)
            await reaches(active, 3)
        assert len(_current(active).policies) == 40
        assert list(_current(active).grants_by_id) == ["a", "b"]


async def test_one_that_does_not_read_is_cut_off_and_gets_the_whole_when_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yett.admin.publish.PENDING_MAX", 3)
    publisher = Publisher(tmp_path / "snapshot.json", ack_wait_s=0.01)
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(1))
        async with silent(tmp_path):
            large = make_policy("p", document={"x": "x" * 2_000_000})
            for revision in range(2, 9):
                await change(publisher, delta(revision, origin="o", policies=[large]))
            await until(lambda: not publisher.data_planes())
        active = ActiveSnapshot()
        async with following(tmp_path, active):
            await reaches(active, 8)


async def test_the_journal_is_folded_beside_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.snapshot_file.FOLD_BYTES_MIN", 1_000)
    publisher = Publisher(tmp_path / "snapshot.json")
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(1))
        for revision in range(2, 30):
            await change(publisher, delta(revision, origin="o", grants=[grant(f"g{revision}")]))
    base, journal = tmp_path / "snapshot.json", tmp_path / "snapshot.journal"
    assert journal.stat().st_size < base.stat().st_size
    loaded = load_snapshot(base)
    assert loaded is not None
    assert (loaded.revision, len(loaded.grants)) == (29, 28)


async def test_when_grants_were_used_is_reported_and_the_newest_word_stands(tmp_path: Path) -> None:
    heard = list[Mapping[str, int]]()
    publisher = Publisher(tmp_path / "snapshot.json", on_used=heard.append)
    async with publisher.listening(tmp_path / "s"):
        for used in ({"a": 5, "b": 7}, {"a": 4, "b": 9}):
            _, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(encode_frame(Hello(pid=1, listening="")))
            writer.write(encode_frame(Used(used)))
            writer.close()
            await until(lambda: publisher.last_used(["b"]) == {"b": used["b"]})  # noqa: B023 - awaited here
        assert publisher.last_used(["a", "b", "c"]) == {"a": 5, "b": 9}
    assert heard == [{"a": 5, "b": 7}, {"b": 9}]


async def connected(publisher: Publisher, count: int = 1) -> None:
    """So many data planes have the first revision from the publisher, and not from the file."""
    await until(lambda: [plane.revision for plane in publisher.data_planes()] == [1] * count)


def _current(active: ActiveSnapshot) -> Snapshot:
    found = active.current()
    assert found is not None
    return found


async def reaches(active: ActiveSnapshot, revision: int) -> None:
    await until(lambda: (found := active.current()) is not None and found.revision == revision)
