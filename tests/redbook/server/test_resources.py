"""Resources and prompts, and what is said of those that are not there."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import BlobResourceContents, TextContent, TextResourceContents

from tests.redbook.generation.house import OUTLINE
from tests.redbook.server.desk import Client, body, open_shop

pytestmark = pytest.mark.anyio
NOBODY = "0b1d6f3e-3f0a-4c57-9a55-1f2e3d4c5b6a"


async def painted(client: Client) -> str:
    note = {"title": "手冲入门", "body": "正文", "tags": ["咖啡"]}
    made = await client.call_tool("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE, "note": note})
    project_id: str = body(made)["projectId"]
    await client.call_tool("generate_images", {"projectId": project_id})
    return project_id


async def text(client: Client, uri: str) -> str:
    content = (await client.read_resource(uri)).contents[0]
    assert isinstance(content, TextResourceContents)
    return content.text


async def blob(client: Client, uri: str) -> bytes:
    content = (await client.read_resource(uri)).contents[0]
    assert isinstance(content, BlobResourceContents)
    return base64.b64decode(content.blob)


async def test_projects_pictures_and_guides_are_read_by_their_uris(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await painted(client)
        assert json.loads(await text(client, "projects://list"))["total"] == 1
        assert json.loads(await text(client, f"project://{project_id}"))["theme"] == "手冲咖啡"
        images = json.loads(await text(client, f"project://{project_id}/images"))["images"]
        assert [image["page"] for image in images] == [1, 2, 3, 4]
        assert await blob(client, images[1]["uri"]) == Path(images[1]["path"]).read_bytes()  # noqa: ASYNC240 - a test may wait
        assert {one["name"] for one in json.loads(await text(client, "prompts://list"))["prompts"]} == {
            "xiaohongshu-outline",
            "xiaohongshu-image",
        }
        assert "<page>" in await text(client, "prompts://xiaohongshu-outline")
        assert await text(client, "prompts://xiaohongshu-image")


async def test_the_export_is_a_zip_with_the_pages_in_order_and_the_note(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await painted(client)
        with zipfile.ZipFile(io.BytesIO(await blob(client, f"project://{project_id}/export"))) as file:
            names = file.namelist()
            note = json.loads(file.read("note.json"))
    assert [name for name in names if name.endswith(".png")] == [f"page_{number:02d}.png" for number in (1, 2, 3, 4)]
    assert note["title"] == "手冲入门"


async def test_lists_and_templates_name_what_can_be_read(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await painted(client)
        listed = {resource.uri for resource in (await client.list_resources()).resources}
        assert listed >= {
            "projects://list", "prompts://list", "prompts://xiaohongshu-outline", "prompts://xiaohongshu-image",
            f"project://{project_id}",
        }  # fmt: skip
        for uri in listed:
            await client.read_resource(uri)
        templates = {one.uri_template for one in (await client.list_resource_templates()).resource_templates}
    assert templates == {"project://{id}", "project://{id}/images", "project://{id}/images/{n}", "project://{id}/export"}


@pytest.mark.parametrize(("mode", "expected"), [("legacy", -32002), ("2026-07-28", -32602)])
@pytest.mark.parametrize(
    "uri",
    [
        f"project://{NOBODY}",
        f"project://{NOBODY}/images/1",
        "project://__proto__",
        "project://../../etc/passwd",
        "file:///etc/passwd",
        "prompts://nothing",
        "xiaohongshu-outline",
        "project-images://template",
    ],
)
async def test_an_unknown_resource_is_the_protocols_own_error(tmp_path: Path, mode: str, expected: int, uri: str) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode=mode) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.code == expected


async def test_a_page_without_a_picture_and_an_empty_export_are_not_there(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        made = await client.call_tool("generate_outline", {"theme": "x", "outline": OUTLINE})
        project_id = body(made)["projectId"]
        for uri in (f"project://{project_id}/images/1", f"project://{project_id}/images/9", f"project://{project_id}/export"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            assert caught.value.code == -32002


async def test_the_guides_are_prompts_too(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        assert [prompt.name for prompt in (await client.list_prompts()).prompts] == ["xiaohongshu-outline", "xiaohongshu-image"]
        found = await client.get_prompt("xiaohongshu-outline", {"topic": "秋天的京都", "pages": "7", "language": "zh"})
        content = found.messages[0].content
        assert isinstance(content, TextContent)
        assert "秋天的京都" in content.text
        assert "7" in content.text
        await client.get_prompt("xiaohongshu-image")
        for name, arguments in (
            ("nothing", {}),
            ("xiaohongshu-outline", {"pages": "many"}),
            ("xiaohongshu-outline", {"topics": "x"}),
        ):
            with pytest.raises(MCPError) as caught:
                await client.get_prompt(name, arguments)
            assert caught.value.code == -32602
