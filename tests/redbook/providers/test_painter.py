"""What every dialect does alike, each against a real server on loopback."""

from __future__ import annotations

import asyncio
import json

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import verify_picture
from redbook_mcp.providers import Kind
from redbook_mcp.providers.painter import optional, without
from tests.redbook.providers.fake_api import (
    ENDPOINTS,
    KEY,
    KINDS,
    URL_KINDS,
    Received,
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


@pytest.mark.parametrize("kind", KINDS)
async def test_a_picture_in_base64_becomes_a_card(kind: Kind) -> None:
    async with running() as api, painting(api, kind) as painter:
        api.on(ENDPOINTS[kind], json_reply(success(kind, picture())))
        painted = await painter.paint(order())
        assert verify_picture(painted.cards[0]) == ("png", 1080, 1440)
        assert len(painted.cards) == 1
        assert (painted.model, painted.attempts, painted.warnings) == ("test-model", 1, ())
        assert painted.prompt == prompt_of(order()) == painter.prompt(order())
        assert (painter.name, painter.model, painter.is_remote) == (kind, "test-model", True)
        (request,) = api.received
        assert request.method == "POST"
        assert request.headers["x-goog-api-key" if kind == "gemini" else "authorization"].endswith(KEY)
        assert KEY not in request.target
        assert KEY.encode() not in request.body
        assert prompt_of(order()) in json.dumps(request.json(), ensure_ascii=False)


@pytest.mark.parametrize("kind", KINDS)
async def test_jpeg_bytes_are_taken_for_what_they_are(kind: Kind) -> None:
    async with running() as api, painting(api, kind) as painter:
        api.on(ENDPOINTS[kind], json_reply(success(kind, picture(kind="JPEG"))))
        assert verify_picture((await painter.paint(order())).cards[0]) == ("png", 1080, 1440)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_ratio_is_cut_and_said(kind: Kind) -> None:
    async with running() as api, painting(api, kind) as painter:
        api.on(ENDPOINTS[kind], json_reply(success(kind, picture(1024, 1024))))
        painted = await painter.paint(order())
        assert verify_picture(painted.cards[0])[1:] == (1080, 1440)
        assert "far from 3:4" in painted.warnings[0]


@pytest.mark.parametrize("kind", URL_KINDS)
async def test_a_picture_by_address_is_fetched_without_the_key(kind: Kind) -> None:
    async with running() as api, painting(api, kind) as painter:
        api.on(ENDPOINTS[kind], json_reply(success_by_url(kind, f"{api.base}/files/1.png?Signature=abc")))
        api.on("/files/1.png", Reply(302, headers={"location": "/files/2.png"}))
        api.on("/files/2.png", image_reply(picture(kind="WEBP"), "image/webp"))
        assert verify_picture((await painter.paint(order())).cards[0]) == ("png", 1080, 1440)
        fetched = api.received[1:]
        assert [request.target for request in fetched] == ["/files/1.png?Signature=abc", "/files/2.png"]
        assert not any("authorization" in request.headers or KEY in str(request) for request in fetched)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_no_more_requests_are_under_way_than_allowed(kind: Kind, concurrency: int) -> None:
    async with running() as api, painting(api, kind, concurrency=concurrency) as painter:
        under_way, high_water = 0, 0
        full = asyncio.Event()

        async def route(request: Received) -> Reply:
            nonlocal under_way, high_water
            under_way += 1
            high_water = max(high_water, under_way)
            if under_way == concurrency:
                full.set()
            await full.wait()
            await asyncio.sleep(0)
            under_way -= 1
            return json_reply(success(kind, picture(54, 72)))

        api.route = route
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(painter.paint(order(number=number)))
        assert high_water == concurrency
        assert len(api.received) == 6


@pytest.mark.parametrize("kind", KINDS)
async def test_cancellation_closes_the_connection(kind: Kind) -> None:
    async with running() as api, painting(api, kind) as painter:
        arrived = asyncio.Event()

        async def route(request: Received) -> Reply:
            arrived.set()
            return Reply(stall=asyncio.Event())

        api.route = route
        task = asyncio.create_task(painter.paint(order()))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await api.all_closed.wait()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_parameter_is_left_out_once_and_for_all(kind: Kind) -> None:
    refusal = json_reply({"error": {"message": "Unknown parameter: 'seed_of_luck'.", "param": "seed_of_luck"}}, 400)
    async with running() as api, painting(api, kind, extra={"seed_of_luck": 7}) as painter:
        api.on(ENDPOINTS[kind], refusal, json_reply(success(kind, picture())))
        painted = await painter.paint(order())
        assert "does not know the parameter `seed_of_luck`" in painted.warnings[0]
        assert painted.attempts == 2
        again = await painter.paint(order())
        assert (again.attempts, again.warnings) == (1, ())
        assert ["seed_of_luck" in request.json() for request in api.received] == [True, False, False]
        assert api.received[0].json().keys() - {"seed_of_luck"} == api.received[1].json().keys()


async def test_a_service_that_knows_nothing_is_not_asked_for_ever() -> None:
    async with running() as api, painting(api, extra={"a1": 1, "b2": 2, "c3": 3, "d4": 4}) as painter:
        names = iter(["a1", "b2", "c3", "d4"])

        async def route(request: Received) -> Reply:
            return json_reply({"error": {"message": f"Unknown parameter: '{next(names)}'."}}, 400)

        api.route = route
        with pytest.raises(RedBookError, match="'d4'") as caught:
            await painter.paint(order())
        assert caught.value.code is Code.GENERATION_FAILED


def test_what_a_request_needs_is_never_left_out() -> None:
    body = {"model": "m", "prompt": "p", "size": "s", "parameters": {"n": 1, "watermark": False}}
    assert optional(body) == ("size", "n", "watermark")
    assert without(body, {"prompt", "size", "n"}) == {"model": "m", "prompt": "p", "parameters": {"watermark": False}}
