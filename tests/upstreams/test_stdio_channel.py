"""What waits for a slow reader of a program's answer is bounded, and its response never is left out."""

from __future__ import annotations

import pytest

from tests.upstreams.stdio_rig import outbound, request
from yett.upstreams.stdio_channel import WAITING_BYTES_MAX, WAITING_EVENTS_MAX, Pending

pytestmark = pytest.mark.anyio


def test_too_many_messages_are_left_out() -> None:
    pending = Pending(1, outbound("echo"))
    assert all(pending.deliver(b"x", last=False) for _ in range(WAITING_EVENTS_MAX))
    assert not pending.deliver(b"x", last=False)
    assert pending.deliver(b"response", last=True)


async def test_too_many_bytes_are_left_out_until_somebody_reads() -> None:
    pending = Pending(1, outbound("echo"))
    assert pending.deliver(b"x" * (WAITING_BYTES_MAX + 1), last=False)
    assert not pending.deliver(b"x", last=False)
    await pending.next()
    assert pending.deliver(b"x", last=False)


@pytest.mark.parametrize(
    ("method", "modern", "params", "hears"),
    [
        ("tools/call", False, {}, True),
        ("initialize", False, {}, False),
        ("tools/call", True, {}, False),
        ("tools/call", True, {"_meta": {"io.modelcontextprotocol/logLevel": "info"}}, True),
    ],
)
def test_who_hears_what_a_program_says_without_naming_a_request(
    method: str, modern: bool, params: dict[str, object], hears: bool
) -> None:
    assert Pending(1, request(method, dict(params), modern=modern)).hears is hears
