"""A tool's result as content of the protocol: JSON as text and structured, links, pictures."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Final

import mcp_types as types

from redbook_mcp.errors import RedBookError
from redbook_mcp.model import Project
from redbook_mcp.ports import Projects
from redbook_mcp.server.results import PNG, Json, Result, error_json, image_uri

STRUCTURED_SINCE: Final = "2025-06-18"
"""The revision that brought structured content and resource links."""
SHOWN_BYTES_MAX: Final = 8 << 20
"""Pictures in one result; more would fill memory and context. The links lead to the others."""


async def tool_result(projects: Projects, result: Result, protocol_version: str) -> types.CallToolResult:
    """The result for a client of that revision."""
    modern = protocol_version >= STRUCTURED_SINCE
    pictures: list[types.ContentBlock] = []
    body = result.body
    if result.shown and result.project is not None:
        pictures, left = await asyncio.to_thread(_pictures, projects, result.project, result)
        if left:
            names = ", ".join(map(str, left))
            body = {
                **body,
                "warnings": [*body.get("warnings", []), f"pages {names} are not shown here: too large together; see their links"],
            }
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=dump(body))]
    if modern and result.project is not None:
        content.extend(_links(result.project, result.linked))
    content.extend(pictures)
    return types.CallToolResult(content=content, structured_content=body if modern else None, is_error=result.is_error)


def error_result(error: RedBookError) -> types.CallToolResult:
    """A refusal. It carries no structured content: clients hold that against the tool's output schema."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=dump(error_json(error)))], is_error=True)


def dump(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _links(project: Project, numbers: tuple[int, ...]) -> Iterator[types.ResourceLink]:
    for number in numbers:
        version = project.shown(number)
        if version is not None:
            yield types.ResourceLink(
                type="resource_link",
                uri=image_uri(project.id, number),
                name=f"page_{number:02d}.png",
                title=f"Page {number}",
                mime_type=PNG,
                size=version.bytes,
            )


def _pictures(projects: Projects, project: Project, result: Result) -> tuple[list[types.ContentBlock], list[int]]:
    """The pictures that fit, one in memory at a time beside what is sent; and the pages that do not."""
    from redbook_mcp.pictures import thumbnail  # noqa: PLC0415 - Pillow is loaded when it is needed, not at start

    shown: list[types.ContentBlock] = []
    left: list[int] = []
    total = 0
    for number in result.shown:
        version = project.shown(number)
        if version is None:
            continue
        if result.whole and total + version.bytes > SHOWN_BYTES_MAX:
            left.append(number)
            continue
        picture = projects.read(project.id, version.files[0])
        data, kind = (picture, PNG) if result.whole else (thumbnail(picture), "image/jpeg")
        total += len(data)
        shown.append(types.ImageContent(type="image", data=base64.b64encode(data).decode(), mime_type=kind))
    return shown, left
