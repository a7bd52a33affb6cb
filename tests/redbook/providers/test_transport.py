"""Waiting as asked, asking no one else, and what the environment may do."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.providers import RemoteConfig, remote_painter
from redbook_mcp.providers.config import base_of
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import RETRY_AFTER_MAX_S, no_cookies, retry_after_s
from redbook_mcp.secret import Secret
from tests.redbook.providers.fake_api import (
    KEY,
    FakeClock,
    Reply,
    image_reply,
    json_reply,
    order,
    painting,
    picture,
    prompt_of,
    running,
    success,
    success_by_url,
)

pytestmark = pytest.mark.anyio

PATH = "/v1/images/generations"
NOW_NS = 1_800_000_000 * 10**9


def date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(1_800_000_000 + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7.5 ", 7.5),
        (date(30), 30.0),
        (date(-30), 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 400, None),
        ("Mon, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, NOW_NS) == seconds


async def test_a_date_to_wait_for_is_waited_for() -> None:
    clock = FakeClock()
    async with running() as api, painting(api, clock=clock) as painter:
        api.on(PATH, json_reply({}, 503, retry_after=date(20)), json_reply(success("openai", picture())))
        await painter.paint(order())
    assert clock.slept == [20.0]


@pytest.mark.parametrize("seconds", [RETRY_AFTER_MAX_S, RETRY_AFTER_MAX_S + 1])
async def test_a_wait_past_the_cap_is_left_to_the_caller(seconds: float) -> None:
    clock = FakeClock()
    async with running() as api, painting(api, clock=clock) as painter:
        api.on(PATH, json_reply({}, 429, retry_after=str(int(seconds))), json_reply(success("openai", picture())))
        if seconds <= RETRY_AFTER_MAX_S:
            assert (await painter.paint(order())).attempts == 2
            assert clock.slept == [seconds]
            return
        with pytest.raises(RedBookError, match="asks to wait 61 s") as caught:
            await painter.paint(order())
        assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_RATE_LIMITED, True)
        assert clock.slept == []
        assert len(api.received) == 1


async def test_no_retries_means_one_request() -> None:
    async with running() as api, painting(api, retries=0) as painter:
        api.on(PATH, json_reply({}, 500))
        with pytest.raises(RedBookError):
            await painter.paint(order())
        assert len(api.received) == 1


def test_back_off_doubles_within_its_cap_and_differs_between_clients() -> None:
    config = RemoteConfig(Secret(KEY), "m")

    def waits(seed: int) -> list[float]:
        service = Service("openai", config, base_of("openai", None), FakeClock(), Random(seed))
        return [service.back_off_s(attempt) for attempt in range(1, 8)]

    for attempt, wait in enumerate(waits(1), 1):
        whole = min(20.0, 2.0 ** (attempt - 1))
        assert whole / 2 <= wait <= whole
    assert waits(1) == waits(1) != waits(2)


async def test_a_redirect_of_the_service_is_not_followed() -> None:
    async with running() as api, running() as other, painting(api) as painter:
        api.on(PATH, json_reply({}, 308, location=f"{other.base}{PATH}"))
        with pytest.raises(RedBookError, match="check the base URL") as caught:
            await painter.paint(order())
        assert caught.value.code is Code.PROVIDER_BAD_RESPONSE
        assert not other.received


async def test_the_environments_proxy_is_not_asked_for_this_network(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as api, running() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.base)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with painting(api) as painter:
            api.on(PATH, json_reply(success_by_url("openai", f"{api.base}/1.png")))
            api.on("/1.png", image_reply(picture()))
            await painter.paint(order())
        assert len(api.received) == 2
        assert not proxy.received


async def test_a_proxy_that_cannot_be_used_is_said_when_the_painter_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:70")
    with pytest.raises(RedBookError, match="proxy in HTTPS_PROXY or ALL_PROXY") as caught:
        remote_painter("openai", RemoteConfig(Secret(KEY), "m"), clock=FakeClock(), prompt=prompt_of, rng=Random(1))
    assert caught.value.code is Code.INVALID_INPUT


async def test_an_answer_that_is_not_read_to_its_end_frees_its_connection() -> None:
    endless = Reply(200, b" " * 1_300_000, {"content-length": "999999999"}, cut=1_300_000, stall=asyncio.Event())
    async with running() as api, painting(api, bytes_max=30_000) as painter:
        api.on(PATH, endless)
        with pytest.raises(RedBookError, match="larger than"):
            await painter.paint(order())
        async with asyncio.timeout(5):
            await api.all_closed.wait()


async def test_connections_are_kept_and_cookies_are_not() -> None:
    async with running() as api, painting(api) as painter:
        api.on(PATH, json_reply(success("openai", picture()), set_cookie="session=1; Path=/"))
        await painter.paint(order())
        await painter.paint(order())
        assert api.open_connections == 1
        assert "cookie" not in api.received[1].headers
    assert len(no_cookies()) == 0


async def test_the_http_libraries_log_warnings_only() -> None:
    async with running() as api, painting(api):
        assert logging.getLogger("httpcore2.http11").getEffectiveLevel() >= logging.WARNING
        assert logging.getLogger("httpx2").getEffectiveLevel() >= logging.WARNING
