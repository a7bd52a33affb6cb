"""A head that repeats the one before it is read as the parser would read it, or left to the parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.edge.limits import EdgeLimits
from yett.edge.reader import RequestReader
from yett.edge.repeats import RepeatedHead
from yett.edge.request import Refusal, Request
from yett.edge.shared import Shared

LIMITS = EdgeLimits(body_bytes=5_000)
HEAD = b"POST /mcp/files HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nMcp-Name: read\r\nAuthorization: Bearer x\r\n\r\n"


async def _unused(*_: object) -> None:
    raise AssertionError("nothing is handled here")


def reader() -> RequestReader:
    return RequestReader(Shared(_unused, LIMITS, reports=None, now=0.0), "127.0.0.1")  # type: ignore[arg-type]  # never asked


def read(*reads: bytes, forget: bool = False) -> list[tuple[Request, bool, bool] | Refusal]:
    """All that one connection gives for these reads; with `forget`, each goes through the parser."""
    one = reader()
    for data in reads:
        if forget:
            one._repeated = None
        one.feed(data)
    return list(one.ready)


def post(body: bytes) -> bytes:
    return HEAD % len(body) + body


def test_a_second_request_with_the_same_head_does_not_go_through_the_parser() -> None:
    one = reader()
    one.feed(post(b"first"))
    assert one._repeated is not None
    one._parser = None  # whoever asks it now fails
    one._parser = object()  # type: ignore[assignment]  # it has no feed_data
    one.feed(post(b"other"))
    one.feed(post(b"a longer body"))
    bodies = [turn[0].body for turn in one.ready if isinstance(turn, tuple)]
    assert bodies == [b"first", b"other", b"a longer body"]


def test_the_length_field_says_the_new_length() -> None:
    turns = read(post(b"first"), post(b"much longer"))
    assert [turn[0].header(b"content-length") for turn in turns if isinstance(turn, tuple)] == [b"5", b"11"]


SECOND = [
    post(b"x"),
    post(b""),
    post(b"y" * 4_999),
    post(b"y" * 5_001),
    post(b"abc")[:-1],
    post(b"abc") + b"d",
    post(b"abc") + post(b"def"),
    HEAD.replace(b"%d", b"+3") + b"abc",
    HEAD.replace(b"%d", b"03") + b"abc",
    HEAD.replace(b"%d", b"3 ") + b"abc",
    HEAD.replace(b"%d", b"3, 3") + b"abc",
    HEAD.replace(b"%d", b"9999999999") + b"abc",
    HEAD.replace(b"Mcp-Name: read", b"Mcp-Name: rm")[:] % 3 + b"abc",
    HEAD.replace(b"Content-Length: %d", b"Content-Length: 3\r\nContent-Length: 3") + b"abc",
    HEAD.replace(b"Content-Length: %d", b"Content-Length: 3\r\nTransfer-Encoding: chunked") + b"abc",
    HEAD.replace(b"\r\n\r\n", b"\r\n\r\n\r\n") % 3 + b"abc",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"garbage",
]


@pytest.mark.parametrize("second", SECOND, ids=range(len(SECOND)))
def test_whatever_comes_second_is_read_as_without_a_memory(second: bytes) -> None:
    assert read(post(b"first"), second) == read(post(b"first"), second, forget=True)


@given(st.lists(st.sampled_from([b"a", b"bb", b"c" * 300, b"\r\n\r\n", HEAD % 3]), min_size=1, max_size=6))
@examples(200)
def test_a_conversation_is_read_as_without_a_memory(bodies: list[bytes]) -> None:
    reads = [post(body) for body in bodies]
    assert read(*reads) == read(*reads, forget=True)


@pytest.mark.parametrize(
    "first",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
        b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\n\r\na",
        post(b"a") + post(b"b"),
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["chunked", "empty", "expecting", "closing", "old", "two at once", "without body"],
)
def test_only_a_plain_request_that_came_alone_is_remembered(first: bytes) -> None:
    one = reader()
    one.feed(first)
    assert one._repeated is None


def test_a_field_that_only_looks_like_the_length_is_not_cut_open() -> None:
    data = b"POST / HTTP/1.1\r\nHost: a\r\nX-Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"
    request = Request(b"POST", b"/", "/", [(b"host", b"a"), (b"x-content-length", b"3"), (b"content-length", b"3")], b"abc", None)
    head = RepeatedHead.of(data, request)
    assert head is not None
    assert head.before.endswith(b"\r\nContent-Length: ")


def test_a_body_of_line_breaks_is_not_taken_for_the_end_of_the_head() -> None:
    reads = (post(b"\r\n") + b"\r\n", HEAD % 6 + b"\r\nabcdGE")
    assert read(*reads) == read(*reads, forget=True)


def test_what_is_remembered_of_a_request_is_its_head_and_not_its_body() -> None:
    one = reader()
    one.feed(post(b"x" * 1_000))
    assert one._repeated is not None
    assert one._repeated.request.body == b""
