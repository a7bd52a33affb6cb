"""DashScope: its nested body, its addresses, and models that cannot see."""

from __future__ import annotations

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import compressed_reference
from tests.redbook.providers.fake_api import (
    b64,
    image_reply,
    json_reply,
    order,
    painting,
    picture,
    running,
    success,
    success_by_url,
)

pytestmark = pytest.mark.anyio

PATH = "/api/v1/services/aigc/multimodal-generation/generation"
DONE = json_reply(success("dashscope", picture(), {"image_count": 1, "width": 1104, "height": 1472}))


async def test_the_request_is_synchronous_and_leaves_the_prompt_as_it_is() -> None:
    async with running() as api, painting(api, "dashscope") as painter:
        api.on(PATH, DONE)
        painted = await painter.paint(order("一", cover=picture()))
        (request,) = api.received
        assert "x-dashscope-async" not in request.headers
        uri = f"data:image/jpeg;base64,{b64(compressed_reference(picture()))}"
        assert request.json() == {
            "model": "test-model",
            "input": {"messages": [{"role": "user", "content": [{"image": uri}, {"text": "画一页：一"}]}]},
            "parameters": {"size": "1104*1472", "n": 1, "prompt_extend": False, "watermark": False},
        }
        assert painted.usage == {"images": 1}


async def test_the_picture_comes_as_an_address() -> None:
    async with running() as api, painting(api, "dashscope") as painter:
        api.on(PATH, json_reply(success_by_url("dashscope", f"{api.base}/out.png?Expires=1&Signature=x")))
        api.on("/out.png", image_reply(picture()))
        assert (await painter.paint(order())).cards


async def test_extra_parameters_join_ours() -> None:
    extra = {"parameters": {"negative_prompt": "模糊", "n": None}, "top": 1}
    async with running() as api, painting(api, "dashscope", extra=extra) as painter:
        api.on(PATH, DONE)
        await painter.paint(order())
        body = api.received[0].json()
        assert body["parameters"] == {"size": "1104*1472", "prompt_extend": False, "watermark": False, "negative_prompt": "模糊"}
        assert body["top"] == 1


@pytest.mark.parametrize(
    ("model", "sees"),
    [
        ("qwen-image", False),
        ("qwen-image-plus", False),
        ("qwen-image-plus-2026-01-09", False),
        ("qwen-image-max", False),
        ("qwen-image-2.0-pro", True),
        ("qwen-image-3.0", True),
        ("qwen-image-edit-plus", True),
    ],
)
async def test_a_model_that_cannot_see_gets_no_pictures_and_that_is_said(model: str, sees: bool) -> None:
    async with running() as api, painting(api, "dashscope", model=model) as painter:
        api.on(PATH, DONE)
        painted = await painter.paint(order(cover=picture()))
        assert (b"data:image" in api.received[0].body) is sees
        assert any("takes no pictures" in warning for warning in painted.warnings) is not sees


async def test_a_second_model_sees_for_one_that_cannot() -> None:
    async with running() as api, painting(api, "dashscope", model="qwen-image", reference_model="qwen-image-edit") as painter:
        api.on(PATH, DONE)
        await painter.paint(order())
        painted = await painter.paint(order(cover=picture()))
        first, second = (request.json() for request in api.received)
        assert (first["model"], second["model"], painted.model) == ("qwen-image", "qwen-image-edit", "qwen-image-edit")
        # The plain edit model takes no size.
        assert "size" in first["parameters"]
        assert "size" not in second["parameters"]


@pytest.mark.parametrize(("model", "warned"), [("qwen-image-plus", True), ("qwen-image-2.0", False)])
async def test_a_prompt_longer_than_the_model_reads_is_said(model: str, warned: bool) -> None:
    async with running() as api, painting(api, "dashscope", model=model) as painter:
        api.on(PATH, DONE)
        painted = await painter.paint(order("字" * 900))
        assert any("reads about the first 800" in warning for warning in painted.warnings) is warned


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}, Code.CONTENT_BLOCKED),
        ({"output": {"choices": [{"message": {"content": [{"text": "sorry"}]}}]}}, Code.PROVIDER_BAD_RESPONSE),
        ({"output": {"choices": [{"message": {"content": [{"image": "no picture"}]}}]}}, Code.PROVIDER_BAD_RESPONSE),
        ({"output": None}, Code.PROVIDER_BAD_RESPONSE),
    ],
)
async def test_an_answer_without_a_picture_has_its_code(reply: object, code: Code) -> None:
    async with running() as api, painting(api, "dashscope") as painter:
        api.on(PATH, json_reply(reply))
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
        assert caught.value.code is code


async def test_an_empty_account_is_told_as_such() -> None:
    async with running() as api, painting(api, "dashscope") as painter:
        api.on(PATH, json_reply({"code": "Arrearage", "message": "Access denied, account is in arrears"}, 400))
        with pytest.raises(RedBookError, match="balance is used up") as caught:
            await painter.paint(order())
        assert not caught.value.retryable
        assert len(api.received) == 1
