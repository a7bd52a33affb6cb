"""OpenAI's images API: sizes, edits, parameters, relays."""

from __future__ import annotations

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import compressed_reference
from redbook_mcp.providers.openai_images import size_for
from tests.redbook.providers.fake_api import Received, Reply, b64, json_reply, order, painting, picture, running, success

pytestmark = pytest.mark.anyio

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
DONE = json_reply(success("openai", picture()))


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("gpt-image-2", "1104x1472"),
        ("gpt-image-2.5-sunburst", "1104x1472"),
        ("gpt-image-2.6-flare", "1104x1472"),
        ("gpt-image-10", "1104x1472"),
        ("openai/gpt-image-3", "1104x1472"),
        ("gpt-image-1.5", "1024x1536"),
        ("gpt-image-1-mini", "1024x1536"),
        ("chatgpt-image-latest", "1024x1536"),
        ("some-relays-model", "1024x1536"),
    ],
)
def test_each_model_is_asked_for_its_nearest_to_3_by_4(model: str, size: str) -> None:
    assert size_for(model) == size
    width, height = map(int, size.split("x"))
    assert width % 16 == height % 16 == 0
    assert width / height == 0.75 or size == "1024x1536"


async def test_a_generation_says_no_more_than_it_must() -> None:
    async with running() as api, painting(api) as painter:
        api.on(GENERATIONS, DONE)
        await painter.paint(order("一"))
        assert api.received[0].json() == {"model": "test-model", "prompt": "画一页：一", "size": "1024x1536"}
        assert api.received[0].headers["content-type"] == "application/json"


async def test_extra_members_win_and_none_takes_ours_away() -> None:
    extra = {"response_format": "b64_json", "quality": "high", "size": None}
    async with running() as api, painting(api, extra=extra, model="gpt-image-2") as painter:
        api.on(GENERATIONS, DONE)
        await painter.paint(order())
        body = api.received[0].json()
        assert body.keys() == {"model", "prompt", "response_format", "quality"}


async def test_an_edit_is_a_form_with_every_file_byte_for_byte() -> None:
    red, cover = picture(300, 400, colour="red"), picture(colour="blue")
    async with running() as api, painting(api, model="gpt-image-2", extra={"n": 1}) as painter:
        api.on(EDITS, DONE)
        await painter.paint(order(references=(red,), cover=cover))
        fields, files = api.received[0].form()
    assert fields == {"model": "gpt-image-2", "prompt": "画一页：磨豆、注水、等待", "size": "1104x1472", "n": "1"}
    assert [(file.name, file.file_name, file.mime) for file in files] == [
        ("image[]", "reference-1.jpg", "image/jpeg"),
        ("image[]", "reference-2.jpg", "image/jpeg"),
    ]
    assert [file.content for file in files] == [compressed_reference(red), compressed_reference(cover)]


async def test_a_single_reference_is_named_as_such() -> None:
    async with running() as api, painting(api) as painter:
        api.on(EDITS, DONE)
        await painter.paint(order(cover=picture()))
        assert [file.name for file in api.received[0].form()[1]] == ["image"]


async def test_a_relay_may_take_references_inside_a_generation() -> None:
    async with running() as api, painting(api, references="inline") as painter:
        api.on(GENERATIONS, DONE)
        await painter.paint(order(references=(picture(40, 30),), cover=picture()))
        images = api.received[0].json()["image"]
        assert len(images) == 2
        assert images[1] == f"data:image/jpeg;base64,{b64(compressed_reference(picture()))}"


async def test_another_endpoint_has_its_edits_beside_it() -> None:
    async with running() as api, painting(api, endpoint="/relay/v1/images/generations") as painter:
        api.on("/relay/v1/images/generations", DONE)
        api.on("/relay/v1/images/edits", DONE)
        await painter.paint(order())
        await painter.paint(order(cover=picture()))
        assert [request.target.rpartition("/")[2] for request in api.received] == ["generations", "edits"]


