"""Projects, pictures, exports and guides as resources."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Project
from redbook_mcp.ports import Projects
from redbook_mcp.prompts import image_guide, outline_guide
from redbook_mcp.server.content import dump
from redbook_mcp.server.results import PNG, image_uri, paths_of, project_json, summary_json

RESOURCE_NOT_FOUND: Final = -32002
"""Up to revision 2025-11-25; since 2026-07-28 an unknown resource is an invalid parameter."""
PAGE: Final = 100
"""Projects in one part of the list."""
EXPORT_BYTES_MAX: Final = 64 << 20
"""Of a zip in one answer, which is a third larger as text and there more than once while it is sent."""
_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_ZIP: Final = "application/zip"
_PROJECT: Final = re.compile(r"project://([^/]+)(?:/(images|export)(?:/([1-9][0-9]{0,2}))?)?", re.ASCII)
_GUIDES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "xiaohongshu-outline": ("How to write the outline of a note", outline_guide),
    "xiaohongshu-image": ("What makes a card of a note", image_guide),
}

TEMPLATES: Final = [
    types.ResourceTemplate(
        uri_template="project://{id}",
        name="project",
        title="A project",
        description="Outline, pictures, checks.",
        mime_type=_JSON,
    ),
    types.ResourceTemplate(
        uri_template="project://{id}/images",
        name="project-images",
        title="A project's pictures",
        description="Page numbers and files.",
        mime_type=_JSON,
    ),
    types.ResourceTemplate(
        uri_template="project://{id}/images/{n}",
        name="project-image",
        title="The picture of a page",
        description="PNG, 1080×1440.",
        mime_type=PNG,
    ),
    types.ResourceTemplate(
        uri_template="project://{id}/export",
        name="project-export",
        title="A project, ready to publish",
        description="A zip of the pages in order, with note.json.",
        mime_type=_ZIP,
    ),
]


async def list_resources(projects: Projects, cursor: str | None) -> types.ListResourcesResult:
    """The lists and guides, then the projects, newest first."""
    start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else 0
    everything = await asyncio.to_thread(projects.all)
    part = everything[start : start + PAGE]
    listed = [] if start else _fixed()
    listed.extend(
        types.Resource(uri=f"project://{project.id}", name=project.id, title=project.theme[:80], mime_type=_JSON)
        for project in part
    )
    more = str(start + PAGE) if len(everything) > start + PAGE else None
    return types.ListResourcesResult(resources=listed, next_cursor=more)


async def read_resource(projects: Projects, uri: str, protocol_version: str) -> types.ReadResourceResult:
    """What a URI names. Errors: the protocol's own for what is not there."""
    try:
        found = await asyncio.to_thread(_read, projects, uri)
    except RedBookError as error:
        code = types.INTERNAL_ERROR
        if error.code in {Code.PROJECT_NOT_FOUND, Code.INVALID_INPUT}:
            code = types.INVALID_PARAMS if protocol_version in MODERN_PROTOCOL_VERSIONS else RESOURCE_NOT_FOUND
        raise MCPError(code, error.message, {"uri": uri[:200], "code": str(error.code)}) from None
    return types.ReadResourceResult(contents=[found])


def _fixed() -> list[types.Resource]:
    listed = [
        types.Resource(uri="projects://list", name="projects", title="All projects", mime_type=_JSON),
        types.Resource(uri="prompts://list", name="guides", title="The guides", mime_type=_JSON),
    ]
    listed.extend(
        types.Resource(uri=f"prompts://{name}", name=name, title=title, mime_type=_TEXT) for name, (title, _) in _GUIDES.items()
    )
    return listed


def _read(projects: Projects, uri: str) -> types.TextResourceContents | types.BlobResourceContents:
    if uri == "projects://list":
        listed = [summary_json(project) for project in projects.all()]
        return _text(uri, dump({"projects": listed, "total": len(listed)}), _JSON)
    if uri == "prompts://list":
        guides = [{"name": name, "title": title, "uri": f"prompts://{name}"} for name, (title, _) in _GUIDES.items()]
        return _text(uri, dump({"prompts": guides}), _JSON)
    name = uri.removeprefix("prompts://")
    if name in _GUIDES and name != uri:
        return _text(uri, _GUIDES[name][1](), _TEXT)
    named = _PROJECT.fullmatch(uri)
    if named is None or (named[2] == "export" and named[3]):
        raise RedBookError(Code.INVALID_INPUT, f"there is no resource {uri[:200]}")
    return _of_project(projects, projects.get(named[1]), uri, named[2], named[3])


def _of_project(
    projects: Projects, project: Project, uri: str, part: str | None, number: str | None
) -> types.TextResourceContents | types.BlobResourceContents:
    if part is None:
        return _text(uri, dump(project_json(projects, project)), _JSON)
    if part == "export":
        if not any(project.shown(page.number) for page in project.outline):
            raise RedBookError(Code.INVALID_INPUT, "nothing of this project is painted yet; generate_images paints it")
        return _blob(uri, _export(projects, project), _ZIP)
    if number is None:
        paths = paths_of(project_json(projects, project)["images"])
        images = [{"page": int(page), "path": path, "uri": image_uri(project.id, int(page))} for page, path in paths.items()]
        return _text(uri, dump({"images": images}), _JSON)
    version = project.shown(int(number)) if int(number) <= len(project.outline) else None
    if version is None:
        raise RedBookError(Code.INVALID_INPUT, f"page {number} has no picture")
    return _blob(uri, projects.read(project.id, version.files[0]), PNG)


def _export(projects: Projects, project: Project) -> bytes:
    path = Path(projects.export(project.id, project.note))
    size = path.stat().st_size
    if size > EXPORT_BYTES_MAX:
        raise RedBookError(Code.RETRIEVAL_FAILED, f"the export has {size >> 20} MiB, too much for one answer; it is {path}")
    return path.read_bytes()


def _text(uri: str, text: str, kind: str) -> types.TextResourceContents:
    return types.TextResourceContents(uri=uri, text=text, mime_type=kind)


def _blob(uri: str, data: bytes, kind: str) -> types.BlobResourceContents:
    return types.BlobResourceContents(uri=uri, blob=base64.b64encode(data).decode(), mime_type=kind)
