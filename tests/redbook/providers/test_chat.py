"""Chat that answers with a picture, in each of the shapes that are about."""

from __future__ import annotations

from typing import Any

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import compressed_reference
from tests.redbook.providers.fake_api import FakeApi, b64, image_reply, json_reply, order, painting, picture, running

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
DATA = b64(picture())
URI = f"data:image/png;base64,{DATA}"


def said(content: object, **more: object) -> dict[str, object]:
    return {"choices": [{"message": {"role": "assistant", "content": content, **more}, "finish_reason": "stop"}]}


async def paint(api: FakeApi, reply: object, **options: Any) -> Any:
    api.on(PATH, json_reply(reply))
    api.on("/files/1.png", image_reply(picture()))
    async with painting(api, "chat", **options) as painter:
        return await painter.paint(order())


SHAPES: dict[str, dict[str, object]] = {
    "images": said("", images=[{"type": "image_url", "image_url": {"url": URI}}]),
    "images with null content": said(None, images=[{"type": "image_url", "image_url": {"url": URI}}]),
    "images by address": said("", images=[{"image_url": {"url": "BASE/files/1.png"}}]),
    "images as plain strings in url": said("", images=[{"url": URI}]),
    "markdown link": said("给你画好了：\n\n![图片](BASE/files/1.png)\n\n喜欢吗？"),
    "markdown link in angle brackets": said("![图片](<BASE/files/1.png>)"),
    "markdown link with a title": said('![图片](BASE/files/1.png "封面")'),
    "markdown data": said(f"done ![image]({URI}) enjoy"),
    "data URI": said(URI),
    "data URI in prose": said(f"Here: {URI} enjoy"),
    "data URI in lines": said(URI[:70] + "\n" + URI[70:]),
    "address": said("BASE/files/1.png"),
    "address in prose": said("完成，见 BASE/files/1.png?x=1 。"),
    "address in a plain link": said("[下载](BASE/files/1.png)"),
    "base64": said(DATA),
    "base64 in a fence": said(f"```\n{DATA}\n```"),
    "parts with image_url": said([{"type": "text", "text": "done"}, {"type": "image_url", "image_url": {"url": URI}}]),
    "parts with a string": said([{"type": "image_url", "image_url": "BASE/files/1.png"}]),
    "parts with output_image": said([{"type": "output_image", "b64_json": DATA}]),
    "parts with inline_data": said([{"inline_data": {"mime_type": "image/png", "data": DATA}}]),
    "parts with markdown text": said([{"type": "text", "text": "![x](BASE/files/1.png)"}]),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_picture_is_found_in_every_shape(shape: str) -> None:
    async with running() as api:
        api.on(PATH, json_reply(SHAPES[shape]))
        reply = api.scripts[PATH][0]
        reply.body = reply.body.replace(b"BASE", api.base.encode())
        api.on("/files/1.png", image_reply(picture()))
        async with painting(api, "chat") as painter:
            painted = await painter.paint(order())
        assert painted.usage["images"] == 1
        assert len(painted.cards) == 1


@pytest.mark.parametrize(
    "reply",
    [
        said("I am a language model and cannot draw."),
        said(""),
        said(None),
        said(7),
        said([]),
        said([{"type": "text", "text": "no picture"}, 7, None]),
        said("", images=[]),
        said("", images=[{"type": "image_url", "image_url": {}}]),
        said("data:text/html;base64,PGh0bWw+"),
        said("data:image/svg+xml;base64,PHN2Zz4="),
        said(b64(b"this is prose in base64, and long enough to be taken for something else")),
        said("see [the manual](relative/path) or ![x](relative.png)"),
        {"choices": []},
        {"choices": [{"message": None}]},
        {"choices": "none"},
    ],
)
async def test_an_answer_without_a_picture_is_a_bad_response(reply: object) -> None:
    async with running() as api:
        with pytest.raises(RedBookError) as caught:
            await paint(api, reply)
        assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_BAD_RESPONSE, True)


async def test_prose_is_quoted_to_500_characters() -> None:
    async with running() as api:
        with pytest.raises(RedBookError) as caught:
            await paint(api, said("我不能画画。" * 400))
        assert "我不能画画。" in caught.value.message
        assert 400 < len(caught.value.message) < 600


@pytest.mark.parametrize(
    "reply",
    [
        said(None, refusal="I cannot draw that"),
        {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]},
        {"error": {"code": "content_policy_violation", "message": "no"}},
    ],
)
async def test_a_refusal_is_blocked_content(reply: object) -> None:
    async with running() as api:
        with pytest.raises(RedBookError) as caught:
            await paint(api, reply)
        assert (caught.value.code, caught.value.retryable) == (Code.CONTENT_BLOCKED, False)


async def test_the_request_names_modalities_and_ratio() -> None:
    async with running() as api:
        await paint(api, said(URI), size="2K")
        assert api.received[0].json() == {
            "model": "test-model",
            "messages": [{"role": "user", "content": "画一页：磨豆、注水、等待"}],
            "modalities": ["image", "text"],
            "image_config": {"aspect_ratio": "3:4", "image_size": "2K"},
            "stream": False,
        }


async def test_references_go_before_the_text_as_parts() -> None:
    async with running() as api, painting(api, "chat") as painter:
        api.on(PATH, json_reply(said(URI)))
        await painter.paint(order("一", cover=picture()))
        url = f"data:image/jpeg;base64,{b64(compressed_reference(picture()))}"
        assert api.received[0].json()["messages"][0]["content"] == [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": "画一页：一"},
        ]


async def test_a_relay_that_knows_no_modalities_is_asked_without() -> None:
    async with running() as api, painting(api, "chat") as painter:
        api.on(
            PATH,
            json_reply({"error": {"message": "Unsupported parameter: modalities"}}, 400),
            json_reply({"detail": "image_config: extra fields not permitted"}, 422),
            json_reply(said(URI)),
        )
        painted = await painter.paint(order())
        assert len(painted.warnings) == 2
        assert api.received[2].json().keys() == {"model", "messages", "stream"}


async def test_usage_is_counted_in_our_words() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 1300, "total_tokens": 1305, "cost": 0.04}
    async with running() as api:
        painted = await paint(api, {**said(URI), "usage": usage})
        assert painted.usage == {"images": 1, "input_tokens": 5, "output_tokens": 1300, "total_tokens": 1305}


@pytest.mark.parametrize("text", ["![" * 200_000, "[" * 400_000, "data:image/png;base64," * 30_000, "http://" * 60_000])
async def test_hostile_prose_is_read_in_linear_time(text: str) -> None:
    async with running() as api:
        with pytest.raises(RedBookError):
            await paint(api, said(text))
