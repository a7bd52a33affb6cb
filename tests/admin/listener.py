"""The admin API on a real socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from tests.admin.service import Office
from yett.admin.api import build_api

TOKEN = "an admin token for tests"


@dataclass(frozen=True)
class Listener:
    port: int
    office: Office

    def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = TOKEN, fields: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and decoded JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {**({"authorization": f"Bearer {token}"} if token is not None else {}), **(fields or {})}
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        try:
            connection.request(method, path, body=content, headers={"content-type": "application/json", **sent})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@contextmanager
def listen(office: Office) -> Iterator[Listener]:
    server = uvicorn.Server(
        uvicorn.Config(build_api(office.service.desk, TOKEN, "gate.example"), log_level="critical", lifespan="off")
    )
    opened = socket.socket()
    opened.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[opened])))
    opened.listen()
    thread.start()
    try:
        yield Listener(opened.getsockname()[1], office)
    finally:
        server.should_exit = True
        thread.join(10)
        opened.close()
