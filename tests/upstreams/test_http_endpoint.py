"""URLs of servers."""

from __future__ import annotations

import pytest

from yett.errors import OperatorFault
from yett.upstreams.http_endpoint import endpoint_of


@pytest.mark.parametrize(
    ("url", "secure", "host", "port", "field", "target"),
    [
        ("http://a.example/mcp", False, "a.example", 80, b"a.example", b"/mcp"),
        ("https://a.example", True, "a.example", 443, b"a.example", b"/"),
        ("https://A.Example:443/x?y=z", True, "a.example", 443, b"a.example", b"/x?y=z"),
        ("http://127.0.0.1:9000/", False, "127.0.0.1", 9000, b"127.0.0.1:9000", b"/"),
        ("http://[::1]:9000/mcp", False, "::1", 9000, b"[::1]:9000", b"/mcp"),
        ("https://b\u00fccher.example/", True, "xn--bcher-kva.example", 443, b"xn--bcher-kva.example", b"/"),
    ],
)
def test_a_url_is_taken_apart(url: str, secure: bool, host: str, port: int, field: bytes, target: bytes) -> None:
    endpoint = endpoint_of(url)
    assert (endpoint.secure, endpoint.host, endpoint.port) == (secure, host, port)
    assert (endpoint.host_field, endpoint.target) == (field, target)


def test_the_origin_is_what_people_read() -> None:
    assert endpoint_of("https://a.example:8443/mcp").name == "https://a.example:8443"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "ftp://a.example/",
        "http://",
        "http:///mcp",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://[::1/",
        "http://a.example/a b",
        "http://a.example/\r\nx: y",
        "http://a.example/\u00e4",
        "http://a.example/#part",
        "http://user@a.example/",
        "http://user:secret@a.example/",
        "http://\u00e4..example/",
    ],
)
def test_a_url_that_is_not_plain_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(OperatorFault) as caught:
        endpoint_of(url)
    assert "\n" not in str(caught.value)
    assert "\r" not in str(caught.value)
    assert "secret" not in str(caught.value)
