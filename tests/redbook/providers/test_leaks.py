"""The key is sent to the service, and is nowhere else: no log, no error, no repr, no traceback."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import traceback
from urllib.parse import quote

import httpx2
import pytest

from redbook_mcp.errors import RedBookError
from redbook_mcp.providers import Kind, Timeouts
from tests.redbook.providers.fake_api import (
    ENDPOINTS,
    KEY,
    KINDS,
    Reply,
    image_reply,
    json_reply,
    order,
    painting,
    picture,
    running,
    success,
    success_by_url,
)
from tests.redbook.providers.fake_downloads import PUBLIC, closing, downloads

pytestmark = pytest.mark.anyio

# A service that repeats the key wherever it can: in headers, in texts, in addresses, whole and encoded.
ECHO = f"the key {KEY} / Bearer {KEY} / x-goog-api-key: {KEY} / {quote(KEY)} / ?key={KEY}"
REPLIES = {
    "success": None,
    "refused": json_reply({"error": {"message": ECHO, "code": "invalid_api_key", "param": KEY}}, 401, x_echo=KEY),
    "bad request": json_reply({"error": {"message": ECHO, "type": KEY}}, 400, x_echo=KEY),
    "moderated": json_reply({"error": {"message": ECHO, "code": "moderation_blocked"}}, 400),
    "busy": json_reply({"error": ECHO}, 429, retry_after=KEY),
    "too long a wait": json_reply({"error": ECHO}, 429, retry_after="999"),
    "broken": Reply(500, ECHO.encode(), {"x-echo": KEY}),
    "no JSON": Reply(200, ECHO.encode(), {"set-cookie": f"k={KEY}"}),
    "prose": json_reply(
        {"choices": [{"message": {"content": ECHO}}], "candidates": [{"finishReason": ECHO}], "data": [{"url": ECHO}]}
    ),
    "redirect": Reply(302, ECHO.encode(), {"location": f"https://{KEY}.test/?key={KEY}"}),
    "reset": Reply(reset=True),
    "slow": Reply(stall=asyncio.Event()),
    "bad header": Reply(200, b"{}", {"x-echo": KEY, "content-length": KEY}),
    "address with the key": json_reply(success_by_url("openai", f"https://{KEY.lower()}:{KEY}@cdn.test/?key={KEY}")),
    "address of the key": json_reply(success_by_url("openai", f"http://cdn.test/{KEY}?key={KEY}")),
}


def traces(text: str) -> list[str]:
    """The ways in which the key shows in a text."""
    forms = [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), KEY[:-4], KEY[4:]]
    return [form for form in forms if form.lower() in text.lower()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", REPLIES)
async def test_the_key_is_in_no_log_and_no_error(kind: Kind, case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reply = REPLIES[case] or json_reply(success(kind, picture()), x_echo=KEY)
    said = ""
    async with running() as api:
        api.on(ENDPOINTS[kind], reply)
        async with painting(api, kind, timeouts=Timeouts(0.2, 0.2, 0.2)) as painter:
            try:
                painted = await painter.paint(order())
                said += repr(painted.warnings) + painted.prompt + repr(painted.usage)
            except RedBookError as error:
                assert case != "success"
                said += "".join(traceback.format_exception(error)) + repr(error) + str(error) + error.message
                assert error.__cause__ is None
            said += repr(painter) + str(vars(painter))
        assert KEY in str(api.received[0].headers)
    assert not traces(said), said
    assert not traces(caplog.text + "".join(str(record.__dict__) for record in caplog.records))


async def test_a_signed_address_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with running() as api, painting(api) as painter:
        api.on(ENDPOINTS["openai"], json_reply(success_by_url("openai", f"{api.base}/1.png?Signature=s1gned")))
        api.on("/1.png", image_reply(picture()))
        await painter.paint(order())
        assert api.received[1].target == "/1.png?Signature=s1gned"
    assert "s1gned" not in caplog.text


HOSTILE_ADDRESSES = [
    f"https://{KEY}.test/1.png",
    f"https://{KEY.lower()}.test:8443/1.png?key={KEY}",
    f"{KEY}://cdn.test/",
    f"https://cdn.test/{KEY}",
]


@pytest.mark.parametrize("url", HOSTILE_ADDRESSES)
@pytest.mark.parametrize("outcome", ["private", "unknown", "unreachable", "html", "gone"])
async def test_the_key_in_a_given_address_is_not_repeated(url: str, outcome: str) -> None:
    async def resolver(host: str, port: int) -> list[str]:
        if outcome == "unknown":
            raise OSError(host)
        return ["127.0.0.1" if outcome == "private" else PUBLIC]

    class Answers(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if outcome == "unreachable":
                raise httpx2.ConnectError(f"cannot reach {url}")
            return httpx2.Response(404 if outcome == "gone" else 200, text=KEY, headers={"content-type": f"text/{KEY}"})

    async with closing(downloads(resolver, transport=Answers())) as fetcher:
        with pytest.raises(RedBookError) as caught:
            await fetcher.fetch(url)
    said = "".join(traceback.format_exception(caught.value))
    assert not traces(said), said


async def test_a_configuration_shows_no_key_and_cannot_be_pickled() -> None:
    async with running() as api, painting(api) as painter:
        config = painter._service.config
        assert not traces(f"{config} {config!r} {painter._service!r} {config.key!r:>40}")
        with pytest.raises(TypeError):
            pickle.dumps(config)
