"""The whole server with the real painters, before an image service on loopback that counts what it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from PIL import Image

from redbook_mcp.pictures import compressed_reference
from redbook_mcp.server.app import build_server
from redbook_mcp.server.running import open_desk
from redbook_mcp.settings import load_settings
from redbook_mcp.storage.xmp import aigc_of
from tests.redbook.generation.house import OUTLINE
from tests.redbook.providers.fake_api import KEY, FakeApi, Reply, b64, json_reply, picture, running
from tests.redbook.server.desk import body, code

pytestmark = pytest.mark.anyio

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"


def painted(colour: str = "#cc3344") -> Reply:
    """What the service answers for one page: a picture of one colour."""
    return json_reply({"created": 1, "data": [{"b64_json": b64(picture(colour=colour))}], "usage": {"total_tokens": 7}})


def environment(folder: Path, api: FakeApi, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The original's five variables, and more."""
    return {
        "IMAGE_API_URL": api.base,
        "IMAGE_API_KEY": KEY,
        "IMAGE_MODEL": "test-model",
        "ENDPOINTS": GENERATIONS,
        "DATA_DIR": str(folder / "data"),
        "REDBOOK_RETRIES": "0",
        "REDBOOK_THEME": "cream",
        **(more or {}),
    }


@asynccontextmanager
async def client_of(folder: Path, api: FakeApi, more: Mapping[str, str] | None = None) -> AsyncIterator[Client]:
    """A client of a server with these settings."""
    settings = load_settings(environment(folder, api, more))
    async with open_desk(settings) as desk, Client(build_server(desk), mode="legacy") as client:
        yield client


