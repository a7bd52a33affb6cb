"""Heads of answers, byte by byte."""

from __future__ import annotations

import json

import pytest

from yett.edge import responses
from yett.edge.request import Refusal


def test_a_whole_answer_says_how_long_it_is() -> None:
    head = responses.whole(200, b"{}", b"application/json", (), keep_alive=True)
    assert head == b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"


def test_further_fields_and_the_end_of_the_connection_are_named() -> None:
    head = responses.whole(429, b"{}", b"application/json", ((b"retry-after", b"1"),), keep_alive=False)
    assert head == (
        b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
        b"retry-after: 1\r\nconnection: close\r\n\r\n"
    )


def test_an_empty_answer_has_a_length_and_no_type() -> None:
    head = responses.whole(202, b"", b"application/json", (), keep_alive=True)
    assert head == b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_cannot_have_a_body_says_nothing_of_one(status: int) -> None:
    head = responses.whole(status, b"", b"application/json", ((b"a", b"b"),), keep_alive=False)
    assert b"content" not in head
    assert head.endswith(b"\r\na: b\r\nconnection: close\r\n\r\n")


def test_an_unknown_status_is_sent_without_a_phrase() -> None:
    assert responses.whole(299, b"", b"", (), keep_alive=True).startswith(b"HTTP/1.1 299 \r\n")


def test_a_stream_is_chunked_or_ends_with_the_connection() -> None:
    chunked = responses.streamed(200, b"text/event-stream", (), keep_alive=True, chunked=True)
    assert chunked == b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    plain = responses.streamed(200, b"text/event-stream", (), keep_alive=False, chunked=False)
    assert plain == b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize("bad", [b"a\r\nset-cookie: x", b"a\nb", b"a\rb", b"a\0b"])
def test_a_field_that_would_end_early_is_never_sent(bad: bytes) -> None:
    for fields in (((b"a", bad),), ((bad, b"a"),)):
        with pytest.raises(ValueError, match="line break"):
            responses.whole(200, b"x", b"a/b", fields, keep_alive=True)
        with pytest.raises(ValueError, match="line break"):
            responses.streamed(200, b"a/b", fields, keep_alive=True, chunked=True)
    with pytest.raises(ValueError, match="line break"):
        responses.whole(200, b"x", bad, (), keep_alive=True)


def test_a_refusal_is_one_line_of_json_and_closes() -> None:
    answer = responses.refused(Refusal(400, "say `x`"))
    head, body = answer.split(b"\r\n\r\n")
    assert json.loads(body) == {"error": "say `x`"}
    assert b"connection: close" in head
    assert b"content-length: %d" % len(body) in head


def test_a_failure_says_nothing_of_its_cause() -> None:
    assert json.loads(responses.failed().split(b"\r\n\r\n")[1]) == {"error": "the gateway failed to answer this request"}
