"""Event streams cut anywhere, in all three kinds of line ends."""

from __future__ import annotations

import random

import pytest

from yett.errors import UpstreamFault
from yett.protocol.sse import EVENT_LINES_MAX, SseDecoder, SseEvent, encode_event

STREAM = (
    ": welcome\n\n"
    "id: 1\nretry: 100\ndata:\n\n"
    'event: message\ndata: {"a": 1}\n\n'
    'data:{"b":\ndata: 2}\n\n'
    "data\n\n"
    "event: ping\ndata: now\n\n"
    "\n"
    'id:x\ndata: "caf\u00e9 \u2028 \u0085"\nunknown: y\n: comment\n\n'
).encode()
MEANING = [
    (b"", b""),
    (b"", b""),
    (b'{"a": 1}', b"message"),
    (b'{"b":\n2}', b""),
    (b"", b""),
    (b"now", b"ping"),
    (b"", b""),
    ('"caf\u00e9 \u2028 \u0085"'.encode(), b""),
]
ENDS = [b"\n", b"\r\n", b"\r"]


def decoded(*pieces: bytes) -> list[SseEvent]:
    decoder = SseDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def with_data(events: list[SseEvent]) -> list[tuple[bytes, bytes]]:
    """What the events mean; those without data do not count, for comments pass at once and may come in parts."""
    return [(event.data, event.kind) for event in events if event.data]


def stream(end: bytes) -> bytes:
    return STREAM.replace(b"\n", end)


@pytest.mark.parametrize("end", ENDS)
def test_a_whole_stream_is_decoded_event_by_event(end: bytes) -> None:
    events = decoded(stream(end))
    assert [(event.data, event.kind) for event in events] == MEANING
    assert b"".join(event.raw for event in events) == stream(end)


@pytest.mark.parametrize("end", ENDS)
def test_a_stream_means_the_same_wherever_it_is_cut(end: bytes) -> None:
    whole = stream(end)
    expected = with_data(decoded(whole))
    for place in range(len(whole) + 1):
        events = decoded(whole[:place], whole[place:])
        assert with_data(events) == expected
        assert b"".join(event.raw for event in events) == whole


@pytest.mark.parametrize("end", ENDS)
def test_a_stream_means_the_same_byte_by_byte(end: bytes) -> None:
    whole = stream(end)
    events = decoded(*(whole[place : place + 1] for place in range(len(whole))))
    assert with_data(events) == with_data(decoded(whole))
    assert b"".join(event.raw for event in events) == whole


def test_mixed_line_ends_mean_the_same_wherever_they_are_cut() -> None:
    chance = random.Random(20261122)
    lines = STREAM.split(b"\n")
    for _ in range(100):
        whole = b"".join(line + chance.choice(ENDS) for line in lines)
        expected = with_data(decoded(whole))
        cuts = sorted(chance.randrange(len(whole) + 1) for _ in range(chance.randrange(20)))
        pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert with_data(decoded(*pieces)) == expected


def test_a_byte_order_mark_is_no_part_of_the_first_field() -> None:
    whole = b"\xef\xbb\xbfdata: 1\n\ndata: 2\n\n"
    for place in range(len(whole)):
        events = decoded(whole[:place], whole[place:])
        assert [event.data for event in events] == [b"1", b"2"]
        assert b"".join(event.raw for event in events) == whole


def test_only_one_blank_is_taken_from_the_start_of_a_value() -> None:
    assert [event.data for event in decoded(b"data:  1 \n\n")] == [b" 1 "]


def test_an_event_ends_as_soon_as_its_blank_line_is_there() -> None:
    assert decoded(b"data: 1\n\n")
    assert decoded(b"data: 1\r\n\r\n")
    assert decoded(b"data: 1\r\r"), "a stream of lone CRs is not held back for a LF that will not come"
    assert not decoded(b"data: 1\r\n\r"), "a stream of CRLFs is: its LF is under way"


def test_a_line_feed_that_comes_after_a_lone_cr_is_not_a_line_of_its_own() -> None:
    events = decoded(b"data: 1\r\r", b"\ndata: 2\r\r", b"data: 3\r\r")
    assert [event.data for event in events] == [b"1", b"2", b"3"]


