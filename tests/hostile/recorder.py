"""A server behind the gateway that remembers every byte that reached it, and answers as it is told."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

TOOLS: Final = ("pay", "rm")
"""What it lists. Every policy of these tests allows the first one; nothing may ever be heard of the second."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that reached the server."""

    head: bytes
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The body as the standard reader sees it."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def is_call(self) -> bool:
        """Whether it is a tool call, to whoever looks for the words in the bytes."""
        return b"tools/call" in self.body


Behaviour = Callable[[Heard, socket.socket], None]
"""Answers one call, by writing to the connection; what it raises about the connection is the gateway having closed it."""


def whole(body: bytes, *fields: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> bytes:
    """A plain answer."""
    lines = (b"HTTP/1.1 " + status, b"content-type: " + kind, b"content-length: %d" % len(body), *fields)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def result(heard: Heard, **members: Any) -> bytes:
    """The proper result of a call."""
    answer = {"resultType": "complete", "content": [{"type": "text", "text": "done"}], "isError": False, **members}
    return json.dumps({"jsonrpc": "2.0", "id": heard.message["id"], "result": answer}, separators=(",", ":")).encode()


def properly(heard: Heard, wire: socket.socket) -> None:
    """Answer as a server should."""
    wire.sendall(whole(result(heard)))


def listed(heard: Heard) -> bytes:
    """The proper list of tools."""
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]
    members = {"resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "public"}
    return json.dumps({"jsonrpc": "2.0", "id": heard.message["id"], "result": members}).encode()


@dataclass
class Recorder:
    """The running server. `heard` and `stray` are what came since the last `forget`."""

    port: int
    behaviour: Behaviour = properly
    listing: Behaviour | None = None
    """Answers requests for the list of tools in the place of the recorder."""
    heard: list[Heard] = field(default_factory=list)
    stray: list[bytes] = field(default_factory=list)
    """Bytes that were no request."""
    open: int = 0
    """Connections that the gateway holds."""

    def forget(self) -> None:
        """Begin anew."""
        self.heard.clear()
        self.stray.clear()
        self.behaviour = properly
        self.listing = None

    @property
    def calls(self) -> list[Heard]:
        """The calls among what was heard."""
        return [one for one in self.heard if one.is_call]

    def serve(self, wire: socket.socket) -> None:
        """Answer the requests of one connection in turn."""
        self.open += 1
        held = b""
        with wire, suppress(OSError):
            while True:
                while b"\r\n\r\n" not in held:
                    held += self._more(wire)
                head, _, held = held.partition(b"\r\n\r\n")
                found = _LENGTH.findall(head + b"\r\n")
                length = int(found[0]) if len(found) == 1 else 0
                while len(held) < length:
                    held += self._more(wire)
                self._answer(Heard(head, held[:length]), wire)
                held = held[length:]
        if held:
            self.stray.append(held)
        self.open -= 1

    def _more(self, wire: socket.socket) -> bytes:
        data = wire.recv(65_536)
        if not data:
            raise ConnectionError("the gateway closed the connection")
        return data

    def _answer(self, heard: Heard, wire: socket.socket) -> None:
        self.heard.append(heard)
        if heard.is_call:
            self.behaviour(heard, wire)
            return
        if self.listing is not None and b"tools/list" in heard.body:
            self.listing(heard, wire)
            return
        message = json.loads(heard.body) if heard.body else {}
        if "id" not in message:
            wire.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            return
        said = listed(heard) if message["method"] == "tools/list" else b'{"jsonrpc":"2.0","id":%b,"result":{}}'
        wire.sendall(whole(said.replace(b"%b", json.dumps(message["id"]).encode())))


@contextmanager
def recording() -> Iterator[Recorder]:
    """A running recorder on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        recorder = Recorder(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, recorder), daemon=True, name="recorder").start()
        yield recorder
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, recorder: Recorder) -> None:
    with suppress(OSError):
        while True:
            wire, _ = listener.accept()
            threading.Thread(target=recorder.serve, args=(wire,), daemon=True, name="recorder connection").start()
