"""Seedream: data URIs as references, base64 back."""

from __future__ import annotations

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import compressed_reference
from tests.redbook.providers.fake_api import b64, json_reply, order, painting, picture, running

pytestmark = pytest.mark.anyio

PATH = "/api/v3/images/generations"
DONE = json_reply(
    {
        "data": [{"b64_json": b64(picture(1728, 2304, "JPEG")), "size": "1728x2304"}],
        "usage": {"generated_images": 1, "output_tokens": 15552, "total_tokens": 15552},
    }
)


async def test_the_request_is_for_one_unmarked_3_by_4_picture_in_base64() -> None:
    async with running() as api, painting(api, "seedream") as painter:
        api.on(PATH, DONE)
        painted = await painter.paint(order("一"))
        assert api.received[0].json() == {
            "model": "test-model",
            "prompt": "画一页：一",
            "size": "1728x2304",
            "response_format": "b64_json",
            "sequential_image_generation": "disabled",
            "watermark": False,
        }
        assert painted.usage == {"images": 1, "output_tokens": 15552, "total_tokens": 15552}


async def test_one_reference_is_a_string_and_several_are_a_list() -> None:
    red, cover = picture(30, 40, colour="red"), picture()
    async with running() as api, painting(api, "seedream", size="2K", extra={"watermark": True}) as painter:
        api.on(PATH, DONE)
        await painter.paint(order(cover=cover))
        await painter.paint(order(cover=cover, references=(red,)))
        one, two = (request.json() for request in api.received)
        uri = f"data:image/jpeg;base64,{b64(compressed_reference(cover))}"
        assert one["image"] == uri
        assert two["image"] == [f"data:image/jpeg;base64,{b64(compressed_reference(red))}", uri]
        assert (one["size"], one["watermark"]) == ("2K", True)


@pytest.mark.parametrize("code", ["InputTextSensitiveContentDetected", "OutputImageSensitiveContentDetected"])
async def test_a_refusal_of_the_one_picture_is_blocked_content(code: str) -> None:
    async with running() as api, painting(api, "seedream") as painter:
        api.on(PATH, json_reply({"data": [{"error": {"code": code, "message": "blocked"}}]}))
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
        assert caught.value.code is Code.CONTENT_BLOCKED
