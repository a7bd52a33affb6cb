"""An MCP registry in a thread, which answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from yett.admin.registry import META


def entry(name: str, **more: Any) -> dict[str, Any]:
    server = {"name": name, "description": f"{name} for tests", "version": "1.0.0", **more}
    return {"server": server, "_meta": {META: {"status": "active", "isLatest": True}}}


@dataclass
class Registry:
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    page: int = 2
    port: int = 0
    asked: list[str] = field(default_factory=list)
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Answers in its place."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str) -> tuple[int, object]:
        parts = urlsplit(path)
        steps, query = parts.path.split("/")[1:], {name: values[0] for name, values in parse_qs(parts.query).items()}
        if steps == ["v0", "servers"]:
            found = sorted(name for name in self.entries if query.get("search", "") in name)
            after = [name for name in found if name > query.get("cursor", "")]
            shown = after[: self.page]
            metadata = {"count": len(shown), **({"nextCursor": shown[-1]} if len(after) > len(shown) else {})}
            return 200, {"servers": [self.entries[name] for name in shown], "metadata": metadata}
        if steps[:2] == ["v0", "servers"] and len(steps) == 5 and steps[3] == "versions":
            found_entry = self.entries.get(unquote(steps[2]))
            if found_entry is not None and unquote(steps[4]) in {"latest", found_entry["server"]["version"]}:
                return 200, found_entry
        return 404, {"error": "Server not found"}


@contextmanager
def serving_registry(*entries: dict[str, Any]) -> Iterator[Registry]:
    registry = Registry({one["server"]["name"]: one for one in entries})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            if registry.instead is not None:
                registry.instead(self)
                return
            status, body = registry.answer(self.path)
            reply(self, status, json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **fields: str) -> None:
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(body)))
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
