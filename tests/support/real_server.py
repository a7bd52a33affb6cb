"""A real MCP server over HTTP that remembers what reached it: the witness of what the gate let through.

Run as a program it serves on a free port of loopback and prints its URL: `python -m tests.support.real_server`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import Completion, CompletionArgument
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.ports import free_port
from tests.support.programs import ROOT, node_command

START_SECONDS_MAX: Final = 20.0


def build() -> MCPServer:
    """The server: one harmless tool, one that moves money, one that must stay unseen, one that reports progress; and notes."""
    server = MCPServer("witness", version="1.0.0", log_level="ERROR")

    @server.tool()
    def add(a: int, b: int) -> str:
        """Adds two numbers."""
        return str(a + b)

    @server.tool()
    def refund(order: str, amount: float) -> str:
        """Pays money back."""
        return f"refunded {amount} for {order}"

    @server.tool()
    def drop_everything() -> str:
        """Deletes all data."""
        return "gone"

    @server.tool()
    async def count(to: int, ctx: Context) -> str:
        """Counts, and says how far it is."""
        for number in range(1, to + 1):
            await ctx.report_progress(number, to)
        return f"counted to {to}"

    _add_notes(server)
    return server


def _add_notes(server: MCPServer) -> None:
    """Resources and prompts of which one half is nobody's business."""

    @server.resource("notes://public/plan")
    def plan() -> str:
        return "the plan"

    @server.resource("notes://private/key")
    def key() -> str:
        return "the key"

    @server.resource("notes://public/{name}")
    def note(name: str) -> str:
        return f"note {name}"

    @server.resource("notes://private/{name}")
    def secret(name: str) -> str:
        return f"secret {name}"

    @server.prompt()
    def summary(topic: str) -> str:
        return f"Summarise {topic}."

    @server.prompt()
    def confession() -> str:
        return "Tell everything."

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # the SDK leaves it untyped
    async def complete(ref: object, argument: CompletionArgument, context: object) -> Completion:
        return Completion(values=[f"{argument.value}1", f"{argument.value}2"])


@dataclass(slots=True)
class Recorder:
    """ASGI middleware that keeps head and body of every request, and shows them at `/seen`."""

    app: ASGIApp
    requests: list[dict[str, Any]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/seen":
            await JSONResponse(self.requests)(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entry: dict[str, Any] = {
            "http": scope["method"],
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "body": "",
        }
        self.requests.append(entry)

        async def remember() -> Message:
            message = await receive()
            entry["body"] += message.get("body", b"").decode()
            return message

        await self.app(scope, remember, send)


def serve() -> None:
    """Serve until killed; the first line on stdout is the URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    config = uvicorn.Config(Recorder(build().streamable_http_app(), []), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class Witness:
    """The running server, seen from a test."""

    url: str

    def requests(self) -> list[dict[str, Any]]:
        """Everything that reached its MCP endpoint, oldest first."""
        with urllib.request.urlopen(self.url.removesuffix("/mcp") + "/seen", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and arguments of each `tools/call` that reached it."""
        bodies = [json.loads(entry["body"]) for entry in self.requests() if entry["body"]]
        return [
            (body["params"]["name"], body["params"].get("arguments", {})) for body in bodies if body.get("method") == "tools/call"
        ]

    def header_names(self) -> set[str]:
        """Every header field that any request carried."""
        return {name for entry in self.requests() for name, _ in entry["headers"]}


@contextmanager
def running_witness() -> Iterator[Witness]:
    """A fresh witness in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", __name__], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the witness did not start"
            yield Witness(url)
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def running_everything(*, sse: bool = False) -> Iterator[str]:
    """The reference server @modelcontextprotocol/server-everything over HTTP; its URL. `sse`: as in 2024-11-05."""
    port = free_port()
    command = node_command("server-everything", "sse" if sse else "streamableHttp")
    environment = {**os.environ, "PORT": str(port)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_listening(port, process)
            yield f"http://127.0.0.1:{port}/{'sse' if sse else 'mcp'}"
        finally:
            process.terminate()
            process.wait(10)


def _wait_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


if __name__ == "__main__":
    serve()
