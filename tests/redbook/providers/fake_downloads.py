"""Downloads whose resolver and wire are the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import httpx2
import pytest

from redbook_mcp.errors import RedBookError
from redbook_mcp.providers import RemoteConfig, Timeouts
from redbook_mcp.providers.config import base_of
from redbook_mcp.providers.downloads import Downloads, Resolver, resolve
from redbook_mcp.providers.service import Service
from redbook_mcp.secret import Secret
from tests.redbook.providers.fake_api import KEY, FakeClock

PUBLIC = "93.184.216.34"


def downloads(
    resolver: Resolver | None = None,
    *,
    base: str = "https://api.test",
    transport: httpx2.AsyncBaseTransport | None = None,
    clock: FakeClock | None = None,
    retries: int = 0,
) -> Downloads:
    config = RemoteConfig(Secret(KEY), "m", base_url=base, timeouts=Timeouts(1.0, 5.0, 0.3), retries=retries, bytes_max=200_000)
    service = Service("openai", config, base_of("openai", base), clock or FakeClock(), Random(1))
    return Downloads(service, resolver=resolver or resolve, transport=transport)


def answers(*addresses: str) -> Resolver:
    async def resolver(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolver


class Wire(httpx2.AsyncBaseTransport):
    """Notes where a connection would go, and answers."""

    def __init__(self, *replies: httpx2.Response) -> None:
        self.requests: list[httpx2.Request] = []
        self.replies = list(replies)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self.replies.pop(0)


@asynccontextmanager
async def closing(fetcher: Downloads) -> AsyncIterator[Downloads]:
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


async def refusal(fetcher: Downloads, url: str) -> RedBookError:
    async with closing(fetcher):
        with pytest.raises(RedBookError) as caught:
            await fetcher.fetch(url)
    return caught.value
