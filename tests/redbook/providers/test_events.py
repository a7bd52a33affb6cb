"""Streams that nobody asked for."""

from __future__ import annotations

import json

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.providers import Kind
from redbook_mcp.providers.events import is_event_stream
from tests.redbook.providers.fake_api import ENDPOINTS, Reply, b64, order, painting, picture, running

pytestmark = pytest.mark.anyio

URI = f"data:image/png;base64,{b64(picture())}"


def stream(*events: object) -> bytes:
    lines = [": keep-alive", *(f"data: {json.dumps(event)}" for event in events), "data: [DONE]", ""]
    return "\r\n\r\n".join(lines).encode()


def piece(**delta: object) -> dict[str, object]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


STREAMS: dict[str, tuple[Kind, bytes]] = {
    "pieces of a link": ("chat", stream(piece(role="assistant"), piece(content="![x]("), piece(content=URI), piece(content=")"))),
    "pieces within base64": ("chat", stream(piece(content=URI[:501]), piece(content=URI[501:]))),
    "images": ("chat", stream(piece(content="done"), piece(images=[{"type": "image_url", "image_url": {"url": URI}}]))),
    "whole message": ("chat", stream({"choices": [{"message": {"content": URI}}]})),
    "finished picture": (
        "openai",
        stream(
            {"type": "image_generation.partial_image", "b64_json": b64(picture(8, 8)), "partial_image_index": 0},
            {"type": "image_generation.completed", "b64_json": b64(picture())},
        ),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_is_read_as_the_answer_it_amounts_to(name: str) -> None:
    kind, body = STREAMS[name]
    async with running() as api, painting(api, kind) as painter:
        api.on(ENDPOINTS[kind], Reply(200, body, {"content-type": "text/event-stream"}))
        painted = await painter.paint(order())
        assert painted.warnings == ()


async def test_usage_at_a_streams_end_is_counted() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    async with running() as api, painting(api, "chat") as painter:
        api.on(ENDPOINTS["chat"], Reply(200, stream(piece(content=URI), {"choices": [], "usage": usage})))
        assert (await painter.paint(order())).usage == {"images": 1, "input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (stream(), Code.PROVIDER_BAD_RESPONSE),
        (stream(piece(content="I cannot draw")), Code.PROVIDER_BAD_RESPONSE),
        (stream(piece(content=URI))[:900], Code.PROVIDER_BAD_RESPONSE),
        (b"data: no JSON\n\n", Code.PROVIDER_BAD_RESPONSE),
        (b"data: 7\n\n", Code.PROVIDER_BAD_RESPONSE),
        (stream({"error": {"code": "moderation_blocked", "message": "no"}}), Code.CONTENT_BLOCKED),
        (
            stream({"choices": [{"delta": {"content": "…"}, "finish_reason": "content_filter"}]}),
            Code.CONTENT_BLOCKED,
        ),
    ],
)
async def test_a_stream_without_a_picture_has_its_code(body: bytes, code: Code) -> None:
    async with running() as api, painting(api, "chat") as painter:
        api.on(ENDPOINTS["chat"], Reply(200, body))
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
        assert caught.value.code is code


@pytest.mark.parametrize(("body", "expected"), [(b"data: {}", True), (b"\r\n: hi", True), (b'{"data":[]}', False), (b"", False)])
def test_a_stream_is_told_from_json_by_its_start(body: bytes, expected: bool) -> None:
    assert is_event_stream(body) is expected
