"""How credentials reach the data planes, over a real socket and from the file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from yett.admin.credential_feed import CredentialFeed
from yett.errors import OperatorFault
from yett.gateway.credential_feed import CredentialLink, Wanted, load
from yett.sealing.handover import CREDENTIALS_FILE, Handover

pytestmark = pytest.mark.anyio
PATIENCE_S = 5.0


def handover(server: str, number: int) -> Handover:
    return Handover(organisation="o", server=server, number=number, blob=b"sealed %d" % number)


@dataclass
class Plane:
    """What a data plane took, in order."""

    taken: list[tuple[dict[str, int], bool]] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)

    def take(self, entries: Sequence[Handover], whole: bool) -> None:
        numbers = {entry.server: entry.number for entry in entries}
        self.taken.append((numbers, whole))
        self.held = numbers if whole else self.held | numbers

    async def holds(self, expected: dict[str, int]) -> None:
        await until(lambda: self.held == expected)


@asynccontextmanager
async def following(directory: Path, plane: Plane) -> AsyncIterator[CredentialLink]:
    link = CredentialLink(plane.take)
    task = asyncio.ensure_future(link.follow(directory / "c", directory / CREDENTIALS_FILE))
    try:
        yield link
    finally:
        task.cancel()
        await asyncio.wait([task])


async def nothing_newer(wanted: Wanted) -> str | None:
    return "nothing newer"


async def test_a_plane_that_comes_gets_all_and_then_what_changes(tmp_path: Path) -> None:
    feed, plane = CredentialFeed(tmp_path / CREDENTIALS_FILE), Plane()
    async with feed.listening(tmp_path / "c", nothing_newer):
        await feed.offer([handover("s", 1), handover("t", 1)])
        async with following(tmp_path, plane):
            await plane.holds({"s": 1, "t": 1})
            await feed.offer([handover("s", 2)])
            assert plane.held == {"s": 2, "t": 1}  # acknowledged when `offer` returns
            assert plane.taken[-1] == ({"s": 2}, False)
            await feed.offer([], gone=["t"])
            assert plane.held == {"s": 2}


async def test_without_the_control_plane_the_file_counts(tmp_path: Path) -> None:
    await CredentialFeed(tmp_path / CREDENTIALS_FILE).offer([handover("s", 3)])
    assert (tmp_path / CREDENTIALS_FILE).stat().st_mode & 0o777 == 0o600
    plane = Plane()
    async with following(tmp_path, plane) as link:
        await plane.holds({"s": 3})
        await CredentialFeed(tmp_path / CREDENTIALS_FILE).offer([handover("s", 4)])
        await plane.holds({"s": 4})
        assert await link.ask("s", 4, b"") == "the control plane cannot be reached"


async def test_a_question_is_answered_after_the_newer_credential_came(tmp_path: Path) -> None:
    feed, plane, wanted = CredentialFeed(tmp_path / CREDENTIALS_FILE), Plane(), []

    async def renew(one: Wanted) -> str | None:
        wanted.append(one)
        await feed.offer([handover(one.server, one.number + 1)])
        return None

    async with feed.listening(tmp_path / "c", renew):
        await feed.offer([handover("s", 1)])
        async with following(tmp_path, plane) as link:
            await plane.holds({"s": 1})
            assert await link.ask("s", 1, b'Bearer error="invalid_token"') is None
            assert plane.held == {"s": 2}
            assert [(one.server, one.number, one.challenge) for one in wanted] == [("s", 1, 'Bearer error="invalid_token"')]


async def test_why_there_is_none_is_told(tmp_path: Path) -> None:
    feed, plane = CredentialFeed(tmp_path / CREDENTIALS_FILE), Plane()
    async with feed.listening(tmp_path / "c", nothing_newer):
        await feed.offer([handover("s", 1)])
        async with following(tmp_path, plane) as link:
            await plane.holds({"s": 1})
            assert await link.ask("s", 1, b"") == "nothing newer"


async def test_who_waits_when_the_control_plane_dies_is_told(tmp_path: Path) -> None:
    feed, plane = CredentialFeed(tmp_path / CREDENTIALS_FILE), Plane()

    async def never(one: Wanted) -> str | None:
        await asyncio.Event().wait()
        return None

    async with following(tmp_path, plane) as link:
        async with feed.listening(tmp_path / "c", never):
            await feed.offer([handover("s", 1)])
            await plane.holds({"s": 1})
            await until(lambda: link.connected)
            waiting = asyncio.ensure_future(link.ask("s", 1, b""))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(PATIENCE_S):
            assert await waiting == "the control plane went away"
        assert plane.held == {"s": 1}


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / CREDENTIALS_FILE
    assert load(path) == []
    path.write_text("[{}]")
    path.chmod(0o600)
    with pytest.raises(OperatorFault, match="unreadable"):
        load(path)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another task, or another process
            await asyncio.sleep(0.005)
