"""An upstream of real children, for the tests of this package."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.clock import ManualClock
from yett.ports import Answer, Outbound
from yett.upstreams.child import Child, ChildSpec
from yett.upstreams.stdio import StdioUpstream

SERVER = str(Path(__file__).parents[1] / "support/stdio_server.py")


class Rig:
    """An upstream with everything it reported."""

    def __init__(self, *flags: str, argv: list[str] | None = None, timeout_s: float = 10.0, **env: str) -> None:
        self.clock = ManualClock()
        self.messages: list[tuple[str, bytes]] = []
        self.warnings: list[str] = []
        self.upstream = StdioUpstream(
            ChildSpec(tuple(argv or [sys.executable, "-I", "-S", SERVER, *flags]), env, stop_grace_s=0.3),
            clock=self.clock,
            timeout_s=timeout_s,
            on_message=lambda isolation, data: self.messages.append((isolation, data)),
            on_warning=self.warnings.append,
        )

    async def send(self, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> Answer:
        return await self.upstream.exchange(outbound(name, arguments, **options))

    def child(self, isolation: str = "s") -> Child:
        """The program of this isolation, which runs."""
        channel = self.upstream._slots[isolation].channel
        assert channel is not None
        assert isinstance(channel.child, Child)
        return channel.child

    async def see(self, **options: Any) -> dict[str, Any]:
        """What the child knows of itself and of us."""
        seen: dict[str, Any] = result(await self.send("see", **options))
        return seen


@asynccontextmanager
async def rig(*flags: str, **options: Any) -> AsyncIterator[Rig]:
    made = Rig(*flags, **options)
    try:
        yield made
    finally:
        await made.upstream.aclose()


def outbound(
    name: str, arguments: dict[str, Any] | None = None, *, id: Any = 1, modern: bool = False, isolation: str = "s", **params: Any
) -> Outbound:
    return request(
        "tools/call", {"name": name, "arguments": arguments or {}, **params}, id=id, modern=modern, isolation=isolation
    )


def request(
    method: str, params: dict[str, Any] | None = None, *, id: Any = 1, modern: bool = False, isolation: str = "s"
) -> Outbound:
    message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}
    return Outbound(json.dumps(message).encode(), method, json.dumps(id).encode(), modern, isolation=isolation)


def notification(method: str, params: dict[str, Any] | None = None, *, isolation: str = "s") -> Outbound:
    return Outbound(
        json.dumps({"jsonrpc": "2.0", "method": method, "params": params or {}}).encode(),
        method,
        None,
        False,
        isolation=isolation,
    )


def result(answer: Answer) -> Any:
    assert answer.body is not None
    return json.loads(answer.body)["result"]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - processes tell nobody when they end
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process runs; one that is only waiting to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
