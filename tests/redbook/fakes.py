"""A clock that goes when it is told to, and a painter that paints at once, or when it is told to, or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import HEIGHT, WIDTH
from redbook_mcp.ports import Order, Painted

NOON = 1_790_000_000_000_000_000


def png(colour: str = "white", size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """A plain picture."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


class FakeClock:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self.now = NOON
        self._sleepers: list[tuple[int, asyncio.Event]] = []

    def now_ns(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._sleepers.append((self.now + round(seconds * 1e9), woken))
        await woken.wait()

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)
        for due, woken in self._sleepers:
            if due <= self.now:
                woken.set()

    async def slept_on(self, sleepers: int = 1) -> None:
        """Wait until so many sleep."""
        while sum(not woken.is_set() for _, woken in self._sleepers) < sleepers:  # noqa: ASYNC110 - the sleeper has no event
            await asyncio.sleep(0)


class FakePainter:
    """Paints plain cards and remembers its orders."""

    model = "fake-1"

    def __init__(self, name: str = "openai", *, is_remote: bool = True) -> None:
        self.name = name
        self.is_remote = is_remote
        self.orders: list[Order] = []
        self.fails: dict[int, RedBookError] = {}
        """Page number → what painting it raises."""
        self.held: asyncio.Event | None = None
        """Painting waits for it, where it is set."""
        self.under_way = 0
        self.most_under_way = 0
        self.on_paint: Callable[[Order], None] = lambda order: None

    @property
    def pages(self) -> list[int]:
        """The pages in the order they were asked for."""
        return [order.page.number for order in self.orders]

    def prompt(self, order: Order) -> str:
        return f"paint {order.page.content}"

    async def paint(self, order: Order) -> Painted:
        self.orders.append(order)
        self.on_paint(order)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.held is not None:
                await self.held.wait()
            else:
                await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        if order.page.number in self.fails:
            raise self.fails[order.page.number]
        count = len(self.orders)
        return Painted((png(f"#{count:06x}"),), self.model, self.prompt(order), usage={"tokens": 10})

    async def asked(self, count: int) -> None:
        """Wait until so many pages have been asked for."""
        while len(self.orders) < count:  # noqa: ASYNC110 - the painter has no event for it
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        return


def refusal(code: Code = Code.PROVIDER_BAD_RESPONSE, *, retryable: bool = True, unbilled: bool = False) -> RedBookError:
    return RedBookError(code, "the model answered without a picture", retryable=retryable, unbilled=unbilled)
