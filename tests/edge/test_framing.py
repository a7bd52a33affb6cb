"""What the guards of the request head refuse, case by case, and what they must let pass."""

from __future__ import annotations

import pytest

from yett.edge import framing
from yett.edge.limits import EdgeLimits
from yett.edge.request import Refusal

LIMITS = EdgeLimits()
HOST = (b"host", b"gate.example:8700")


@pytest.mark.parametrize(
    "target", [b"/", b"/mcp/time", b"/mcp/time/", b"/.well-known/x", b"/a..b/...", b"/~a/@b", b"/a?b=%2f..//#"[:-1], b"/a?"]
)
def test_a_plain_path_is_served_as_it_stands(target: bytes) -> None:
    assert framing.judge_line(b"GET", target, "1.1", LIMITS) == target.split(b"?")[0].decode()


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"*",
        b"mcp",
        b"//mcp",
        b"/mcp//time",
        b"/mcp/..",
        b"/mcp/../x",
        b"/./mcp",
        b"/mcp/.",
        b"/mcp/..?x",
        b"/mcp/%2e%2e/x",
        b"/mcp%2ftime",
        b"/mcp%5ctime",
        b"/mcp/%00",
        b"/mcp/%41",
        b"/mcp\\time",
        b"/mcp/..;/x",
        b"/mcp#part",
        b"/mcp?a#b",
        b"/mcp\x7f",
        b"/mcp/\xc3\xa4",
        b"http://gate.example/mcp",
        b"gate.example:80",
    ],
)
def test_a_target_that_could_be_read_in_two_ways_is_refused(target: bytes) -> None:
    refusal = framing.judge_line(b"GET", target, "1.1", LIMITS)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


def test_a_path_at_the_limit_is_served_and_one_past_it_is_not() -> None:
    longest = b"/" + b"a" * (LIMITS.target_bytes - 1)
    assert framing.judge_line(b"GET", longest, "1.1", LIMITS) == longest.decode()
    assert framing.judge_line(b"GET", longest + b"a", "1.1", LIMITS) == framing.TARGET_TOO_LONG


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0"])
def test_other_versions_are_refused(version: str) -> None:
    refusal = framing.judge_line(b"GET", b"/", version, LIMITS)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE", b"PRI", b"PROPFIND", b"SOURCE"])
def test_methods_that_no_handler_knows_are_refused(method: bytes) -> None:
    refusal = framing.judge_line(method, b"/", "1.1", LIMITS)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 405


def status(*fields: tuple[bytes, bytes], method: bytes = b"GET", version: str = "1.1") -> int | None:
    """The status with which the fields are refused; None if they pass."""
    judged = framing.judge_fields(method, version, fields, LIMITS)
    return judged.status if isinstance(judged, Refusal) else None


@pytest.mark.parametrize(
    "host", [b"x", b"localhost", b"127.0.0.1:8700", b"[::1]:80", b"[fe80::1]", b"a-b.c", b"my_gate:1", b"x.", b"X.Y:1"]
)
def test_usual_hosts_pass(host: bytes) -> None:
    assert status((b"host", host)) is None


@pytest.mark.parametrize(
    "host", [b"", b"a b", b"a/b", b"a@b", b"0.0.0.0=5000", b"a:b", b"a:", b"a:123456", b"::1", b"-a", b"\xe4"]
)
def test_hosts_that_are_none_are_refused(host: bytes) -> None:
    assert status((b"host", host)) == 400


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_request_without_host_is_refused_in_both_versions(version: str) -> None:
    assert status((b"accept", b"*/*"), version=version) == 400


