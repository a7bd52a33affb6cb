"""The control plane's end of the credentials' feed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from yett.admin.credential_feed import CredentialFeed
from yett.errors import OperatorFault
from yett.gateway.credential_feed import Credentials, Settled, Wanted, encode, read
from yett.sealing.handover import CREDENTIALS_FILE, Handover

pytestmark = pytest.mark.anyio
ENTRY = Handover(organisation="o", server="s", number=1, blob=b"sealed")


async def nothing_newer(wanted: Wanted) -> str | None:
    return "nothing newer"


async def test_credentials_that_cannot_be_kept_are_not_handed_out(tmp_path: Path) -> None:
    feed = CredentialFeed(tmp_path / "none" / CREDENTIALS_FILE)
    async with feed.listening(tmp_path / "c", nothing_newer):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "c")
        assert await read(reader) == Credentials([], whole=True)
        with pytest.raises(OperatorFault):
            await feed.offer([ENTRY])
        writer.write(encode(Wanted(1, "s", 0, "")))
        assert await read(reader) == Settled(1, "nothing newer")
        writer.close()


async def test_a_plane_that_does_not_answer_is_waited_for_briefly(tmp_path: Path) -> None:
    feed = CredentialFeed(tmp_path / CREDENTIALS_FILE, ack_wait_s=0.05)
    async with feed.listening(tmp_path / "c", nothing_newer):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "c")
        await read(reader)
        async with asyncio.timeout(2):
            await feed.offer([ENTRY])
        assert await read(reader) == Credentials([ENTRY], whole=False, number=1)
        writer.close()


async def test_who_says_what_only_the_control_plane_says_is_cut_off(tmp_path: Path) -> None:
    feed = CredentialFeed(tmp_path / CREDENTIALS_FILE)
    async with feed.listening(tmp_path / "c", nothing_newer):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "c")
        await read(reader)
        writer.write(encode(Credentials([ENTRY], whole=True)))
        assert await read(reader) is None
        writer.close()


async def test_its_socket_is_its_owners_only_and_gone_at_the_end(tmp_path: Path) -> None:
    async with CredentialFeed(tmp_path / CREDENTIALS_FILE).listening(tmp_path / "c", nothing_newer):
        assert (tmp_path / "c").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "c").exists()
    with pytest.raises(OperatorFault, match=r"state\.directory"):
        async with CredentialFeed(tmp_path / CREDENTIALS_FILE).listening(tmp_path / ("c" * 200), nothing_newer):
            pass