async def project(client: Client, **more: object) -> str:
    made = body(await client.call_tool("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE, **more}))
    found: str = made["projectId"]
    return found


async def painted_project(client: Client) -> tuple[str, dict[str, Any]]:
    project_id = await project(client)
    return project_id, body(await client.call_tool("generate_images", {"projectId": project_id}))


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def colour_of(path: str, at: tuple[int, int] = (540, 100)) -> tuple[int, ...]:
    with Image.open(path) as image:
        found = image.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return found


async def test_the_cover_is_asked_for_first_and_its_bytes_go_with_every_other_page(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted("#3344cc"))
        async with client_of(tmp_path, api) as client:
            _, found = await painted_project(client)
        assert found["status"] == "completed"
        assert [request.target for request in api.received] == [GENERATIONS, EDITS, EDITS, EDITS]
        cover = compressed_reference(read(found["paths"]["1"]))
        for request in api.received[1:]:
            _, sent = request.form()
            assert [part.content for part in sent] == [cover]


async def test_one_page_alone_is_sent_the_stored_cover_too(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted("#3344cc"))
        async with client_of(tmp_path, api) as client:
            project_id, found = await painted_project(client)
            arguments = {"projectId": project_id, "pages": [2], "feedback": "画面暖一点"}
            again = body(await client.call_tool("generate_images", arguments))
            whole = body(await client.call_tool("get_project", {"projectId": project_id}))
        fields, sent = api.received[-1].form()
        assert [part.content for part in sent] == [compressed_reference(read(found["paths"]["1"]))]
        assert "画面暖一点" in fields["prompt"]
        assert list(again["images"]) == ["2"]
        assert len(whole["images"]) == 4


async def test_the_users_reference_picture_is_really_sent(tmp_path: Path) -> None:
    folder = tmp_path / "data/references"
    folder.mkdir(parents=True)
    (folder / "mine.png").write_bytes(picture(300, 400, colour="#118833"))
    async with running() as api:
        api.on(EDITS, painted())
        async with client_of(tmp_path, api) as client:
            project_id = await project(client, referenceImage=str(folder / "mine.png"))
            await client.call_tool("generate_images", {"projectId": project_id})
        assert [len(request.form()[1]) for request in api.received] == [1, 2, 2, 2]


async def test_repeating_a_finished_request_asks_the_service_nothing_even_after_a_restart(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted())
        async with client_of(tmp_path, api) as client:
            project_id, _ = await painted_project(client)
            assert len(api.received) == 4
            await client.call_tool("generate_images", {"projectId": project_id})
            await client.call_tool("generate_images", {"projectId": project_id, "pages": [3]})
            assert len(api.received) == 5
        async with client_of(tmp_path, api) as client:
            found = body(await client.call_tool("generate_images", {"projectId": project_id, "pages": [3]}))
            assert found["status"] == "completed"
            assert found["warnings"]
            assert len(api.received) == 5


async def test_the_same_request_in_flight_is_painted_once(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted())
        async with client_of(tmp_path, api) as client:
            project_id = await project(client)
            async with asyncio.TaskGroup() as group:
                calls = [group.create_task(client.call_tool("generate_images", {"projectId": project_id})) for _ in range(3)]
        assert [body(call.result())["status"] for call in calls] == ["completed"] * 3
        assert len(api.received) == 4


async def test_an_abandoned_call_finishes_and_keeps_the_page_in_flight_and_asks_for_no_other(tmp_path: Path) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: object) -> Reply:
        asked.set()
        await go_on.wait()
        return painted()

    async with running() as api:
        api.route = slow
        async with client_of(tmp_path, api) as client:
            project_id = await project(client)
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(client.call_tool, "generate_images", {"projectId": project_id})
                    await asked.wait()
                    scope.cancel()
            running_now = body(await client.call_tool("get_project", {"projectId": project_id}))
            assert running_now["status"] == "generating"
            go_on.set()
        # Closing the server waits for the page.
        assert len(api.received) == 1
        async with client_of(tmp_path, api) as client:
            found = body(await client.call_tool("get_project", {"projectId": project_id}))
            assert (found["status"], list(found["images"])) == ("partial", ["1"])
            found = body(await client.call_tool("generate_images", {"projectId": project_id}))
            assert found["status"] == "completed"
        assert len(api.received) == 4


async def test_the_budget_of_the_day_holds_across_a_restart(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted())
        limit = {"REDBOOK_IMAGES_PER_DAY": "2"}
        async with client_of(tmp_path, api, limit) as client:
            project_id, found = await painted_project(client)
            assert found["status"] == "partial"
            assert {error["code"] for error in found["errors"].values()} == {"BUDGET_EXCEEDED"}
        async with client_of(tmp_path, api, limit) as client:
            await client.call_tool("generate_images", {"projectId": project_id})
            planned = body(await client.call_tool("generate_images", {"projectId": project_id, "dryRun": True}))
            assert planned["plan"]["budgetLeft"] == 0
        assert len(api.received) == 2


async def test_a_wrong_key_is_told_costs_nothing_and_is_nowhere_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with running() as api:
        api.on(GENERATIONS, json_reply({"error": {"message": f"bad key {KEY}"}}, 401))
        async with client_of(tmp_path, api, {"REDBOOK_IMAGES_PER_DAY": "5"}) as client:
            project_id = await project(client)
            result = await client.call_tool("generate_images", {"projectId": project_id})
            assert result.is_error
            assert body(result)["error"]["code"] == "PROVIDER_AUTH"
            planned = body(await client.call_tool("generate_images", {"projectId": project_id, "dryRun": True}))
            assert planned["plan"]["budgetLeft"] == 5
    assert KEY not in caplog.text
    assert KEY not in str(result)
    for file in tmp_path.rglob("*"):  # noqa: ASYNC240 - a test may wait
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (json_reply({"error": {"message": "overloaded"}}, 500), "PROVIDER_UNAVAILABLE"),
        (json_reply({"error": {"message": "slow down"}}, 429), "PROVIDER_RATE_LIMITED"),
        (json_reply({"error": {"message": "refused by moderation", "code": "moderation_blocked"}}, 400), "CONTENT_BLOCKED"),
        (json_reply({"created": 1, "data": []}), "PROVIDER_BAD_RESPONSE"),
        (json_reply({"created": 1, "data": [{"b64_json": b64(b"placeholder image data")}]}), "PROVIDER_BAD_RESPONSE"),
        (Reply(200, b"<html>hello</html>", {"content-type": "text/html"}), "PROVIDER_BAD_RESPONSE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_page_that_fails_is_listed_and_leaves_no_file_in_its_place(tmp_path: Path, reply: Reply, expected: str) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted(), reply, painted())
        async with client_of(tmp_path, api) as client:
            project_id, found = await painted_project(client)
            assert found["status"] == "partial"
            assert {page: error["code"] for page, error in found["errors"].items()} == {"3": expected}
            assert sorted(found["images"]) == ["1", "2", "4"]
            again = body(await client.call_tool("generate_images", {"projectId": project_id}))
            assert again["status"] == "completed"
            assert [page for page, image in again["images"].items() if image["painted"]] == ["3"]
    assert len(list(tmp_path.rglob("*.png"))) == 4  # noqa: ASYNC240 - a test may wait


async def test_a_page_that_takes_too_long_counts_as_paid_for(tmp_path: Path) -> None:
    never = asyncio.Event()
    async with running() as api:
        api.on(GENERATIONS, Reply(stall=never))
        more = {"REDBOOK_READ_TIMEOUT_S": "0.2", "REDBOOK_IMAGES_PER_DAY": "5"}
        async with client_of(tmp_path, api, more) as client:
            project_id = await project(client)
            result = await client.call_tool("generate_images", {"projectId": project_id, "pages": [1]})
            assert body(result)["errors"]["1"]["code"] == "TIMEOUT"
            assert body(result)["errors"]["1"]["retryable"] is True
            planned = body(await client.call_tool("generate_images", {"projectId": project_id, "dryRun": True}))
            assert planned["plan"]["budgetLeft"] == 4
        never.set()


async def test_pictures_of_a_model_say_so_on_them_and_within_them(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted())
        async with client_of(tmp_path, api, {"REDBOOK_CONTENT_PRODUCER": "某某科技", "REDBOOK_WATERMARK": "@我"}) as client:
            _, found = await painted_project(client)
    for path in found["paths"].values():
        mark = aigc_of(read(path))
        assert mark is not None
        assert (mark.label, mark.content_producer) == ("1", "某某科技")
        assert colour_of(path) == (0xCC, 0x33, 0x44)
        assert colour_of(path, (50, 1380)) != (0xCC, 0x33, 0x44), "the notice stands in the lower left corner"
        assert colour_of(path, (1020, 1390)) != (0xCC, 0x33, 0x44), "the handle stands in the lower right corner"


async def test_without_the_visible_notice_the_metadata_stays(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted())
        async with client_of(tmp_path, api, {"REDBOOK_AI_LABEL": "never"}) as client:
            _, found = await painted_project(client)
    assert aigc_of(read(found["paths"]["2"])) is not None
    assert colour_of(found["paths"]["2"], (50, 1380)) == (0xCC, 0x33, 0x44)


async def test_in_hybrid_mode_the_model_paints_without_text_and_the_text_is_set_here(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        api.on(EDITS, painted())
        async with client_of(tmp_path, api, {"REDBOOK_PROVIDER": "hybrid", "REDBOOK_REMOTE": "openai"}) as client:
            _, found = await painted_project(client)
    assert found["status"] == "completed"
    assert {image["provider"] for image in found["images"].values()} == {"hybrid"}
    assert "不出现任何文字" in json.loads(api.received[0].body)["prompt"]
    with Image.open(BytesIO(read(found["paths"]["1"]))) as card:
        assert len(card.convert("RGB").getcolors(1 << 22) or ()) > 100, "there is text on the one-coloured background"
    assert aigc_of(read(found["paths"]["1"])) is not None


async def test_text_that_does_not_fit_is_refused_in_hybrid_mode_before_anything_is_billed(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted())
        outline = f"<page>[封面]\n标题：短</page><page>[内容]\n{'很长的一段话，' * 690}</page>"
        async with client_of(tmp_path, api, {"REDBOOK_PROVIDER": "hybrid", "REDBOOK_IMAGES_PER_DAY": "9"}) as client:
            project_id = await project(client, outline=outline)
            found = body(await client.call_tool("generate_images", {"projectId": project_id}))
            assert found["errors"]["2"]["code"] == "TEXT_OVERFLOW"
            planned = body(await client.call_tool("generate_images", {"projectId": project_id, "dryRun": True}))
            assert planned["plan"]["budgetLeft"] == 8
        assert len(api.received) == 1


async def test_local_pages_take_the_colours_of_a_models_cover(tmp_path: Path) -> None:
    async with running() as api:
        api.on(GENERATIONS, painted("#203050"))
        async with client_of(tmp_path, api) as client:
            project_id = await project(client)
            await client.call_tool("generate_images", {"projectId": project_id, "pages": [1]})
            found = body(await client.call_tool("generate_images", {"projectId": project_id, "provider": "local"}))
    assert found["status"] == "completed"
    assert [image["provider"] for image in found["images"].values()] == ["openai", "local", "local", "local"]
    red, green, blue = colour_of(found["paths"]["2"], (5, 5))
    assert blue > red, "the ground is the cover's blue"
    assert green < 140


async def test_a_painter_without_a_key_says_what_to_set_and_the_local_one_works(tmp_path: Path) -> None:
    async with running() as api:
        settings = load_settings({"REDBOOK_PROVIDER": "gemini", "DATA_DIR": str(tmp_path / "data")})
        async with open_desk(settings) as desk, Client(build_server(desk), mode="legacy") as client:
            project_id = await project(client)
            result = await client.call_tool("generate_images", {"projectId": project_id})
            assert code(result) == "PROVIDER_AUTH"
            assert "REDBOOK_API_KEY" in body(result)["error"]["message"]
            local = body(await client.call_tool("generate_images", {"projectId": project_id, "provider": "local"}))
            assert local["status"] == "completed"
        assert api.received == []
