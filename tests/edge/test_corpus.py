"""Gunicorn's collection of good and bad requests, over a real socket: one reading of each, or none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.edge.wire import edge

CORPUS = Path(__file__).parents[3] / "shared/corpora/http-raw/tests/requests"
INVALID = sorted(CORPUS.glob("invalid/*.http"))
VALID = sorted(CORPUS.glob("valid/*.http"))
HARMLESS = {"007", "010", "017", "019", "limit_header_default_01"}
"""Invalid only by limits and proxy settings of gunicorn's that are not ours; with a host they have one clear reading."""

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not INVALID, reason="corpora/http-raw is not beside the repository")]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


def bytes_of(path: Path) -> bytes:
    """The file's notation undone: real line ends are layout, escapes are the bytes."""
    text = path.read_bytes().replace(b"\n", b"")
    text = re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text)
    return text.replace(b"\\r", b"\r").replace(b"\\n", b"\n").replace(b"\\t", b"\t").replace(b"\\0", b"\0")


async def outcome(data: bytes) -> tuple[list[int], int, int]:
    """The statuses answered, the number of requests seen, and of refusals."""
    async with edge() as gate:
        wire = await gate.wire()
        wire.writer.write(data)
        wire.writer.write_eof()
        answers = re.findall(rb"HTTP/1\.1 (\d+)", await wire.rest())
        assert not gate.errors
        return [int(status) for status in answers], len(gate.requests), len(gate.refused)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
async def test_an_invalid_request_is_refused_or_dropped_and_never_seen(path: Path) -> None:
    statuses, seen, refused = await outcome(bytes_of(path))
    assert seen == 0
    assert len(statuses) == refused <= 1
    assert all(400 <= status < 500 for status in statuses)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
async def test_an_invalid_request_with_a_good_host_has_at_most_one_reading(path: Path) -> None:
    data = re.sub(rb"(HTTP/1\.[01]\r\n)(?![^\0]*\r\nHost:)", rb"\1Host: gate\r\n", bytes_of(path), count=1)
    statuses, seen, refused = await outcome(data)
    assert seen + refused <= 1
    assert len(statuses) == seen + refused
    assert all(status < 500 for status in statuses)
    assert seen == (1 if path.stem in HARMLESS else 0)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
async def test_a_valid_request_is_never_answered_with_a_fault_of_ours(path: Path) -> None:
    statuses, seen, refused = await outcome(bytes_of(path))
    assert len(statuses) == seen + refused
    assert all(status < 500 for status in statuses)