async def test_another_model_may_do_the_edits() -> None:
    async with running() as api, painting(api, reference_model="editor") as painter:
        api.on(GENERATIONS, DONE)
        api.on(EDITS, DONE)
        assert (await painter.paint(order())).model == "test-model"
        assert (await painter.paint(order(cover=picture()))).model == "editor"
        assert api.received[1].form()[0]["model"] == "editor"


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Unknown parameter: 'response_format'.", "param": "response_format", "code": "unknown_parameter"},
        {"message": "Unrecognized request argument supplied: response_format"},
        {"message": "response_format is not supported for this model", "param": None},
        {"message": "[{'loc': ['body', 'response_format'], 'msg': 'Extra inputs are not permitted'}]"},
    ],
)
@pytest.mark.parametrize("with_cover", [False, True])
async def test_400_for_response_format_and_then_success_without_it(error: dict[str, object], with_cover: bool) -> None:
    async with running() as api, painting(api, extra={"response_format": "b64_json"}) as painter:
        api.on(EDITS if with_cover else GENERATIONS, json_reply({"error": error}, 400), DONE)
        painted = await painter.paint(order(cover=picture() if with_cover else None))
        assert painted.warnings == ("the service does not know the parameter `response_format`; it was left out",)
        first, second = api.received
        assert b"response_format" in first.body
        assert b"response_format" not in second.body
        if with_cover:
            assert first.form()[1] == second.form()[1]


async def test_a_complaint_of_a_value_is_no_unknown_parameter() -> None:
    async with running() as api, painting(api) as painter:
        error = {
            "message": "Invalid size '1024x1536'. Supported values are: '1024x1024'.",
            "param": "size",
            "code": "invalid_value",
        }
        api.on(GENERATIONS, json_reply({"error": error}, 400))
        with pytest.raises(RedBookError, match="Supported values are") as caught:
            await painter.paint(order())
        assert caught.value.code is Code.GENERATION_FAILED
        assert len(api.received) == 1


async def test_usage_is_counted_in_our_words() -> None:
    usage = {"input_tokens": 50, "output_tokens": 1700, "total_tokens": 1750, "input_tokens_details": {"text_tokens": 10}}
    async with running() as api, painting(api) as painter:
        api.on(GENERATIONS, json_reply(success("openai", picture(), usage)))  # type: ignore[arg-type]  # the service's nested one
        assert (await painter.paint(order())).usage == {
            "images": 1,
            "input_tokens": 50,
            "output_tokens": 1700,
            "total_tokens": 1750,
        }


@pytest.mark.parametrize("usage", [None, 7, [], {"input_tokens": "many", "total_tokens": -1, "output_tokens": True}])
async def test_strange_usage_harms_nothing(usage: object) -> None:
    async with running() as api, painting(api) as painter:
        api.on(GENERATIONS, json_reply({"data": [{"b64_json": b64(picture())}], "usage": usage}))
        assert (await painter.paint(order())).usage == {"images": 1}


@pytest.mark.parametrize(
    "data",
    [
        [{"b64_json": None, "url": ""}, {"b64_json": "DATA"}],
        [{"revised_prompt": "a cat", "b64_json": "data:image/png;base64,DATA"}],
        [{"url": "data:image/png;base64,DATA"}],
    ],
)
async def test_relays_put_the_picture_in_odd_places(data: list[dict[str, object]]) -> None:
    async with running() as api, painting(api) as painter:

        async def route(request: Received) -> Reply:
            reply = json_reply({"data": data})
            return Reply(200, reply.body.replace(b"DATA", b64(picture()).encode()))

        api.route = route
        assert (await painter.paint(order())).cards


async def test_a_moderated_answer_of_status_200_is_blocked_content() -> None:
    async with running() as api, painting(api) as painter:
        api.on(GENERATIONS, json_reply({"data": [], "error": {"code": "content_policy_violation", "message": "no"}}))
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
        assert (caught.value.code, caught.value.retryable) == (Code.CONTENT_BLOCKED, False)
