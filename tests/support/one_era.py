"""The conformance fixture as a server of one era only: what belongs to the other one is refused as such servers refuse it.

Run as a program it serves on a free port of loopback and prints its URL: `python -m tests.support.one_era stateless`.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.conformance.fixture.server import build
from tests.support.programs import ROOT
from yett.protocol.eras import HANDSHAKE_REVISIONS, STATELESS_REVISIONS

STATELESS: Final = "stateless"
HANDSHAKE: Final = "handshake"


@dataclass(slots=True)
class OneEra:
    """ASGI middleware: by the version field, as servers decide it. Remembers the methods that came, and shows them at `/seen`."""

    app: ASGIApp
    era: str
    seen: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["path"] == "/seen":
            return await JSONResponse(self.seen)(scope, receive, send)
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        message: dict[str, Any] = json.loads(body) if body else {}
        self.seen.append(str(message.get("method", scope["method"])))
        version = dict(scope["headers"]).get(b"mcp-protocol-version", b"").decode()
        refusal = self._refusal(scope["method"], version, message)
        if refusal is not None:
            return await refusal(scope, receive, send)
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        return await self.app(scope, again, send)

    def _refusal(self, method: str, version: str, message: dict[str, Any]) -> Response | None:
        modern = version in STATELESS_REVISIONS
        if self.era == STATELESS:
            if method != "POST":
                return Response(status_code=405, headers={"allow": "POST"})
            if not modern:
                data = {"supported": list(STATELESS_REVISIONS), "requested": version}
                return _error(400, message.get("id"), -32022, "Unsupported protocol version", data)
        elif version and version not in HANDSHAKE_REVISIONS:
            return _error(400, None, -32000, f"Bad Request: Unsupported protocol version: {version}")
        return None


def _error(status: int, id: Any, code: int, text: str, data: Any = None) -> Response:
    fault = {"code": code, "message": text, **({} if data is None else {"data": data})}
    return JSONResponse({"jsonrpc": "2.0", "id": id, "error": fault}, status_code=status)


def serve(era: str) -> None:
    """Serve until killed; the first line on stdout is the URL."""
    logging.disable(logging.CRITICAL)  # it is asked for what its era does not have
    listener = socket.create_server(("127.0.0.1", 0))
    app = OneEra(build().streamable_http_app(), era)
    print(f"http://localhost:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(app, http="h11", log_level="error")).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class Server:
    """The running server, seen from a test."""

    url: str

    def seen(self) -> list[str]:
        """Methods of all messages that reached it, oldest first; HTTP's own where there was no message."""
        with urllib.request.urlopen(self.url.removesuffix("/mcp") + "/seen", timeout=5) as answer:
            found: list[str] = json.load(answer)
        return found


@contextmanager
def running_server(era: str) -> Iterator[Server]:
    """A fresh server in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", __name__, era], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the server did not start"
            yield Server(url)
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    serve(sys.argv[1])
