"""The data plane's end of the feed, over a real socket."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.feeds import until
from tests.support.feed import Gate, following, offer, snapshot
from tests.support.snapshots import delta, grant
from yett.admin.publish import Publisher
from yett.errors import OperatorFault
from yett.gateway.active import ActiveSnapshot
from yett.gateway.feed import Notes
from yett.gateway.feed_frames import FRAME_BYTES_MAX, Ack, Again, Change, Hello, encode_frame, read_frame
from yett.gateway.frames import FrameFault
from yett.gateway.snapshot import PolicyEntry, SnapshotData
from yett.gateway.snapshot_file import SnapshotFile, load_snapshot, store_snapshot

pytestmark = pytest.mark.anyio


async def test_without_a_control_plane_the_file_is_the_last_word_and_is_watched(tmp_path: Path) -> None:
    store_snapshot(tmp_path / "snapshot.json", snapshot(4))
    gate = Gate()
    async with following(tmp_path, gate):
        await gate.reaches(4)
        store_snapshot(tmp_path / "snapshot.json", snapshot(5))
        await gate.reaches(5)


async def test_a_change_made_while_the_control_plane_was_gone_is_not_missed(tmp_path: Path) -> None:
    gate = Gate()
    async with following(tmp_path, gate):
        publisher = Publisher(tmp_path / "snapshot.json")
        async with publisher.listening(tmp_path / "s"):
            await offer(publisher, snapshot(1))
            await gate.reaches(1)
            store_snapshot(tmp_path / "snapshot.json", snapshot(2))  # written, and dead before it could be sent
        await gate.reaches(2)
    assert gate.revisions == [1, 2]


async def test_the_feed_outlives_the_control_plane_and_finds_the_next_one(tmp_path: Path) -> None:
    gate = Gate()
    async with following(tmp_path, gate):
        for revision in (1, 2, 3):
            publisher = Publisher(tmp_path / "snapshot.json")
            async with publisher.listening(tmp_path / "s"):
                await offer(publisher, snapshot(revision))
                await gate.reaches(revision)


@pytest.mark.parametrize("content", [b"", b"{", b'{"revision":1}', b'{"revision":1,"organisation":"o","unknown":1}'])
async def test_an_unreadable_file_is_no_snapshot(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(OperatorFault, match=r"the snapshot `.*` is unreadable"):
        load_snapshot(path)
    gate = Gate()
    async with following(tmp_path, gate):
        store_snapshot(path, snapshot(9))
        await gate.reaches(9)
        assert gate.revisions == [9]


async def test_a_file_that_others_may_write_is_no_snapshot(tmp_path: Path) -> None:
    store_snapshot(tmp_path / "snapshot.json", snapshot(1))
    (tmp_path / "snapshot.json").chmod(0o666)
    with pytest.raises(OperatorFault, match="others may use"):
        load_snapshot(tmp_path / "snapshot.json")


@pytest.mark.parametrize(
    "wire",
    [
        (FRAME_BYTES_MAX + 1).to_bytes(4, "big"),
        b"\x00\x00",
        b"\x00\x00\x00\x05{}",
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x0e" + b'{"type":"boo"}',
    ],
)
async def test_what_is_no_frame_is_refused(wire: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(wire)
    reader.feed_eof()
    with pytest.raises(FrameFault):
        await read_frame(reader)


async def test_a_frame_may_be_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = encode_frame(Hello(pid=1, listening="here"))
    length = len(frame) - 4
    for limit, fits in ((length, True), (length - 1, False)):
        monkeypatch.setattr("yett.gateway.feed_frames.FRAME_BYTES_MAX", limit)
        reader = asyncio.StreamReader()
        reader.feed_data(frame)
        if fits:
            assert isinstance(await read_frame(reader), Hello)
            continue
        with pytest.raises(FrameFault, match=f"a frame of {length} bytes"):
            await read_frame(reader)
        with pytest.raises(OperatorFault, match="shorten what it holds"):
            encode_frame(Hello(pid=1, listening="here"))


async def test_an_end_between_frames_is_an_end() -> None:
    reader = asyncio.StreamReader()
    reader.feed_eof()
    assert await read_frame(reader) is None


async def test_a_large_snapshot_goes_through_whole(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    large = SnapshotData(
        revision=1,
        origin="o",
        policies=[
            PolicyEntry(id=f"p{n}", organisation="o", name=f"p{n}", revision="1-a", document="x" * 250_000) for n in range(40)
        ],
    )
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, large)
        await gate.reaches(1)


def test_the_data_plane_needs_no_web_framework_for_its_feed() -> None:
    script = (
        "import sys, yett.gateway.feed, yett.gateway.tokens, yett.settings\n"
        "assert not {'fastapi', 'sqlalchemy', 'pydantic', 'alembic', 'uvicorn', 'yett.admin'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)


async def test_without_a_control_plane_base_and_journal_are_the_last_word(tmp_path: Path) -> None:
    file, active = SnapshotFile(tmp_path / "snapshot.json"), ActiveSnapshot()
    file.begin(SnapshotData(revision=1, origin="o", grants=[grant("a"), grant("b")]))
    file.append(delta(2, origin="o", grants_gone=["a"]))
    async with following(tmp_path, active):
        await until(lambda: (found := active.current()) is not None and list(found.grants_by_id) == ["b"])
        file.append(delta(3, origin="o", grants_gone=["b"]))  # as a command does that works alone
        await until(lambda: (found := active.current()) is not None and not found.grants_by_id)
        file.fold()
        file.append(delta(4, origin="o", grants=[grant("c")]))
        await until(lambda: (found := active.current()) is not None and list(found.grants_by_id) == ["c"])


async def test_a_control_plane_that_was_killed_is_followed_up_by_its_journal(tmp_path: Path) -> None:
    active, path = ActiveSnapshot(), tmp_path / "snapshot.json"
    async with following(tmp_path, active):
        publisher = Publisher(path)
        async with publisher.listening(tmp_path / "s"):
            await offer(publisher, SnapshotData(revision=1, origin="o", grants=[grant("a")]))
            await until(lambda: active.current() is not None)
            dying = SnapshotFile(path)
            dying.resume()
            dying.append(delta(2, origin="o", grants_gone=["a"]))  # kept, and dead before it could be sent
        await until(lambda: (found := active.current()) is not None and not found.grants_by_id)


async def test_what_was_used_is_told_when_the_data_plane_stops(tmp_path: Path) -> None:
    publisher, gate, notes = Publisher(tmp_path / "snapshot.json"), Gate(), Notes(uses={"a": 5})
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(1))
        async with following(tmp_path, gate, notes):
            await until(lambda: [plane.revision for plane in publisher.data_planes()] == [1])
        await until(lambda: publisher.last_used(["a"]) == {"a": 5})
    assert notes.uses == {}


async def test_one_that_cannot_follow_asks_once_and_waits_for_the_whole(tmp_path: Path) -> None:
    heard, active = list[object](), ActiveSnapshot()

    async def control_plane(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await read_frame(reader))
        for one in (delta(1, None), delta(3), delta(4)):
            writer.write(encode_frame(Change(one)))
        heard.extend([await read_frame(reader), await read_frame(reader)])
        writer.write(encode_frame(Change(delta(4, None, grants=[grant("a")]))))
        heard.append(await read_frame(reader))
        writer.close()

    server = await asyncio.start_unix_server(control_plane, tmp_path / "s")
    async with server, following(tmp_path, active):
        await until(lambda: len(heard) == 4)
    assert heard[1:] == [Ack("origin", 1, []), Again(), Ack("origin", 4, [])]
    snapshot = active.current()
    assert snapshot is not None
    assert list(snapshot.grants_by_id) == ["a"]
