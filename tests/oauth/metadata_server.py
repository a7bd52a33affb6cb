"""A server of documents on loopback, for what a real authorization server would never say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Documents:
    """Path to answer: a JSON document, or a status. `{origin}` in texts is where it is."""

    origin: str = ""
    paths: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    fields: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, list[Any]] = field(default_factory=dict)
    """What a path answers after its first answer, one after the other."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0)
            self.heads.append(head)
            self.bodies.append((await reader.readexactly(length)).decode())
            path = head.split(" ")[1]
            self.asked.append(path)
            found = self.paths.get(path, 404)
            if self.later.get(path):
                self.paths[path] = self.later[path].pop(0)
            status, body = (found, "") if isinstance(found, int) else (200, json.dumps(found))
            if isinstance(found, tuple):
                status, body = found[0], json.dumps(found[1])
            more = "".join(f"{name}: {value}\r\n" for name, value in self.fields.items()).replace("{origin}", self.origin)
            text = body.replace("{origin}", self.origin)
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(text)}\r\n{more}\r\n{text}".encode())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def documents(paths: dict[str, Any]) -> AsyncIterator[Documents]:
    served = Documents(paths=paths)
    listener = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.origin = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        listener.close()
