"""Frames on a local socket between the planes."""

from __future__ import annotations

import asyncio

import pytest

from yett.gateway.frames import FrameFault, framed, read_body

pytestmark = pytest.mark.anyio


async def read_from(data: bytes, bytes_max: int = 100) -> bytes | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_body(reader, bytes_max)


async def test_what_is_framed_is_read() -> None:
    assert await read_from(framed(b"abc") + framed(b"d")) == b"abc"
    assert await read_from(framed(b"x" * 100)) == b"x" * 100
    assert await read_from(b"") is None


@pytest.mark.parametrize("data", [b"\0", framed(b"abc")[:-1], framed(b"x" * 101)])
async def test_what_is_cut_off_or_too_long_is_a_fault(data: bytes) -> None:
    with pytest.raises(FrameFault):
        await read_from(data)
