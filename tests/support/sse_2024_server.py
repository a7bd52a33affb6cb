"""A server of revision 2024-11-05 in a thread: an event stream for each client, and an address to post messages to."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ECHO = {"name": "echo", "description": "Says it again.", "inputSchema": {"type": "object"}}


@dataclass
class SseServer:
    """What it is told to do, and what reached it."""

    endpoint: str = "/messages?id={number}"
    """What the first event says; None of it is checked."""
    post_status: int = 202
    port: int = 0
    gets: list[dict[str, str]] = field(default_factory=list)
    posts: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    """Address, fields and message."""
    streams: list[queue.Queue[bytes | None]] = field(default_factory=list)
    """What is to be said on each stream; None ends it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sse"

    @property
    def methods(self) -> list[str]:
        return [message.get("method", "") for _, _, message in self.posts]

    def say(self, message: object, *, stream: int = -1, kind: str = "message") -> None:
        """Put a message on a stream."""
        self.streams[stream].put(f"event: {kind}\ndata: {json.dumps(message)}\n\n".encode())

    def hang_up(self, stream: int = -1) -> None:
        """End a stream."""
        self.streams[stream].put(None)

    def answer(self, message: dict[str, Any]) -> object | None:
        """The result of a request."""
        match message.get("method"):
            case "initialize":
                info = {"name": "old", "version": "1"}
                return {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": info}
            case "tools/list":
                return {"tools": [ECHO]}
            case "tools/call" if message["params"]["name"] == "echo":
                return {"content": [{"type": "text", "text": json.dumps(message["params"]["arguments"])}]}
            case "ping":
                return {}
        return None  # it never answers


def _handler(server: SseServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.gets.append({name.lower(): value for name, value in self.headers.items()})
            events: queue.Queue[bytes | None] = queue.Queue()
            server.streams.append(events)
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            named = server.endpoint.format(number=len(server.streams) - 1, port=server.port)
            said: bytes | None = f"event: endpoint\ndata: {named}\n\n".encode()
            while said is not None:
                try:
                    self.wfile.write(said)
                except OSError:
                    return
                said = events.get()

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.posts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, message))
            if "method" in message and "id" in message and server.post_status == 202 and "id=" in self.path:
                result = server.answer(message)
                if result is not None:
                    answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
                    server.say(answer, stream=int(self.path.rpartition("=")[2]))
            self.send_response(server.post_status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving_sse(**members: Any) -> Iterator[SseServer]:
    """A running one."""
    server = SseServer(**members)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    server.port = listener.server_address[1]
    listener.daemon_threads = True
    listener.block_on_close = False
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, name="sse 2024")
    thread.start()
    try:
        yield server
    finally:
        for stream in server.streams:
            stream.put(None)
        listener.shutdown()
        listener.server_close()
        thread.join()