@pytest.mark.parametrize(
    "name",
    [
        b"host",
        b"authorization",
        b"content-type",
        b"content-length",
        b"transfer-encoding",
        b"origin",
        b"content-encoding",
        b"expect",
        b"mcp-session-id",
        b"mcp-protocol-version",
        b"mcp-method",
        b"mcp-name",
        b"mcp-param-anything",
        b"last-event-id",
        b"traceparent",
    ],
)
def test_a_field_that_decides_something_may_stand_only_once(name: bytes) -> None:
    values = {
        b"content-length": b"1",
        b"transfer-encoding": b"chunked",
        b"expect": b"100-continue",
        b"content-encoding": b"identity",
    }
    field = (name, values.get(name, b"x"))
    first = () if name == b"host" else (HOST,)
    assert status(*first, field) is None
    assert status(*first, field, (b"accept", b"*/*"), field) == 400


def test_fields_that_are_lists_may_be_repeated() -> None:
    assert status(HOST, (b"accept", b"a/b"), (b"accept", b"c/d"), (b"x-forwarded-for", b"1"), (b"x-forwarded-for", b"2")) is None


@pytest.mark.parametrize("name", [b"mcp_session_id", b"content_length", b"transfer_encoding", b"mcp_param-x", b"mcp-session_id"])
def test_an_underscore_alias_of_a_deciding_field_is_refused(name: bytes) -> None:
    assert status(HOST, (name, b"1")) == 400


def test_an_underscore_in_another_field_is_nobodys_harm() -> None:
    assert status(HOST, (b"x_tenant", b"1")) is None


@pytest.mark.parametrize("value", [b"gzip, chunked", b"identity", b"chunked, chunked", b"xchunked", b"identity, chunked", b""])
def test_a_transfer_coding_other_than_chunked_is_refused(value: bytes) -> None:
    assert status(HOST, (b"transfer-encoding", value), method=b"POST") == 400


def test_chunks_are_refused_in_version_1_0() -> None:
    assert status(HOST, (b"transfer-encoding", b"chunked"), method=b"POST", version="1.0") == 400
    assert status(HOST, (b"transfer-encoding", b"Chunked"), method=b"POST") is None


@pytest.mark.parametrize("value", [b"gzip", b"br", b"zstd", b"deflate", b"gzip, identity", b"identity, gzip"])
def test_a_compressed_body_is_refused(value: bytes) -> None:
    assert status(HOST, (b"content-encoding", value)) == 415


def test_only_continue_may_be_expected() -> None:
    assert status(HOST, (b"expect", b"100-Continue")) is None
    assert status(HOST, (b"expect", b"200-ok")) == 417


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH"])
def test_a_method_with_a_body_needs_to_say_how_long_it_is(method: bytes) -> None:
    assert status(HOST, method=method) == 411
    assert status(HOST, (b"content-length", b"0"), method=method) is None


def test_a_length_at_the_limit_passes_and_one_past_it_does_not() -> None:
    assert status(HOST, (b"content-length", b"%d" % LIMITS.body_bytes), method=b"POST") is None
    assert status(HOST, (b"content-length", b"%d" % (LIMITS.body_bytes + 1)), method=b"POST") == 413
    assert status(HOST, (b"content-length", b"9" * 19), method=b"POST") == 413


def test_the_number_and_the_size_of_fields_are_bounded() -> None:
    many = [(b"x-%d" % number, b"1") for number in range(LIMITS.header_count)]
    assert framing.judge_size(many, LIMITS) is None
    assert framing.judge_size([*many, (b"x-last", b"1")], LIMITS) == framing.HEAD_TOO_LARGE
    room = LIMITS.header_bytes - len(b"x") - 4
    assert framing.judge_size([(b"x", b"a" * room)], LIMITS) is None
    assert framing.judge_size([(b"x", b"a" * (room + 1))], LIMITS) == framing.HEAD_TOO_LARGE


def test_the_result_tells_which_deciding_fields_are_there() -> None:
    seen = framing.judge_fields(b"POST", "1.1", [HOST, (b"content-length", b"1"), (b"expect", b"100-continue")], LIMITS)
    assert isinstance(seen, int)
    assert seen & framing.EXPECT_BIT
    without = framing.judge_fields(b"GET", "1.1", [HOST], LIMITS)
    assert isinstance(without, int)
    assert not without & framing.EXPECT_BIT