def test_comments_pass_at_once_and_other_lines_wait_for_their_event() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b": alive\n") == [SseEvent(b"", b": alive\n")]
    assert decoder.feed(b"id: 1\n: alive\n") == []
    assert decoder.feed(b"data: 1\n\n") == [SseEvent(b"1", b"id: 1\n: alive\ndata: 1\n\n", id=b"1")]


def test_an_event_that_is_not_complete_is_not_an_event() -> None:
    assert decoded(b"data: 1\n\ndata: 2\n") == [SseEvent(b"1", b"data: 1\n\n")]


@pytest.mark.parametrize("pieces", [1, 7])
def test_an_event_at_the_bound_passes_and_one_past_it_does_not(pieces: int) -> None:
    def feed(size: int) -> list[SseEvent]:
        whole = b"data: " + b"x" * (size - 8) + b"\n\n"
        decoder = SseDecoder(event_bytes_max=1000)
        step = -(-len(whole) // pieces)
        return [event for place in range(0, len(whole), step) for event in decoder.feed(whole[place : place + step])]

    assert len(feed(1000)) == 1
    with pytest.raises(UpstreamFault, match="more than 1000 bytes"):
        feed(1001)


def test_an_endless_line_is_refused_while_it_comes() -> None:
    decoder = SseDecoder(event_bytes_max=10_000)
    with pytest.raises(UpstreamFault):
        for _ in range(11):
            decoder.feed(b"x" * 1000)


def test_an_event_of_endless_lines_is_refused() -> None:
    decoder = SseDecoder()
    with pytest.raises(UpstreamFault):
        decoder.feed(b"x\n" * (EVENT_LINES_MAX + 1))


def test_many_events_may_be_longer_than_the_bound_on_one() -> None:
    decoder = SseDecoder(event_bytes_max=100)
    for _ in range(10):
        assert len(decoder.feed(b"data: 12345\n\n" * 100)) == 100


def test_a_long_event_in_many_pieces_costs_no_copy_for_each() -> None:
    decoder = SseDecoder()
    decoder.feed(b"data: ")
    for _ in range(60_000):
        decoder.feed(b"x" * 60)
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 3_600_000


@pytest.mark.parametrize(
    ("message", "event_id", "wire"),
    [
        (b'{"a":1}', None, b'event: message\ndata: {"a":1}\n\n'),
        (b'{"a":1}', b"7", b'event: message\nid: 7\ndata: {"a":1}\n\n'),
        (b'{\n"a":\r\n1}', None, b'event: message\ndata: {\ndata: "a":\ndata: 1}\n\n'),
    ],
)
def test_a_message_is_encoded_so_that_it_reads_back(message: bytes, event_id: bytes | None, wire: bytes) -> None:
    assert encode_event(message, event_id) == wire
    (event,) = decoded(wire)
    assert event.data == message.replace(b"\r\n", b"\n")


def test_a_message_cannot_forge_an_event() -> None:
    (event,) = decoded(encode_event(b"1\n\nevent: forged\rid: 9\r\n\r\ndata: 2\n\n"))
    assert event.kind == b"message"
    assert event.data == b"1\n\nevent: forged\nid: 9\n\ndata: 2\n"


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"data: 1\n\n", b": comment\n"])
def test_a_byte_order_mark_that_could_start_what_the_client_reads_is_refused(before: bytes) -> None:
    with pytest.raises(UpstreamFault, match="byte order mark"):
        SseDecoder().feed(before + b"\xef\xbb\xbfdata: 2\n\n")


@pytest.mark.parametrize("size", [1 << 30, 65_536, 4_097])
def test_a_flood_of_comments_passes_however_it_is_cut(size: int) -> None:
    stream = b":\n" * 2 * EVENT_LINES_MAX + b"data: a\n\n"
    decoder = SseDecoder(event_bytes_max=65_536)
    found = [event for start in range(0, len(stream), size) for event in decoder.feed(stream[start : start + size])]
    assert b"".join(event.raw for event in found) == stream
    assert [event.data for event in found if event.data] == [b"a"]
