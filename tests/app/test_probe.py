"""Asking servers what they are."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.sse_2024_server import serving_sse
from yett.app.probe import PAGES_MAX, TOOLS_MAX, Asking, SpeaksOther, WantsCredential, ask
from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached
from yett.gateway.snapshot import ServerEntry
from yett.settings import Settings
from yett.stores.commands import Command, add_command
from yett.upstreams.credentials import Credentials

Answer = Callable[[dict[str, Any]], tuple[int, object]]
INFO = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "shop", "version": "3"}}


@contextmanager
def serving(answer: Answer, *, port: int = 0) -> Iterator[tuple[str, list[tuple[dict[str, str], Any]]]]:
    """An MCP server that answers each request as it is told: status and result; and what reached it."""
    seen: list[tuple[dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append(({name.lower(): value for name, value in self.headers.items()}, message))
            status, result = (202, None) if "id" not in message else answer(message)
            body = b"" if result is None else json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": result}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("mcp-session-id", "one")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_DELETE(self) -> None:
            seen.append(({name.lower(): value for name, value in self.headers.items()}, {"method": "DELETE"}))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(folder: Path, server: ServerEntry, environ: dict[str, str] | None = None) -> dict[str, Any]:
    asking = Asking(Settings(config_path=None, state_dir=folder), Credentials(environ or {}), None)
    return asyncio.run(ask(asking, server))


def at(url: str, **more: Any) -> ServerEntry:
    return ServerEntry(organisation="o", id="s", name="shop", url=url, **more)


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}}


def test_a_program_tells_its_tools_as_it_defines_them(tmp_path: Path) -> None:
    add_command(tmp_path, "time", Command(argv=(sys.executable, "-m", "mcp_server_time")))
    told = said(tmp_path, ServerEntry(organisation="o", id="s", name="time", command="time"))
    assert {tool["name"] for tool in told["tools"]} == {"get_current_time", "convert_time"}
    assert all(tool["inputSchema"]["type"] == "object" for tool in told["tools"])
    assert told["name"] == "mcp-time"


def test_a_server_at_a_url_tells_all_pages_and_its_session_is_ended(tmp_path: Path) -> None:
    def answer(message: dict[str, Any]) -> tuple[int, object]:
        if message["method"] == "initialize":
            return 200, {**INFO, "protocolVersion": "2025-06-18"}
        if "cursor" not in message["params"]:
            return 200, {"tools": [tool("a")], "nextCursor": "2"}
        return 200, {"tools": [tool("b")]}

    with serving(answer) as (url, seen):
        told = said(tmp_path, at(url, credential="env:KEY"), {"KEY": "k"})
    assert told == {
        "name": "shop",
        "version": "3",
        "revision": "2025-06-18",
        "credential": True,
        "tools": [tool("a"), tool("b")],
    }
    methods = [message["method"] for _, message in seen]
    assert methods == ["initialize", "notifications/initialized", "tools/list", "tools/list", "DELETE"]
    assert {fields["authorization"] for fields, _ in seen} == {"Bearer k"}
    assert seen[2][0]["mcp-protocol-version"] == "2025-06-18"


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_refuses_whoever_asks_wants_a_credential(tmp_path: Path, status: int) -> None:
    with serving(lambda _: (status, None)) as (url, _), pytest.raises(WantsCredential, match=f"status {status}"):
        said(tmp_path, at(url))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"tools": [tool("a")], "nextCursor": "again"}, f"more than {PAGES_MAX} pages"),
        ({"tools": [tool(str(n)) for n in range(TOOLS_MAX + 1)]}, "longer than 5,000 tools"),
        ({"tools": [{**tool("a"), "description": "x" * (4 * 1024 * 1024)}]}, "longer than|larger than"),
        ({"tools": "none"}, "no list"),
        ({"tools": [{"name": 1}]}, "without `name`"),
    ],
)
def test_a_list_that_is_too_long_or_none_is_no_list(tmp_path: Path, result: object, message: str) -> None:
    with serving(lambda asked: (200, INFO if asked["method"] == "initialize" else result)) as (url, _):  # noqa: SIM117 - reads as it runs
        with pytest.raises(UpstreamFault, match=message):
            said(tmp_path, at(url))


def test_a_server_that_settles_on_an_unknown_revision_is_not_asked_further(tmp_path: Path) -> None:
    with serving(lambda _: (200, {**INFO, "protocolVersion": "1999-01-01"})) as (url, seen):  # noqa: SIM117 - reads as it runs
        with pytest.raises(UpstreamFault, match="no revision of the protocol that Yett speaks"):
            said(tmp_path, at(url))
    assert "tools/list" not in [message["method"] for _, message in seen]


def test_a_server_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(UpstreamNotReached, match="cannot connect"):
        said(tmp_path, at(f"http://127.0.0.1:{free_port()}/mcp"))


def test_a_command_that_the_host_does_not_list_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(UpstreamFault, match="lists no command `anything`"):
        said(tmp_path, ServerEntry(organisation="o", id="s", name="x", command="anything"))


def test_a_credential_that_cannot_be_had_keeps_everything_from_being_sent(tmp_path: Path) -> None:
    with serving(lambda _: (200, INFO)) as (url, seen):
        with pytest.raises(OperatorFault, match="`env:NONE` is not set"):
            said(tmp_path, at(url, credential="env:NONE"))
        assert seen == []


def test_a_server_of_the_other_transport_is_told_from_one_that_is_broken(tmp_path: Path) -> None:
    with serving_sse() as server:
        with pytest.raises(SpeaksOther, match="it speaks the event stream of 2024-11-05; set its transport to `sse`"):
            said(tmp_path, at(server.url))
        (echo,) = said(tmp_path, at(server.url, transport="sse"))["tools"]
    assert echo["name"] == "echo"
    with serving(lambda _: (200, INFO)) as (url, _), pytest.raises(SpeaksOther, match="it speaks Streamable HTTP"):
        said(tmp_path, at(url, transport="sse"))
