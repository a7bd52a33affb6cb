"""A real server on loopback that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Came = tuple[str, dict[str, str], bytes]
"""Path, fields by lower-case name, body."""


@dataclass
class Receiver:
    """What came, and what is answered."""

    url: str = ""
    status: int = 200
    answer: Callable[[str, dict[str, Any]], dict[str, Any]] = field(default=lambda _path, _body: {"ok": True})
    came: list[Came] = field(default_factory=list)

    def bodies(self, path: str = "") -> list[Any]:
        """What was sent to places that end so."""
        return [json.loads(body) for at, _, body in self.came if at.endswith(path)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    served = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            served.came.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            told = json.dumps(served.answer(self.path, json.loads(body))).encode()
            self.send_response(served.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
