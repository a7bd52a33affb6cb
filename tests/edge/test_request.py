"""Looking up fields of a request."""

from __future__ import annotations

from yett.edge.request import Request


def test_the_first_value_of_a_field_is_found_and_an_absent_field_is_none() -> None:
    request = Request(b"GET", b"/", "/", [(b"accept", b"a"), (b"accept", b"b")], b"", None)
    assert request.header(b"accept") == b"a"
    assert request.header(b"origin") is None
