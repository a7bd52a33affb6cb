"""`yett status`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.ledger import many_counters, recorded, usual
from tests.cli.terminal import Terminal
from tests.support.ports import free_port

READY = b'{"status":"ready","revision":7,"problems":["`p.json` is unreadable: the last good revision stays"]}'


@contextmanager
def answering(status: int, body: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A data plane that answers only this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("YETT_DATA_PLANE_PORT", str(server.server_port))
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_ready_gateway_shows_its_traffic_its_rules_and_its_limits(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(terminal, usual)
    recorded(terminal, many_counters)
    with answering(200, READY, monkeypatch) as url:
        out = terminal.ok("status").out
    assert f"ready at {url}, revision 7" in out
    assert "`p.json` is unreadable: the last good revision stays" in out
    assert "last 5 min  9 calls, 1.8 a minute, 1 request refused before that" in out
    assert "denied      1 (11%)" in out
    assert "outcomes    1 failed, 6 unknown" in out
    assert "latency     p50 1.2 ms, p99 1.2 ms" in out
    assert "1      deny      not_listed  (default deny)" in out
    assert "100%  talk" in out
    assert "90%   spend" in out
    assert "trial" not in out


def test_json_is_one_document(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(terminal, many_counters)
    with answering(200, READY, monkeypatch) as url:
        found = terminal.ok("status", "--json", "--minutes", "1").json
    assert found["gateway"]["status"] == "ready"
    assert (found["gateway"]["url"], found["gateway"]["revision"]) == (url, 7)
    assert (found["traffic"]["seconds"], found["traffic"]["calls"], found["traffic"]["denied_share"]) == (60, 6, 0.0)
    assert [line["counter"] for line in found["limits_near_full"]] == ["talk", "spend"]


def test_a_gateway_that_is_not_ready_is_a_failed_check(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(503, b'{"status":"not ready","problems":["no space left"]}', monkeypatch):
        done = terminal.run("status")
    assert done.status == 1
    assert "not ready at http" in done.out
    assert "no space left" in done.out
    assert "nothing has been recorded yet" in done.out


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
def test_another_program_at_the_port_is_said_to_be_one(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    with answering(200, body, monkeypatch):
        done = terminal.run("status")
    assert done.status == 1
    assert "another program answers there" in done.out


@pytest.mark.parametrize("port", [None, 0], ids=["a fixed port", "a free port"])
def test_a_gateway_that_does_not_run_is_a_failed_check_and_the_figures_are_still_there(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, port: int | None
) -> None:
    monkeypatch.setenv("YETT_DATA_PLANE_PORT", str(free_port() if port is None else port))
    recorded(terminal, usual)
    done = terminal.run("status", "--json")
    assert done.status == 1
    assert done.json["gateway"]["status"] == "not running"
    assert done.json["traffic"]["calls"] == 3
