"""An image service on loopback that answers by a script, misbehaves on demand and remembers what it was sent."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image

from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.ports import Order
from redbook_mcp.providers import Kind, RemoteConfig, Timeouts, remote_painter
from redbook_mcp.providers.painter import RemotePainter
from redbook_mcp.secret import Secret

KEY = "sk-tEsT-0123456789abcdefGHIJ"
ENDPOINTS: Mapping[Kind, str] = {
    "openai": "/v1/images/generations",
    "gemini": "/v1beta/models/test-model:generateContent",
    "chat": "/v1/chat/completions",
    "seedream": "/api/v3/images/generations",
    "dashscope": "/api/v1/services/aigc/multimodal-generation/generation",
}
KINDS: tuple[Kind, ...] = tuple(ENDPOINTS)


def picture(width: int = 1104, height: int = 1472, kind: str = "PNG", colour: str = "#cc3344") -> bytes:
    """A small file of a large picture."""
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def noise(width: int, height: int, seed: int = 1) -> bytes:
    """A large file."""
    out = BytesIO()
    Image.frombytes("RGB", (width, height), Random(seed).randbytes(width * height * 3)).save(out, "PNG")
    return out.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class FilePart:
    name: str
    file_name: str
    mime: str
    content: bytes


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    def form(self) -> tuple[dict[str, str], list[FilePart]]:
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        fields: dict[str, str] = {}
        files: list[FilePart] = []
        for part in message.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            file_name = part.get_filename()
            if file_name is None:
                fields[name] = content.decode()
            else:
                files.append(FilePart(name, file_name, part.get_content_type(), content))
        return fields, files


@dataclass
class Reply:
    """What to answer; `cut` closes the connection after that many bytes of the body, `stall` leaves it open unanswered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    stall: asyncio.Event | None = None
    reset: bool = False


Route = Callable[[Received], Awaitable[Reply]]


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/json", **named})


def image_reply(data: bytes, mime: str = "image/png", **headers: str) -> Reply:
    return Reply(200, data, {"content-type": mime, **headers})


class FakeApi:
    """Answers each path from its own script; the last reply of a script repeats."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.scripts: dict[str, list[Reply]] = {}
        self.route: Route | None = None
        self.port = 0
        self.open_connections = 0
        self.all_closed = asyncio.Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, *replies: Reply) -> None:
        self.scripts[path] = list(replies)

    def sent_to(self, path: str) -> list[Received]:
        return [request for request in self.received if request.target == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.all_closed.clear()
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.open_connections -= 1
            if not self.open_connections:
                self.all_closed.set()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Received(method, target, headers, body)
        self.received.append(request)
        reply = await self._reply(request)
        if reply.reset:
            writer.transport.abort()
            return False
        if reply.stall is not None and reply.cut is None:
            await _first(reply.stall.wait(), reader.read(1))
            return False
        fields = {"content-length": str(len(reply.body)), **reply.headers}
        answer = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        writer.write("\r\n".join(answer).encode() + reply.body[: reply.cut])
        await writer.drain()
        if reply.stall is not None:
            await _first(reply.stall.wait(), reader.read(1))
        return reply.cut is None

    async def _reply(self, request: Received) -> Reply:
        if self.route is not None:
            return await self.route(request)
        script = self.scripts.get(request.target.partition("?")[0])
        if not script:
            return json_reply({"error": {"message": f"no script for {request.target}"}}, 404)
        return script.pop(0) if len(script) > 1 else script[0]


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@asynccontextmanager
async def running() -> AsyncIterator[FakeApi]:
    api = FakeApi()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0, limit=64 * 1024 * 1024)
    api.port = server.sockets[0].getsockname()[1]
    try:
        yield api
    finally:
        server.close()
        if api.open_connections:
            async with asyncio.timeout(5):
                await api.all_closed.wait()
        await server.wait_closed()


class FakeClock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.ns = 1_800_000_000 * 10**9
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return self.ns

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ns += int(seconds * 1e9)


def order(
    text: str = "磨豆、注水、等待", *, cover: bytes | None = None, references: tuple[bytes, ...] = (), number: int = 2
) -> Order:
    page = Page(number, "content", text)
    return Order(page, (page,), "手冲咖啡", Style("paper"), Marks(), cover=cover, references=references)


def prompt_of(order: Order) -> str:
    return f"画一页：{order.page.content}"


@asynccontextmanager
async def painting(
    api: FakeApi | str, kind: Kind = "openai", clock: FakeClock | None = None, **options: Any
) -> AsyncIterator[RemotePainter]:
    """A painter of a service at `api`, closed at the end."""
    base = api if isinstance(api, str) else api.base
    settings: dict[str, Any] = {"key": Secret(KEY), "model": "test-model", "base_url": base, "timeouts": Timeouts(2.0, 5.0, 5.0)}
    config = RemoteConfig(**{**settings, **options})
    painter = remote_painter(kind, config, clock=clock or FakeClock(), prompt=prompt_of, rng=Random(5))
    try:
        yield painter
    finally:
        await painter.aclose()


def success(kind: Kind, data: bytes, usage: Mapping[str, int] | None = None) -> object:
    """The answer of each service with a picture in it, as bytes where the service gives bytes."""
    if kind == "gemini":
        part = {"inlineData": {"mimeType": "image/png", "data": b64(data)}}
        return {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}], "usageMetadata": usage or {}}
    if kind == "chat":
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64(data)}"}}
        return {"choices": [{"message": {"role": "assistant", "content": "", "images": [image]}}], "usage": usage or {}}
    if kind == "dashscope":
        content = [{"image": f"data:image/png;base64,{b64(data)}"}]
        return {"output": {"choices": [{"finish_reason": "stop", "message": {"content": content}}]}, "usage": usage or {}}
    return {"created": 1, "data": [{"b64_json": b64(data)}], "usage": usage or {}}


def success_by_url(kind: Kind, url: str) -> object:
    """The same as an address, for the services that give one."""
    if kind == "chat":
        return {"choices": [{"message": {"content": f"![picture]({url})"}}]}
    if kind == "dashscope":
        return {"output": {"choices": [{"message": {"content": [{"image": url}]}}]}, "usage": {"image_count": 1}}
    return {"created": 1, "data": [{"url": url}]}


URL_KINDS: tuple[Kind, ...] = ("openai", "chat", "seedream", "dashscope")
