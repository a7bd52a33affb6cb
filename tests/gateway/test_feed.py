"""The feed, both ends, over a real socket."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from yett.admin.desk import Applied
from yett.admin.publish import Publisher
from yett.errors import OperatorFault
from yett.gateway.feed import (
    FRAME_BYTES_MAX,
    FrameFault,
    Hello,
    Publish,
    encode_frame,
    follow,
    load_snapshot,
    read_frame,
    store_snapshot,
)
from yett.gateway.snapshot import PolicyEntry, SnapshotData

pytestmark = pytest.mark.anyio
SOON_S = 5.0


def snapshot(revision: int) -> SnapshotData:
    return SnapshotData(revision=revision, organisation="o")


@dataclass
class Gate:
    """What a data plane applied, in order."""

    revisions: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    refuses: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def apply(self, data: SnapshotData) -> list[str]:
        if self.refuses:
            raise OperatorFault("no room")
        self.revisions.append(data.revision)
        self.changed.set()
        return self.problems

    async def reaches(self, revision: int) -> None:
        async with asyncio.timeout(SOON_S):
            while not self.revisions or self.revisions[-1] != revision:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def following(directory: Path, gate: Gate) -> AsyncIterator[None]:
    task = asyncio.ensure_future(follow(directory / "s", directory / "snapshot.json", gate.apply, listening="http://here"))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def modes_in(directory: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


async def offer(publisher: Publisher, data: SnapshotData) -> Applied:
    """As an admin's thread does it."""
    return await asyncio.to_thread(lambda: publisher.offer(data)())


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


async def test_the_present_snapshot_is_the_answer_to_hello(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "snapshot.json")
    async with publisher.listening(tmp_path / "s"):
        await offer(publisher, snapshot(7))
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(encode_frame(Hello(pid=1, listening="")))
        async with asyncio.timeout(SOON_S):
            assert await read_frame(reader) == Publish(snapshot(7))
        writer.close()


async def test_problems_come_back_with_the_answer(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate(problems=["the policy `p` cannot be compiled"])
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, snapshot(1))
        await gate.reaches(1)
        assert await offer(publisher, snapshot(2)) == Applied(applied=True, note="the policy `p` cannot be compiled")


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
        monkeypatch.setattr("yett.gateway.feed.FRAME_BYTES_MAX", limit)
        reader = asyncio.StreamReader()
        reader.feed_data(frame)
        if fits:
            assert isinstance(await read_frame(reader), Hello)
            continue
        with pytest.raises(FrameFault, match=f"a frame of {length} bytes"):
            await read_frame(reader)
        with pytest.raises(OperatorFault, match="remove policies that no grant uses"):
            encode_frame(Hello(pid=1, listening="here"))


async def test_an_end_between_frames_is_an_end() -> None:
    reader = asyncio.StreamReader()
    reader.feed_eof()
    assert await read_frame(reader) is None


async def test_a_large_snapshot_goes_through_whole(tmp_path: Path) -> None:
    publisher, gate = Publisher(tmp_path / "snapshot.json"), Gate()
    large = SnapshotData(
        revision=1,
        organisation="o",
        policies=[PolicyEntry(name=f"p{n}", revision="1-a", document="x" * 250_000) for n in range(40)],
    )
    async with publisher.listening(tmp_path / "s"), following(tmp_path, gate):
        await offer(publisher, large)
        await gate.reaches(1)


async def test_a_path_too_long_for_a_socket_is_told_with_its_remedy(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "snapshot.json")
    with pytest.raises(OperatorFault, match=r"a shorter `state\.directory`"):
        async with publisher.listening(tmp_path / ("s" * 120)):
            pass


def test_the_data_plane_needs_no_web_framework_for_its_feed() -> None:
    script = (
        "import sys, yett.gateway.feed, yett.gateway.tokens, yett.settings\n"
        "assert not {'fastapi', 'sqlalchemy', 'pydantic', 'alembic', 'uvicorn', 'yett.admin'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)
