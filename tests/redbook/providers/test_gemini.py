"""Gemini: its body, its thoughts and its many reasons to paint nothing."""

from __future__ import annotations

from typing import Any

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import compressed_reference
from redbook_mcp.providers.gemini import BLOCKING_REASONS
from tests.redbook.providers.fake_api import FakeClock, b64, json_reply, order, painting, picture, running, success

pytestmark = pytest.mark.anyio

PATH = "/v1beta/models/test-model:generateContent"


def inline(data: bytes, **more: object) -> dict[str, object]:
    return {"inlineData": {"mimeType": "image/png", "data": b64(data)}, **more}


async def paint(reply: dict[str, object], **options: Any) -> Any:
    async with running() as api, painting(api, "gemini", **options) as painter:
        api.on(PATH, json_reply(reply))
        return await painter.paint(order())


async def test_the_request_asks_for_3_by_4_with_pictures_before_the_text() -> None:
    async with running() as api, painting(api, "gemini") as painter:
        api.on(PATH, json_reply(success("gemini", picture())))
        await painter.paint(order("一", cover=picture()))
        assert api.received[0].json() == {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {"inlineData": {"mimeType": "image/jpeg", "data": b64(compressed_reference(picture()))}},
                        {"text": "画一页：一"},
                    ],
                }
            ],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "3:4"}},
        }


async def test_a_size_is_passed_on_and_a_strange_model_stays_one_segment() -> None:
    async with running() as api, painting(api, "gemini", size="2K", model="models/a/../b?c") as painter:
        path = "/v1beta/models/a%2F..%2Fb%3Fc:generateContent"
        api.on(path, json_reply(success("gemini", picture())))
        await painter.paint(order())
        assert api.received[0].target == path
        assert api.received[0].json()["generationConfig"]["imageConfig"] == {"aspectRatio": "3:4", "imageSize": "2K"}


async def test_thoughts_are_skipped_and_the_last_picture_is_taken() -> None:
    good, draft = picture(1080, 1440, colour="#00ff00"), picture(1080, 1440, colour="#ff0000")
    parts = [inline(draft), {"text": "better:"}, inline(good), inline(draft, thought=True), {"text": "done", "thought": True}]
    painted = await paint({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})
    only = await paint({"candidates": [{"content": {"parts": [inline(good)]}}]})
    assert painted.cards == only.cards


@pytest.mark.parametrize("reason", sorted(BLOCKING_REASONS))
async def test_a_safety_reason_is_blocked_content(reason: str) -> None:
    with pytest.raises(RedBookError, match=reason) as caught:
        await paint({"candidates": [{"finishReason": reason, "content": {"parts": [{"text": "I cannot"}]}}]})
    assert (caught.value.code, caught.value.retryable) == (Code.CONTENT_BLOCKED, False)


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "BLOCKLIST"])
async def test_a_blocked_prompt_has_no_candidates_and_is_blocked_content(reason: str) -> None:
    with pytest.raises(RedBookError, match=reason) as caught:
        await paint({"promptFeedback": {"blockReason": reason}})
    assert (caught.value.code, caught.value.retryable) == (Code.CONTENT_BLOCKED, False)


@pytest.mark.parametrize(
    "reason", ["NO_IMAGE", "IMAGE_OTHER", "OTHER", "MAX_TOKENS", "STOP", "MALFORMED_FUNCTION_CALL", None, "NEW"]
)
async def test_any_other_reason_may_pass_at_the_next_try(reason: str | None) -> None:
    content = {"parts": [{"text": "Here is a description instead."}]}
    with pytest.raises(RedBookError, match="description instead") as caught:
        await paint({"candidates": [{"finishReason": reason, "content": content}]})
    assert (caught.value.code, caught.value.retryable, caught.value.unbilled) == (Code.PROVIDER_BAD_RESPONSE, True, False)
    assert str(reason or "none given") in caught.value.message


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"candidates": []},
        {"candidates": None},
        {"candidates": [7]},
        {"candidates": [{"content": None}]},
        {"candidates": [{"content": {"parts": "text"}}]},
        {"candidates": [{"content": {"parts": [inline(picture(), thought=True)]}}]},
        {"candidates": [{"content": {"parts": [{"inlineData": {"data": "not base64!"}}]}}]},
        {"candidates": [{"content": {"parts": [{"inlineData": {"data": b64(b"prose")}}]}}]},
    ],
)
async def test_every_empty_answer_is_a_bad_response(reply: dict[str, object]) -> None:
    with pytest.raises(RedBookError) as caught:
        await paint(reply)
    assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_BAD_RESPONSE, True)


async def test_usage_is_counted_in_our_words() -> None:
    usage = {"promptTokenCount": 300, "candidatesTokenCount": 1290, "totalTokenCount": 1590}
    painted = await paint(success("gemini", picture(), usage))  # type: ignore[arg-type]  # an object, by the service's kind
    assert painted.usage == {"images": 1, "input_tokens": 300, "output_tokens": 1290, "total_tokens": 1590}


async def test_the_wait_stands_in_the_body() -> None:
    clock = FakeClock()
    details = [{"@type": "type.googleapis.com/google.rpc.Help"}, {"@type": "…RetryInfo", "retryDelay": "12.5s"}]
    refusal = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down", "details": details}}
    async with running() as api, painting(api, "gemini", clock) as painter:
        api.on(PATH, json_reply(refusal, 429), json_reply(success("gemini", picture())))
        assert (await painter.paint(order())).attempts == 2
    assert clock.slept == [12.5]


async def test_an_older_model_without_image_config_is_asked_without_it() -> None:
    refusal = {
        "error": {"code": 400, "message": "Unknown name \"imageConfig\" at 'generation_config'", "status": "INVALID_ARGUMENT"}
    }
    async with running() as api, painting(api, "gemini") as painter:
        api.on(PATH, json_reply(refusal, 400), json_reply(success("gemini", picture())))
        painted = await painter.paint(order())
        assert "`imageConfig`" in painted.warnings[0]
        assert api.received[1].json()["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}
