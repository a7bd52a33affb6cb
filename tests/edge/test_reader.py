"""Reading requests from bytes: cut anywhere, in excess, and malformed."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from yett.edge import framing
from yett.edge.limits import EdgeLimits
from yett.edge.reader import RequestReader
from yett.edge.request import Refusal, Request
from yett.edge.responder import Responder
from yett.edge.shared import Reports, Shared

LIMITS = EdgeLimits()
CHUNKED = b"POST /c?q=1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;e=1\r\ndefg\r\n0\r\n\r\n"
UPGRADE = b"POST /u HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi"
TWO = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nX-A:  b \t\r\nContent-Length: 3\r\n\r\nabc"


async def unused(request: Request, responder: Responder) -> None:
    raise AssertionError("the reader calls no handler")


def shared(limits: EdgeLimits = LIMITS) -> Shared:
    return Shared(unused, limits, Reports(), now=100.0)


def read(pieces: Sequence[bytes], limits: EdgeLimits = LIMITS) -> list[Request | Refusal]:
    reader = RequestReader(shared(limits), "10.0.0.1")
    for piece in pieces:
        reader.feed(piece)
    return [turn if isinstance(turn, Refusal) else turn[0] for turn in reader.ready]


def refusal_of(data: bytes, limits: EdgeLimits = LIMITS) -> Refusal | None:
    """Why `data` is refused; None if nothing in it is."""
    last = read([data], limits)[-1:]
    return last[0] if last and isinstance(last[0], Refusal) else None


@pytest.mark.parametrize("data", [CHUNKED, UPGRADE, TWO, b"\r\n" + TWO], ids=["chunked", "upgrade", "two", "blank line first"])
def test_requests_read_the_same_whole_cut_at_each_point_and_byte_by_byte(data: bytes) -> None:
    whole = read([data])
    assert all(isinstance(request, Request) for request in whole)
    assert read([data[place : place + 1] for place in range(len(data))]) == whole
    for place in range(len(data) + 1):
        assert read([data[:place], data[place:]]) == whole


def test_a_request_is_read_as_it_stands() -> None:
    first, second = read([TWO])
    assert first == Request(b"GET", b"/1", "/1", [(b"host", b"x")], b"", "10.0.0.1")
    fields = [(b"host", b"x"), (b"x-a", b"b"), (b"content-length", b"3")]
    assert second == Request(b"POST", b"/2", "/2", fields, b"abc", "10.0.0.1")


def test_an_offer_to_upgrade_is_ignored_and_the_body_is_read() -> None:
    (request,) = read([UPGRADE])
    assert isinstance(request, Request)
    assert request.body == b"hi"
    assert request.header(b"upgrade") is None


def test_a_request_behind_an_offer_to_upgrade_is_read_too() -> None:
    assert [request.target for request in read([UPGRADE + TWO]) if isinstance(request, Request)] == [b"/u", b"/1", b"/2"]


def test_what_llhttp_keeps_to_itself_is_bounded() -> None:
    limits = EdgeLimits()
    reader = RequestReader(shared(), None)
    reader.feed(b"GET / HTTP/1.1\r\nx: ")
    fed = 0
    while not reader.finished:
        reader.feed(b"a" * 1000)
        fed += 1000
        assert fed < limits.header_bytes + 2000
    assert reader.ready == [framing.HEAD_TOO_LARGE]


@pytest.mark.parametrize("before", [b"", b"POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 40000\r\n\r\n" + b"x" * 40_000])
def test_a_head_past_the_limit_is_refused_though_it_comes_in_one_read(before: bytes) -> None:
    room = LIMITS.header_bytes - len(b"host") - len(b"x") - len(b"x") - 2 * 4
    head = b"GET / HTTP/1.1\r\nhost: x\r\nx: %b\r\n\r\n"
    assert refusal_of(before + head % (b"a" * (room - len(b"GET / HTTP/1.1\r\n\r\n")))) is None
    assert refusal_of(before + head % (b"a" * (room + 1))) == framing.HEAD_TOO_LARGE
    fields = b"".join(b"x-%d: 1\r\n" % number for number in range(LIMITS.header_count))
    assert refusal_of(before + b"GET / HTTP/1.1\r\nhost: x\r\n" + fields + b"\r\n") == framing.HEAD_TOO_LARGE


def test_a_head_behind_a_long_body_may_come_in_parts() -> None:
    body = b"POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000
    assert len(read([body + TWO[:5], TWO[5:10], TWO[10:]])) == 3


def test_an_endless_target_is_refused_before_it_ends() -> None:
    reader = RequestReader(shared(), None)
    reader.feed(b"GET /")
    for _ in range(20):
        reader.feed(b"a" * 1000)
    assert reader.ready == [framing.TARGET_TOO_LONG]


def test_an_endless_method_is_refused() -> None:
    assert refusal_of(b"G" * 100) == framing.MALFORMED


def test_endless_blank_lines_are_refused() -> None:
    reader = RequestReader(shared(), None)
    for _ in range(40):
        reader.feed(b"\r\n" * 500)
    assert isinstance(reader.ready[0], Refusal)


def test_a_chunked_body_past_the_limit_is_refused() -> None:
    limits = EdgeLimits(body_bytes=8)
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert refusal_of(head + b"8\r\n12345678\r\n0\r\n\r\n", limits) is None
    assert refusal_of(head + b"8\r\n12345678\r\n1\r\n9\r\n0\r\n\r\n", limits) == framing.BODY_TOO_LARGE


def test_too_many_chunks_are_refused() -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    limits = EdgeLimits(chunk_count=4)
    assert refusal_of(head + b"1\r\na\r\n" * 3 + b"0\r\n\r\n", limits) is None
    assert refusal_of(head + b"1\r\na\r\n" * 4 + b"0\r\n\r\n", limits) == framing.CHUNKS_TOO_MANY


def test_endless_chunk_extensions_and_trailers_are_refused() -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    for start in (b"5;ext=", b"0\r\nx: "):
        reader = RequestReader(shared(), None)
        reader.feed(head + start)
        for _ in range(60):
            reader.feed(b"a" * 1000)
        assert reader.ready == [framing.CHUNKS_TOO_MANY]


@pytest.mark.parametrize("trailer", [b"x: 1", b"host: evil", b"content-length: 9", b"authorization: Bearer x"])
def test_trailers_are_refused_and_never_become_fields(trailer: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert refusal_of(head + b"1\r\na\r\n0\r\n" + trailer + b"\r\n\r\n") is not None


def test_nothing_after_a_refusal_is_read() -> None:
    reader = RequestReader(shared(), None)
    reader.feed(b"GET // HTTP/1.1\r\nhost: x\r\n\r\n")
    reader.feed(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert len(reader.ready) == 1


def test_requests_before_a_refusal_are_kept() -> None:
    first, second = read([b"GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET // HTTP/1.1\r\nhost: x\r\n\r\n"])
    assert isinstance(first, Request)
    assert isinstance(second, Refusal)


def test_bytes_after_the_last_request_are_ignored() -> None:
    close = b"GET /1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    assert len(read([close + TWO])) == 1
    assert len(read([b"GET /1 HTTP/1.0\r\nhost: x\r\n\r\nbaz"])) == 1


def test_no_more_requests_are_read_than_may_wait() -> None:
    reader = RequestReader(shared(EdgeLimits(pipelined=3)), None)
    reader.feed(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 1000)
    assert len(reader.ready) == 3
    assert reader.finished


@pytest.mark.parametrize(
    "data",
    [
        b"GET /a\r\n\r\n",
        b"GET /a HTTP/0.9\r\nhost: x\r\n\r\n",
        b"GET /a HTTP/2.0\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET http://a/b HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /a HTTP/1.1\nhost: x\n\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx: a\nb: c\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx: a\x07b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx: a\x7fb\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3, 3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: +3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
    ],
)
def test_a_doubtful_request_is_refused_and_not_read(data: bytes) -> None:
    read_as = read([data])
    assert len(read_as) == 1
    assert isinstance(read_as[0], Refusal)
    assert 400 <= read_as[0].status < 500


def test_bodies_of_all_connections_together_are_bounded_and_given_back() -> None:
    one = shared(EdgeLimits(held_bytes=10))
    first, second = RequestReader(one, None), RequestReader(one, None)
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n"
    first.feed(head + b"1234567")
    second.feed(head + b"1234")
    assert second.ready == [framing.OVERLOADED]
    assert one.held_bytes == 7, "the refused body is given back, the other one is held"
    first.close()
    assert one.held_bytes == 0


def test_a_client_that_waits_for_continue_is_seen_until_its_body_is_there() -> None:
    reader = RequestReader(shared(), None)
    reader.feed(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n")
    assert reader.wants_continue
    reader.feed(b"1")
    assert not reader.wants_continue


def test_any_bytes_are_read_or_refused_but_never_an_error() -> None:
    chance = random.Random(20261122)
    seeds = [CHUNKED, UPGRADE, TWO, b"GET /a HTTP/1.0\r\nhost: x\r\n\r\n"]
    for _ in range(3000):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[place] = chance.randrange(256)
                case 1:
                    del data[place : place + chance.randint(1, 5)]
                case _:
                    data[place:place] = chance.choice(
                        [b"\r\n", b"\n", b"\0", b" ", b"transfer-encoding: chunked\r\n", b"0\r\n\r\n"]
                    )
        one = shared()
        reader = RequestReader(one, None)
        cut = chance.randrange(len(data) + 1)
        reader.feed(bytes(data[:cut]))
        reader.feed(bytes(data[cut:]))
        refusals = [turn for turn in reader.ready if isinstance(turn, Refusal)]
        assert len(refusals) <= 1
        assert not refusals or reader.ready[-1] is refusals[0]
        held = sum(len(turn[0].body) for turn in reader.ready if not isinstance(turn, Refusal))
        assert one.held_bytes == held + reader.body_bytes
