"""Newline framing, and the fast look at what a server says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.protocol.lines import PREVIEW_BYTES_MAX, LineReader, Noise
from yett.protocol.peek import UNKNOWN_RESULT, peek_response, replace_unmediated_result


def test_lines_come_out_as_they_are_completed() -> None:
    reader = LineReader()
    assert list(reader.feed(b'{"a":1}\n{"b"')) == [b'{"a":1}']
    assert list(reader.feed(b":2}")) == []
    assert list(reader.feed(b"\r\n\n  \n")) == [b'{"b":2}']


@given(st.lists(st.sampled_from([b'{"a":1}', b'{"b":"\xe2\x80\xa8\x85"}', b"noise", b"", b"\r"])), st.lists(st.integers(0, 60)))
@examples(200)
def test_the_chunks_in_which_they_arrive_do_not_matter(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    whole = list(LineReader().feed(stream))
    reader, start = LineReader(), 0
    pieces: list[bytes | Noise] = []
    for cut in [*sorted(cut for cut in cuts if cut < len(stream)), len(stream)]:
        pieces.extend(reader.feed(stream[start:cut]))
        start = cut
    assert pieces == whole
    assert [line for line in whole if isinstance(line, bytes)] == [line for line in lines if line.startswith(b"{")]


def test_a_line_that_is_no_object_is_reported() -> None:
    outcome = list(LineReader().feed(b"Server started on port 1\n[]\n"))
    assert outcome == [
        Noise(b"Server started on port 1", "the line is no JSON object"),
        Noise(b"[]", "the line is no JSON object"),
    ]


def test_a_line_at_the_bound_passes_and_one_past_it_is_reported() -> None:
    reader = LineReader(line_bytes_max=300)
    line = b"{" + b"x" * 298 + b"}"
    assert list(reader.feed(line + b"\n")) == [line]
    (noise,) = reader.feed(line + b"x\n")
    assert isinstance(noise, Noise)
    assert noise.reason == "the line is longer than 300 bytes"
    assert list(reader.feed(b"{}\n")) == [b"{}"]


def test_an_overlong_line_is_not_kept_in_memory() -> None:
    reader = LineReader(line_bytes_max=1000)
    for _ in range(100):
        assert list(reader.feed(b"{" * 1000)) == []
    (noise,) = reader.feed(b"\n")
    assert isinstance(noise, Noise)
    assert len(noise.preview) == PREVIEW_BYTES_MAX


def test_a_line_cut_by_the_end_of_the_stream_is_no_message() -> None:
    reader = LineReader()
    assert list(reader.feed(b'{"a":1}')) == []
    assert list(reader.close()) == [Noise(b'{"a":1}', "the stream ended within the line")]
    assert list(LineReader().close()) == []


def test_a_response_is_known_by_id_and_outcome() -> None:
    peek = peek_response(b'{"jsonrpc":"2.0","id": "a\\u0062" ,"result":{"isError":true,"resultType":"complete"}}')
    assert peek is not None
    assert (peek.id, peek.is_response, peek.is_tool_error, peek.result_type) == (b'"a\\u0062"', True, True, "complete")


def test_an_error_is_known_by_its_code() -> None:
    peek = peek_response(b'{"id":1,"error":{"code":-32601,"message":"x"}}')
    assert peek is not None
    assert (peek.is_response, peek.rpc_error_code) == (True, -32601)


@pytest.mark.parametrize("error", [b"5", b"[]", b'{"code":"x"}', b'{"code":1.5}', b"{}"])
def test_an_error_without_a_code_counts_as_0(error: bytes) -> None:
    peek = peek_response(b'{"id":1,"error":' + error + b"}")
    assert peek is not None
    assert peek.rpc_error_code == 0


def test_requests_and_notifications_of_a_server_are_told_apart() -> None:
    request = peek_response(b'{"id":1,"method":"roots/list"}')
    notification = peek_response(b'{"method":"notifications/progress"}')
    assert request is not None
    assert notification is not None
    assert (request.is_request, request.method) == (True, "roots/list")
    assert (notification.is_request, notification.is_response, notification.method) == (False, False, "notifications/progress")


NO_MESSAGE = [
    b"",
    b"x",
    b"[]",
    b"1",
    b"{}",
    b'{"id":1}',
    b'{"id":1,"method":5}',
    b'{"id":1,"method":"x","result":{}}',
    b'{"id":1,"result":{},"error":{}}',
    b"[" * 100_000,
    b'{"id":1,"result":' + b"[" * 100_000,
    b'{"id":\xff,"result":{}}',
]


@pytest.mark.parametrize("data", NO_MESSAGE, ids=range(len(NO_MESSAGE)))
def test_what_is_no_message_is_none(data: bytes) -> None:
    assert peek_response(data) is None
    assert json.loads(replace_unmediated_result(data, b"1"))["error"]["code"] == -32603


@pytest.mark.parametrize(
    "result",
    [
        b'{"resultType":"input_required"}',
        b'{"resultType":"task"}',
        b'{"resultType":5}',
        b"[]",
        b'{"isError":"x","resultType":"input_required"}',
        b'{"resultType":["complete"]}',
    ],
)
def test_a_result_that_is_not_final_is_replaced(result: bytes) -> None:
    reply = json.loads(replace_unmediated_result(b'{"jsonrpc":"2.0","id":5,"result":' + result + b"}", b'"a"'))
    assert (reply["id"], reply["error"]["code"]) == ("a", -32603)


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":1,"result":{"resultType":"complete"}}',
        b'{"id":1,"result":{}}',
        b'{"id":1,"error":{}}',
        b'{"method":"x"}',
        b'{"id":1,"result":{"resultType":null}}',
    ],
)
def test_everything_else_stays(data: bytes) -> None:
    assert replace_unmediated_result(data, b"1") is data


def test_an_unknown_kind_of_result_is_marked() -> None:
    peek = peek_response(b'{"id":1,"result":{"resultType":5}}')
    assert peek is not None
    assert peek.result_type == UNKNOWN_RESULT


TWO_READINGS = {
    "an id twice": b'{"jsonrpc":"2.0","id":1,"id":2,"result":{}}',
    "an id twice and alike": b'{"jsonrpc":"2.0","id":1,"id":1,"result":{}}',
    "a result twice": b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required"},"result":{"resultType":"complete"}}',
    "a result twice, once escaped": b'{"jsonrpc":"2.0","id":1,"result":{},"resul\\u0074":{}}',
    "an error twice": b'{"jsonrpc":"2.0","id":1,"error":{"code":1},"error":{"code":-32601}}',
    "a method in another case": b'{"jsonrpc":"2.0","id":1,"result":{},"Method":"sampling/createMessage"}',
    "a method with a NUL": b'{"jsonrpc":"2.0","id":1,"result":{},"method\\u0000":"sampling/createMessage"}',
    "a method in place of the version": b'{"Method":"abcd","id":1,"result":{}}',
    "a result in another case": b'{"jsonrpc": "2.0", "id": 1, "result": {}, "Result": {}}',
    "an id that begins alike": b'{"id":12,"jsonrpc":"2.0","result":{},"id":1}',
    "a kind of result twice": b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","resultType":"complete"}}',
    "a kind of result twice, with blanks": b'{"jsonrpc":"2.0","id":1,"result":{ "resultType":"task" , "resultType":"complete" }}',
    "a kind of result in another case": b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ResultType":"task"}}',
    "a kind of result, full width": '{"id":1,"result":{"resultType":"complete","ｒesultType":"task"}}'.encode(),
    "a result's fault twice": b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true,"isError":false}}',
    "a request for input in another case": b'{"id":1,"result":{"content":[],"InputRequests":{"a":{}}}}',
    "a notification's method twice": b'{"jsonrpc":"2.0","method":"notifications/message","method":"notifications/progress"}',
    "bytes that are no UTF-8": b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"\xff"}]}}',
    "an overlong character": b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"\xc0\xaf"}]}}',
    "half a character in a name": b'{"jsonrpc":"2.0","id":1,"result":{},"\\ud800":1}',
}


@pytest.mark.parametrize("data", TWO_READINGS.values(), ids=TWO_READINGS.keys())
def test_what_two_readers_could_read_differently_is_no_message(data: bytes) -> None:
    assert peek_response(data) is None
    assert json.loads(replace_unmediated_result(data, b"1"))["error"]["code"] == -32603


ONE_READING = [
    b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":1,"A":2},"isError":false,"_meta":{"x":1}}}',
    b'{"jsonrpc": "2.0", "id": 1, "result": {"content": [], "isError": false, "resultType": "complete"}}',
    b'{"result":{"content":[{"type":"text","text":"{\\"id\\":2, }"}],"resultType":"complete"},"id":1,"jsonrpc":"2.0"}\n',
    b'{\n  "jsonrpc" : "2.0",\n  "id" : 1,\n  "result" : {\n    "content" : [ ],\n    "custom" : { "a" : [ 1, 2 ] }\n  }\n}',
    b'{"\\u006asonrpc":"2.0","id":1,"result":{"resultT\\u0079pe":"complete","\\u00e9":"\\ud83d\\ude00"}}',
    '{"jsonrpc":"2.0","id":1,"result":{"content":[],"é":1,"data":2,"Data":3,"":4},"extra":5}'.encode(),
]


@pytest.mark.parametrize("data", ONE_READING, ids=range(len(ONE_READING)))
def test_blanks_escapes_and_members_of_the_servers_own_do_not_matter(data: bytes) -> None:
    peek = peek_response(data)
    assert peek is not None
    assert (peek.id, peek.is_response, peek.result_type) in {(b"1", True, None), (b"1", True, "complete")}


names = st.sampled_from(["jsonrpc", "id", "result", "error", "method", "Result", "x", "ID", ""])
forms = st.sampled_from(["1", '"2.0"', "{}", '{"resultType":"complete"}', '{"content":[],"content":[]}', "null", "[1, 2]"])
blanks = st.sampled_from(["", "", " ", "\n  "])


@given(st.lists(st.tuples(blanks, names, blanks, forms, blanks), max_size=5))
@examples(2000)
def test_a_message_that_is_seen_has_each_member_once(members: list[tuple[str, str, str, str, str]]) -> None:
    text = "{" + ",".join(f'{before}"{name}":{between}{form}{behind}' for before, name, between, form, behind in members) + "}"
    written = [name for _, name, _, _, _ in members]
    twice = len(set(written)) < len(written) or ('content":[],"content' in text and "result" in written)
    if peek_response(text.encode()) is not None:
        assert len(set(written)) == len(written)
        assert not {"Result", "ID"} & set(written)
    elif not twice and {"Result", "ID"}.isdisjoint(written):
        alone = len({"result", "error", "method"} & set(written)) == 1
        assert not alone or "method" in written or "content" in text
