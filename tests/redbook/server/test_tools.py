"""The five tools as a client meets them, at each revision."""

from __future__ import annotations

import base64
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest
from mcp_types import ImageContent, ResourceLink

from redbook_mcp.errors import Code
from tests.redbook.fakes import png, refusal
from tests.redbook.generation.house import OUTLINE
from tests.redbook.server.desk import Client, body, code, made, open_shop

pytestmark = pytest.mark.anyio
MODES = ["legacy", "auto", "2026-07-28"]
NOBODY = "0b1d6f3e-3f0a-4c57-9a55-1f2e3d4c5b6a"


def file(path: str) -> bytes:
    return Path(path).read_bytes()


@pytest.mark.parametrize("mode", MODES)
async def test_the_originals_documented_sequence_works_unchanged(tmp_path: Path, mode: str) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode=mode) as client:
        outlined = body(await client.call_tool("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE}))
        assert [page["type"] for page in outlined["outline"]] == ["cover", "content", "content", "content"]
        project_id = outlined["projectId"]
        painted = body(await client.call_tool("generate_images", {"projectId": project_id}))
        assert painted["status"] == "completed"
        assert list(painted["images"]) == ["1", "2", "3", "4"]
        assert file(painted["paths"]["1"]).startswith(b"\x89PNG")
        project = body(await client.call_tool("get_project", {"projectId": project_id}))
        assert (project["id"], project["status"], project["theme"]) == (project_id, "completed", "手冲咖啡")
        pages = [{**page} for page in project["outline"]]
        pages[1]["content"] = "改过的内容"
        changed = body(await client.call_tool("update_outline", {"projectId": project_id, "outline": pages}))
        assert changed["success"] is True
        again = body(await client.call_tool("generate_images", {"projectId": project_id, "pages": [2]}))
        assert list(again["images"]) == ["2"]
        listed = body(await client.call_tool("list_all_projects", {}))
        assert listed["total"] == 1
        assert listed["projects"][0]["pageCount"] == 4
        assert len(body(await client.call_tool("get_project", {"projectId": project_id}))["images"]) == 4


async def test_there_are_five_tools_with_the_originals_required_arguments(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        tools = (await client.list_tools()).tools
    assert {tool.name: tool.input_schema.get("required", []) for tool in tools} == {
        "generate_outline": ["theme", "outline"],
        "update_outline": ["projectId", "outline"],
        "generate_images": ["projectId"],
        "get_project": ["projectId"],
        "list_all_projects": [],
    }
    for tool in tools:
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        assert tool.output_schema is not None
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        assert tool.title
    hints = {tool.name: tool.annotations for tool in tools if tool.annotations}
    assert [name for name, hint in hints.items() if hint.read_only_hint] == ["get_project", "list_all_projects"]
    assert [name for name, hint in hints.items() if hint.open_world_hint] == ["generate_images"]
    assert not any(hint.destructive_hint for hint in hints.values())
    assert hints["update_outline"].idempotent_hint


@pytest.mark.parametrize("mode", MODES)
async def test_a_call_of_which_nothing_came_is_an_error_that_lists_each_page(tmp_path: Path, mode: str) -> None:
    bench, server = open_shop(tmp_path)
    bench.painter.fails[1] = refusal(Code.CONTENT_BLOCKED, retryable=False)
    async with Client(server, mode=mode) as client:
        project_id = await made(client)
        result = await client.call_tool("generate_images", {"projectId": project_id})
        assert result.is_error
        found = body(result)
        assert found["status"] == "failed"
        assert found["error"]["code"] == "CONTENT_BLOCKED"
        assert sorted(found["errors"]) == ["1", "2", "3", "4"]
        assert found["images"] == {}
        schema = next(tool for tool in (await client.list_tools()).tools if tool.name == "generate_images").output_schema
        assert schema is not None
        jsonschema.validate(found, schema)
        assert body(await client.call_tool("get_project", {"projectId": project_id}))["status"] == "error"


async def test_a_failed_page_of_several_is_partial_and_no_error(tmp_path: Path) -> None:
    bench, server = open_shop(tmp_path)
    bench.painter.fails[3] = refusal()
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        result = await client.call_tool("generate_images", {"projectId": project_id})
    assert not result.is_error
    found = body(result)
    assert found["status"] == "partial"
    assert sorted(found["images"]) == ["1", "2", "4"]
    assert found["errors"] == {
        "3": {"code": "PROVIDER_BAD_RESPONSE", "message": "the model answered without a picture", "retryable": True}
    }


async def test_pictures_come_as_links_and_on_request_as_previews_or_whole(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        painted = await client.call_tool("generate_images", {"projectId": project_id, "includeImages": "thumbnail"})
        links = [one for one in painted.content if isinstance(one, ResourceLink)]
        assert [link.uri for link in links] == [f"project://{project_id}/images/{page}" for page in (1, 2, 3, 4)]
        previews = [one for one in painted.content if isinstance(one, ImageContent)]
        assert [one.mime_type for one in previews] == ["image/jpeg"] * 4
        read = await client.call_tool("get_project", {"projectId": project_id, "includeImages": "full", "pages": [2]})
        whole = [one for one in read.content if isinstance(one, ImageContent)]
        assert len(whole) == 1
        assert base64.b64decode(whole[0].data) == file(body(read)["paths"]["2"])


async def test_a_reference_picture_is_really_used_whether_file_or_data(tmp_path: Path) -> None:
    bench, server = open_shop(tmp_path)
    picture = png("red", (60, 80))
    (tmp_path / "pictures" / "mine.png").write_bytes(picture)
    async with Client(server, mode="legacy") as client:
        for reference in (str(tmp_path / "pictures/mine.png"), "data:image/png;base64," + base64.b64encode(picture).decode()):
            bench.painter.orders.clear()
            project_id = await made(client, referenceImage=reference, style="plain")
            await client.call_tool("generate_images", {"projectId": project_id})
            assert [order.references for order in bench.painter.orders] == [(picture,)] * 4
            palette = bench.painter.orders[0].style.palette
            assert palette is not None
            assert {order.style.palette for order in bench.painter.orders} == {palette}


async def test_the_outline_is_replaced_only_if_nobody_changed_it_meanwhile(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        seen = body(await client.call_tool("get_project", {"projectId": project_id}))["updatedAt"]
        change = {"projectId": project_id, "outline": [{"content": "一页"}], "expectedUpdatedAt": seen}
        assert body(await client.call_tool("update_outline", change))["success"]
        assert code(await client.call_tool("update_outline", change)) == "CONFLICT"


async def test_an_earlier_picture_is_shown_again(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        first = body(await client.call_tool("generate_images", {"projectId": project_id}))
        await client.call_tool("generate_images", {"projectId": project_id, "pages": [2], "feedback": "更亮"})
        outline = body(await client.call_tool("get_project", {"projectId": project_id}))["outline"]
        change = {"projectId": project_id, "outline": outline, "showVersions": {"2": 1}}
        await client.call_tool("update_outline", change)
        shown = body(await client.call_tool("get_project", {"projectId": project_id}))
        assert shown["images"]["2"]["version"] == 1
        assert shown["images"]["2"]["versions"] == [1, 2]
        assert shown["paths"]["2"] == first["paths"]["2"]
        assert code(await client.call_tool("update_outline", {**change, "showVersions": {"2": 9}})) == "INVALID_INPUT"


async def test_the_note_is_kept_and_checked_by_the_platforms_rules(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client, note={"title": "标" * 21, "body": "正文", "tags": ["#咖啡", "手冲"]})
        found = body(await client.call_tool("get_project", {"projectId": project_id}))
    assert found["note"]["tags"] == ["咖啡", "手冲"]
    assert any(check["level"] == "error" for check in found["checks"])


async def test_projects_are_listed_in_parts_newest_first(tmp_path: Path) -> None:
    bench, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        ids = []
        for _ in range(5):
            ids.append(await made(client))
            bench.clock.advance(1)
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            part = body(await client.call_tool("list_all_projects", {"limit": 2, **cursor}))
            assert part["total"] == 5
            found.extend(project["id"] for project in part["projects"])
            if "nextCursor" not in part:
                break
            cursor = {"cursor": part["nextCursor"]}
        assert found == ids[::-1]
        assert body(await client.call_tool("list_all_projects", {"query": "手冲", "status": "draft"}))["total"] == 5
        assert body(await client.call_tool("list_all_projects", {"query": "茶"}))["total"] == 0


async def test_a_dry_run_tells_prompts_and_what_it_counts(tmp_path: Path) -> None:
    bench, server = open_shop(tmp_path, images_per_day=10)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        found = body(await client.call_tool("generate_images", {"projectId": project_id, "dryRun": True}))
    assert found["status"] == "planned"
    assert found["plan"]["billedImages"] == 4
    assert found["plan"]["budgetLeft"] == 10
    assert bench.painter.orders == []


async def test_progress_reaches_who_asked_for_it(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    told: list[tuple[float, float | None, str | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        await client.call_tool("generate_images", {"projectId": project_id}, progress_callback=listen)
    assert told
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert {total for _, total, _ in told} == {4}


async def test_a_fault_of_ours_is_told_without_its_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench, server = open_shop(tmp_path)

    def break_down(order: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    bench.painter.on_paint = break_down
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        result = await client.call_tool("generate_images", {"projectId": project_id})
    assert code(result) == "GENERATION_FAILED"
    assert "secret" not in str(result)
    assert "a secret of the inside" in caplog.text


async def test_another_style_is_for_what_is_painted_from_now_on(tmp_path: Path) -> None:
    bench, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client, style="plain", seed=4)
        outline = body(await client.call_tool("get_project", {"projectId": project_id}))["outline"]
        change = {"projectId": project_id, "outline": outline}
        await client.call_tool("update_outline", {**change, "seed": 5})
        assert body(await client.call_tool("get_project", {"projectId": project_id}))["style"] == {"theme": "plain", "seed": 5}
        await client.call_tool("update_outline", {**change, "style": "poster"})
        await client.call_tool("generate_images", {"projectId": project_id})
    assert {order.style.theme for order in bench.painter.orders} == {"poster"}


async def test_who_gives_feedback_to_the_local_painter_hears_that_it_has_no_say(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        arguments = {"projectId": await made(client), "provider": "local", "feedback": "更暖"}
        found = body(await client.call_tool("generate_images", arguments))
    assert any("`feedback` is for image models" in warning for warning in found["warnings"])
