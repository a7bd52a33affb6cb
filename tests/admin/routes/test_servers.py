"""Servers, asked over HTTP."""

from __future__ import annotations

from tests.admin.listener import Listener

URL = "https://shop.example/mcp"


def test_over_http_an_etag_guards_an_edit(listener: Listener) -> None:
    listener.ask("POST", "/api/v1/servers", {"name": "shop", "url": URL})
    _, view = listener.ask("GET", "/api/v1/servers/shop")
    etag = {"if-match": f'"{view["revision"]}"'}
    assert listener.ask("PATCH", "/api/v1/servers/shop", {"notes": "one"}, fields=etag)[0] == 200
    status, problem = listener.ask("PATCH", "/api/v1/servers/shop", {"notes": "two"}, fields=etag)
    assert (status, problem["code"]) == (412, "stale")
    assert listener.ask("PATCH", "/api/v1/servers/shop", {"notes": "two"}, fields={"if-match": "W/x"})[0] == 412
    for fields in ({"if-match": "*"}, {}):
        assert listener.ask("PATCH", "/api/v1/servers/shop", {"notes": "two"}, fields=fields)[0] == 200
    status, problem = listener.ask("PATCH", "/api/v1/servers/shop", {"url": "ftp://x"})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/url")
