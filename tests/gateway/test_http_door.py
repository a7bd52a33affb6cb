"""What goes along from a client's request, and what does not."""

from __future__ import annotations

from yett.edge.request import Request
from yett.gateway.http_door import by_name, going_along


def request(*headers: tuple[bytes, bytes]) -> Request:
    return Request(b"POST", b"/mcp/files", "/mcp/files", list(headers), b"", "127.0.0.1")


def test_only_what_belongs_to_the_message_goes_along() -> None:
    kept = [(b"accept", b"*/*"), (b"mcp-param-x", b"1"), (b"traceparent", b"t"), (b"mcp-protocol-version", b"2025-11-25")]
    dropped = [(name, b"x") for name in (b"authorization", b"cookie", b"proxy-authorization", b"x-key", b"mcp-session-id", b"te")]
    assert going_along([*kept, *dropped]) == kept


def test_a_list_that_takes_several_lines_is_one_value() -> None:
    assert by_name(request((b"accept", b"application/json"), (b"accept", b"text/event-stream")))[b"accept"] == (
        b"application/json, text/event-stream"
    )
    single = request((b"accept", b"*/*"), (b"host", b"x"))
    assert by_name(single) == {b"accept": b"*/*", b"host": b"x"}
