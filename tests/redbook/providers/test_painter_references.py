"""The pictures that go along with an order: which, in what order and how large."""

from __future__ import annotations

import base64

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import REFERENCE_BYTES_MAX, verify_picture
from redbook_mcp.providers import Kind
from tests.redbook.providers.fake_api import (
    ENDPOINTS,
    KINDS,
    Received,
    json_reply,
    noise,
    order,
    painting,
    picture,
    running,
    success,
)

pytestmark = pytest.mark.anyio


def references_of(kind: Kind, request: Received) -> list[bytes]:
    """The pictures that arrived, in their order."""

    def data(uri: str) -> bytes:
        head, _, body = uri.partition(",")
        assert head == "data:image/jpeg;base64"
        return base64.b64decode(body)

    if kind == "openai":
        return [file.content for file in request.form()[1]]
    body = request.json()
    if kind == "gemini":
        return [base64.b64decode(part["inlineData"]["data"]) for part in body["contents"][0]["parts"] if "inlineData" in part]
    if kind == "chat":
        return [data(part["image_url"]["url"]) for part in body["messages"][0]["content"] if part["type"] == "image_url"]
    if kind == "dashscope":
        return [data(part["image"]) for part in body["input"]["messages"][0]["content"] if "image" in part]
    image = body["image"]
    return [data(uri) for uri in ([image] if isinstance(image, str) else image)]


@pytest.mark.parametrize("kind", KINDS)
async def test_references_arrive_whole_and_small_with_the_cover_last(kind: Kind) -> None:
    red, green, cover = picture(800, 600, colour="#ff0000"), picture(600, 800, colour="#00ff00"), noise(1080, 1440)
    path = ENDPOINTS[kind].replace("generations", "edits") if kind == "openai" else ENDPOINTS[kind]
    async with running() as api, painting(api, kind) as painter:
        api.on(path, json_reply(success(kind, picture())))
        await painter.paint(order(references=(red, green), cover=cover))
        sent = references_of(kind, api.received[0])
    assert all(len(data) <= REFERENCE_BYTES_MAX for data in sent)
    facts = [verify_picture(data) for data in sent]
    assert [(fact.format, fact.width > fact.height) for fact in facts] == [("jpeg", True), ("jpeg", False), ("jpeg", False)]
    assert len(sent[2]) > 50_000 > len(sent[1])  # only the noisy cover needs so much
    assert sent[0] != sent[1]


@pytest.mark.parametrize(("kind", "limit"), [("openai", 16), ("gemini", 14), ("chat", 14), ("seedream", 14), ("dashscope", 3)])
async def test_with_too_many_references_the_cover_stays(kind: Kind, limit: int) -> None:
    path = ENDPOINTS[kind].replace("generations", "edits") if kind == "openai" else ENDPOINTS[kind]
    async with running() as api, painting(api, kind) as painter:
        api.on(path, json_reply(success(kind, picture())))
        painted = await painter.paint(order(references=(picture(40, 20),) * limit, cover=picture(20, 40)))
        sent = references_of(kind, api.received[0])
    assert len(sent) == limit
    assert verify_picture(sent[-1]).width < verify_picture(sent[-1]).height
    assert "1 reference pictures were left out" in painted.warnings[0]


@pytest.mark.parametrize("kind", KINDS)
async def test_references_can_be_forbidden_and_that_is_said(kind: Kind) -> None:
    async with running() as api, painting(api, kind, references="none") as painter:
        api.on(ENDPOINTS[kind], json_reply(success(kind, picture())))
        painted = await painter.paint(order(cover=picture()))
        assert "takes no pictures" in painted.warnings[0]
        assert b"base64" not in api.received[0].body


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reference_that_is_no_picture_costs_nothing(kind: Kind) -> None:
    async with running() as api, painting(api, kind) as painter:
        with pytest.raises(RedBookError, match="the reference picture is no PNG") as caught:
            await painter.paint(order(references=(b"prose",)))
        assert (caught.value.code, caught.value.unbilled) == (Code.INVALID_INPUT, True)
        assert not api.received
