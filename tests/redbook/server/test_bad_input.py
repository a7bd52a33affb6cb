"""What is refused, with which code, and that nothing is changed by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redbook_mcp.errors import Code
from tests.redbook.fakes import png
from tests.redbook.generation.house import OUTLINE
from tests.redbook.server.desk import Client, body, code, made, open_shop

pytestmark = pytest.mark.anyio
NOBODY = "0b1d6f3e-3f0a-4c57-9a55-1f2e3d4c5b6a"

GOOD = {"projectId": NOBODY}
BAD: list[tuple[str, dict[str, Any], Code]] = [
    ("generate_outline", {}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x", "outline": 5}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x", "outline": "no page here"}, Code.PARSE_FAILED),
    ("generate_outline", {"theme": "x", "outline": ""}, Code.PARSE_FAILED),
    ("generate_outline", {"theme": "x", "outline": "<page>a</page>" * 200}, Code.TOO_MANY_PAGES),
    ("generate_outline", {"theme": "x", "outline": "<page>" + "长" * 1_000_000}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x" * 600, "outline": OUTLINE}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x\0", "outline": OUTLINE}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x", "outline": OUTLINE, "referenceImage": "/etc/hostname"}, Code.UNSAFE_PATH),
    ("generate_outline", {"theme": "x", "outline": OUTLINE, "referenceImage": "data:text/plain;base64,aGk="}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x", "outline": OUTLINE, "referenceImage": "data:image/png;base64,aGk="}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x", "outline": OUTLINE, "style": "plane"}, Code.INVALID_INPUT),
    ("generate_outline", {"theme": "x", "outline": OUTLINE, "note": {"titel": "x"}}, Code.INVALID_INPUT),
    ("update_outline", {"projectId": NOBODY, "outline": [{"content": "x"}]}, Code.PROJECT_NOT_FOUND),
    ("update_outline", {"projectId": NOBODY, "outline": ["x", 3, None]}, Code.INVALID_INPUT),
    ("update_outline", {"projectId": NOBODY}, Code.INVALID_INPUT),
    ("update_outline", {"projectId": NOBODY, "outline": [{"content": "x"}] * 200}, Code.TOO_MANY_PAGES),
    ("generate_images", GOOD, Code.PROJECT_NOT_FOUND),
    ("generate_images", {"projectId": "__proto__"}, Code.PROJECT_NOT_FOUND),
    ("generate_images", {"projectId": NOBODY, "page": [1]}, Code.INVALID_INPUT),
    ("generate_images", {"projectId": NOBODY, "pages": ["1"]}, Code.INVALID_INPUT),
    ("generate_images", {"projectId": NOBODY, "pages": "1"}, Code.INVALID_INPUT),
    ("generate_images", {"projectId": NOBODY, "mode": "al"}, Code.INVALID_INPUT),
    ("generate_images", {"projectId": NOBODY, "maxPages": 0}, Code.INVALID_INPUT),
    ("generate_images", {"projectId": NOBODY, "dryRun": "yes"}, Code.INVALID_INPUT),
    ("get_project", {"projectId": "__proto__"}, Code.PROJECT_NOT_FOUND),
    ("get_project", {"projectId": "../../etc"}, Code.PROJECT_NOT_FOUND),
    ("get_project", {"projectId": 7}, Code.INVALID_INPUT),
    ("list_all_projects", {"limit": 0}, Code.INVALID_INPUT),
    ("list_all_projects", {"cursor": "x"}, Code.INVALID_INPUT),
    ("list_all_projects", {"status": "done"}, Code.INVALID_INPUT),
]


def files(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file() and path.suffix != ""}


@pytest.mark.parametrize(("tool", "arguments", "expected"), BAD, ids=lambda value: str(value)[:60])
async def test_bad_input_is_refused_with_its_code_and_changes_nothing(
    tmp_path: Path, tool: str, arguments: dict[str, Any], expected: Code
) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        await made(client)
        before = files(tmp_path)
        assert code(await client.call_tool(tool, arguments)) == expected
    assert files(tmp_path) == before


async def test_page_numbers_that_are_not_there_are_refused_and_no_picture_is_lost(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)
        await client.call_tool("generate_images", {"projectId": project_id})
        result = await client.call_tool("generate_images", {"projectId": project_id, "pages": [99]})
        assert code(result) == "INVALID_INPUT"
        assert "1 to 4" in body(result)["error"]["message"]
        assert len(body(await client.call_tool("get_project", {"projectId": project_id}))["images"]) == 4


async def test_an_unknown_member_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        result = await client.call_tool("generate_images", {"project_id": NOBODY})
    message = body(result)["error"]["message"]
    assert "`project_id` is unknown; did you mean `projectId`?" in message
    assert "`projectId` is missing" in message


async def test_an_unknown_tool_is_an_error_of_the_protocol(tmp_path: Path) -> None:
    from mcp.shared.exceptions import MCPError

    _, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("delete_project", {})
    assert caught.value.code == -32602


async def test_a_link_out_of_the_allowed_folders_is_refused(tmp_path: Path) -> None:
    _, server = open_shop(tmp_path)
    (tmp_path / "secret.png").write_bytes(png())
    (tmp_path / "pictures" / "link.png").symlink_to(tmp_path / "secret.png")
    async with Client(server, mode="legacy") as client:
        for path in ("link.png", "../secret.png", "none.png"):
            arguments = {"theme": "x", "outline": OUTLINE, "referenceImage": str(tmp_path / "pictures" / path)}
            assert code(await client.call_tool("generate_outline", arguments)) == "UNSAFE_PATH"


@pytest.mark.parametrize(
    ("tool", "method", "expected"),
    [
        ("generate_outline", "create", "PARSE_ERROR"),
        ("update_outline", "change", "UPDATE_FAILED"),
        ("get_project", "get", "RETRIEVAL_FAILED"),
        ("list_all_projects", "all", "RETRIEVAL_FAILED"),
    ],
)
async def test_what_fails_by_no_fault_of_the_caller_has_the_originals_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, method: str, expected: str
) -> None:
    bench, server = open_shop(tmp_path)
    async with Client(server, mode="legacy") as client:
        project_id = await made(client)

        def break_down(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(bench.house.projects, method, break_down)
        arguments: dict[str, dict[str, Any]] = {
            "generate_outline": {"theme": "x", "outline": OUTLINE},
            "update_outline": {"projectId": project_id, "outline": [{"content": "x"}]},
            "get_project": {"projectId": project_id},
            "list_all_projects": {},
        }
        assert code(await client.call_tool(tool, arguments[tool])) == expected
