"""How every dialect fails: with the right code, the right advice and no second bill."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.providers import Kind, Timeouts
from redbook_mcp.providers.transport import ERROR_BYTES_MAX
from tests.redbook.providers.fake_api import (
    ENDPOINTS,
    KEY,
    KINDS,
    URL_KINDS,
    FakeApi,
    FakeClock,
    Reply,
    b64,
    image_reply,
    json_reply,
    noise,
    order,
    painting,
    picture,
    running,
    success,
    success_by_url,
)

pytestmark = pytest.mark.anyio


async def failure(api: FakeApi, kind: Kind, clock: FakeClock | None = None, **options: Any) -> RedBookError:
    async with painting(api, kind, clock, **options) as painter:
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
    assert KEY not in caught.value.message
    assert len(caught.value.message) < 800
    return caught.value


BAD_FILES = {
    "404": (Reply(404, b"gone"), "answered HTTP 404"),
    "html": (Reply(200, b"<html>sign in</html>", {"content-type": "text/html; charset=utf-8"}), "gave `text/html`"),
    "prose as a picture": (image_reply(b"placeholder image data"), "no PNG, JPEG or WebP"),
    "oversized by its header": (
        Reply(200, b"", {"content-type": "image/png", "content-length": "99999999"}, cut=0),
        "is larger than",
    ),
    "oversized by its bytes": (
        Reply(200, picture() + bytes(40_000), {"content-type": "image/png", "content-length": "99999999"}),
        "is larger than",
    ),
    "truncated picture": (image_reply(noise(60, 80)[:5000]), "damaged PNG"),
    "nowhere": (Reply(302), "answered HTTP 302"),
    "a loop": (Reply(302, headers={"location": "/files/1.png"}), "more than 3 redirects"),
    "another scheme": (Reply(302, headers={"location": "file:///etc/passwd"}), "`file`, not https"),
}


@pytest.mark.parametrize("kind", URL_KINDS)
@pytest.mark.parametrize("case", BAD_FILES)
async def test_an_address_without_a_usable_picture_is_an_error(kind: Kind, case: str) -> None:
    reply, words = BAD_FILES[case]
    async with running() as api:
        api.on(ENDPOINTS[kind], json_reply(success_by_url(kind, f"{api.base}/files/1.png?Signature=abc")))
        api.on("/files/1.png", reply)
        error = await failure(api, kind, bytes_max=30_000)
        assert error.code is Code.PROVIDER_BAD_RESPONSE
        assert error.retryable
        assert not error.unbilled
        assert re.search(words, error.message), error.message
        assert "Signature" not in error.message
        assert len(api.sent_to(ENDPOINTS[kind])) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ["empty object", "prose", "html", "list", "nothing", "deep", "empty lists"])
async def test_success_without_a_picture_is_a_bad_response_that_quotes_a_little(kind: Kind, case: str) -> None:
    bodies = {
        "empty object": b"{}",
        "prose": b"I am sorry, but " + b"no pictures today. " * 200,
        "html": b"<html>" + b"x y " * 9000 + b"</html>",
        "list": b"[1, 2]",
        "nothing": b"",
        "deep": b'{"data":' * 5000 + b"1" + b"}" * 5000,
        "empty lists": b'{"data":[],"choices":[],"candidates":[],"output":{"choices":[]}}',
    }
    async with running() as api:
        api.on(ENDPOINTS[kind], Reply(200, bodies[case]))
        error = await failure(api, kind)
        assert error.code is Code.PROVIDER_BAD_RESPONSE
        assert error.retryable
        assert not error.unbilled
        assert len(api.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [4001, 2500, 17])
async def test_truncated_base64_is_a_bad_response(kind: Kind, cut: int) -> None:
    whole = noise(60, 80)
    text = json.dumps(success(kind, whole)).replace(b64(whole), b64(whole)[:cut])
    async with running() as api:
        api.on(ENDPOINTS[kind], Reply(200, text.encode()))
        assert (await failure(api, kind)).code is Code.PROVIDER_BAD_RESPONSE


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_past_its_size_is_cut_off(kind: Kind) -> None:
    async with running() as api:
        api.on(ENDPOINTS[kind], Reply(200, b" " * 1_300_000, {"content-length": "999999999"}))
        error = await failure(api, kind, bytes_max=30_000)
        assert error.code is Code.PROVIDER_BAD_RESPONSE
        assert "larger than" in error.message


REFUSALS: list[tuple[int, object, Code, bool, bool]] = [
    (
        401,
        {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}},
        Code.PROVIDER_AUTH,
        False,
        True,
    ),
    (403, {"error": {"message": "no access", "status": "PERMISSION_DENIED"}}, Code.PROVIDER_AUTH, False, True),
    (402, {"error": "insufficient credits"}, Code.PROVIDER_AUTH, False, True),
    (
        400,
        {"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
        Code.PROVIDER_AUTH,
        False,
        True,
    ),
    (
        400,
        {
            "error": {
                "message": "rejected by the safety system",
                "type": "image_generation_user_error",
                "code": "moderation_blocked",
            }
        },
        Code.CONTENT_BLOCKED,
        False,
        False,
    ),
    (
        400,
        {"code": "DataInspectionFailed", "message": "Input data may contain it", "request_id": "1"},
        Code.CONTENT_BLOCKED,
        False,
        False,
    ),
    (400, {"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}}, Code.CONTENT_BLOCKED, False, False),
    (451, {"error": {"message": "not here"}}, Code.CONTENT_BLOCKED, False, False),
    (400, {"error": {"message": "Invalid size", "param": "size", "code": "invalid_value"}}, Code.GENERATION_FAILED, False, True),
    (404, {"error": {"message": "no such model"}}, Code.GENERATION_FAILED, False, True),
    (400, "plain words", Code.GENERATION_FAILED, False, True),
    (429, {"error": {"message": "quota", "code": "insufficient_quota"}}, Code.PROVIDER_RATE_LIMITED, False, True),
    (307, {}, Code.PROVIDER_BAD_RESPONSE, False, False),
    (504, {"error": "upstream timed out"}, Code.TIMEOUT, True, False),
    (524, {}, Code.TIMEOUT, True, False),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("status", "body", "code", "retryable", "unbilled"), REFUSALS)
async def test_a_refusal_has_its_code_and_is_not_asked_again(
    kind: Kind, status: int, body: object, code: Code, retryable: bool, unbilled: bool
) -> None:
    async with running() as api:
        api.on(ENDPOINTS[kind], json_reply(body, status, location="http://127.0.0.1:9/elsewhere"))
        error = await failure(api, kind)
        assert (error.code, error.retryable, error.unbilled) == (code, retryable, unbilled)
        assert f"HTTP {status}" in error.message
        assert len(api.received) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_429_waits_as_asked_and_then_succeeds(kind: Kind) -> None:
    clock = FakeClock()
    async with running() as api, painting(api, kind, clock) as painter:
        api.on(ENDPOINTS[kind], json_reply({}, 429, retry_after="7"), json_reply(success(kind, picture())))
        assert (await painter.paint(order())).attempts == 2
        assert clock.slept == [7.0]


@pytest.mark.parametrize("kind", KINDS)
async def test_500_twice_is_waited_out_with_growing_pauses(kind: Kind) -> None:
    clock = FakeClock()
    async with running() as api, painting(api, kind, clock) as painter:
        api.on(ENDPOINTS[kind], json_reply({}, 500), json_reply({}, 503), json_reply(success(kind, picture())))
        assert (await painter.paint(order())).attempts == 3
        assert len(clock.slept) == 2
        assert 0.5 <= clock.slept[0] <= 1.0 <= clock.slept[1] <= 2.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "code", "unbilled"), [(429, Code.PROVIDER_RATE_LIMITED, True), (502, Code.PROVIDER_UNAVAILABLE, False)]
)
async def test_what_stays_is_told_after_the_last_retry(kind: Kind, status: int, code: Code, unbilled: bool) -> None:
    async with running() as api:
        api.on(ENDPOINTS[kind], json_reply({"error": {"message": "busy"}}, status))
        error = await failure(api, kind)
        assert (error.code, error.retryable, error.unbilled) == (code, True, unbilled)
        assert len(api.received) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [None, 40])
async def test_a_time_out_is_told_as_perhaps_billed_and_not_asked_again(kind: Kind, cut: int | None) -> None:
    async with running() as api:
        stall = asyncio.Event()
        api.on(ENDPOINTS[kind], Reply(200, json.dumps(success(kind, picture())).encode(), cut=cut, stall=stall))
        error = await failure(api, kind, timeouts=Timeouts(0.1, 0.15, 0.1))
        assert (error.code, error.retryable, error.unbilled) == (Code.TIMEOUT, True, False)
        assert "may have been billed" in error.message
        assert len(api.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reply", [Reply(reset=True), Reply(200, b'{"data": []}', cut=5)], ids=["before", "within"])
async def test_a_broken_connection_is_perhaps_billed_and_asked_again_only_if_allowed(kind: Kind, reply: Reply) -> None:
    async with running() as api:
        api.on(ENDPOINTS[kind], reply)
        error = await failure(api, kind)
        assert (error.code, error.retryable, error.unbilled) == (Code.PROVIDER_UNAVAILABLE, True, False)
        assert "may have been billed" in error.message
        assert len(api.received) == 1
        api.on(ENDPOINTS[kind], reply, json_reply(success(kind, picture())))
        async with painting(api, kind, retry_unanswered=True) as painter:
            assert (await painter.paint(order())).attempts == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_cannot_be_reached_cost_nothing(kind: Kind) -> None:
    async with running() as api:
        gone = api.base
    clock = FakeClock()
    async with painting(gone, kind, clock) as painter:
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
    error = caught.value
    assert (error.code, error.retryable, error.unbilled) == (Code.PROVIDER_UNAVAILABLE, True, True)
    assert len(clock.slept) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_moment_of_refused_connections_is_waited_out(kind: Kind) -> None:
    async with running() as api:
        port = api.port
    later = FakeApi()
    later.on(ENDPOINTS[kind], json_reply(success(kind, picture())))

    class OpensOnSleep(FakeClock):
        server: asyncio.Server | None = None

        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            self.server = await asyncio.start_server(later.serve, "127.0.0.1", port, limit=2**26)

    clock = OpensOnSleep()
    async with painting(f"http://127.0.0.1:{port}", kind, clock) as painter:
        assert (await painter.paint(order())).cards
    assert clock.server is not None
    clock.server.close()
    await later.all_closed.wait()


async def test_a_refusal_of_endless_length_is_read_to_its_bound() -> None:
    async with running() as api:
        api.on(ENDPOINTS["openai"], Reply(400, b"x y " * ERROR_BYTES_MAX))
        error = await failure(api, "openai")
        assert error.code is Code.GENERATION_FAILED
        assert "x y" in error.message
