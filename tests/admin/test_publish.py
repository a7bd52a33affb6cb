"""The control plane's end of the feed."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from tests.support.feed import SOON_S, Gate, following, offer, snapshot
from yett.admin.desk import Applied
from yett.admin.publish import Publisher
from yett.errors import OperatorFault
from yett.gateway.feed_frames import Change, Hello, encode_frame, read_frame
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
