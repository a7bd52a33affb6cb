"""The five tools: arguments read, work asked for, results told."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.asking import MODES, Mode, Request
from redbook_mcp.generation.orders import House
from redbook_mcp.generation.outlines import Draft, Update, create, stale_pages, update
from redbook_mcp.generation.progress import Report
from redbook_mcp.generation.service import Generation
from redbook_mcp.model import PAGES_MAX, Note, Project, Style
from redbook_mcp.outline import pages_from_json, parse_outline
from redbook_mcp.painters import Painters
from redbook_mcp.server.arguments import Arguments
from redbook_mcp.server.results import (
    Result,
    answer_json,
    checks_json,
    outline_json,
    plan_json,
    project_json,
    summary_json,
)
from redbook_mcp.server.schemas import IMAGE_CHOICES, STATUSES

THEME_CHARACTERS_MAX: Final = 500
OUTLINE_CHARACTERS_MAX: Final = 1 << 20
"""Read at all; `parse_outline` takes far less and says so."""
REFERENCE_CHARACTERS_MAX: Final = 28 << 20
FEEDBACK_CHARACTERS_MAX: Final = 2000
HANDLE_CHARACTERS_MAX: Final = 30
"""What fits into a corner."""
SEED_MAX: Final = 2**31 - 1
NOTE_CHARACTERS_MAX: Final = 10_000
TAGS_MAX: Final = 50
LIST_MAX: Final = 1000
_ID_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Desk:
    """What the tools work with."""

    house: House
    generation: Generation
    painters: Painters
    themes: Sequence[str]


async def generate_outline(desk: Desk, given: Mapping[str, object], _: Report | None) -> Result:
    """Make a project of the outline that the caller wrote."""
    known = ("theme", "outline", "referenceImage", "style", "seed", "watermark", "language", "note")
    arguments = Arguments(given, known)
    arguments.required("theme", "outline")
    theme = arguments.text("theme", characters_max=THEME_CHARACTERS_MAX, lines=True)
    outline = _outline_text(arguments)
    style = arguments.choice("style", desk.themes)
    seed = arguments.integer("seed", 0, SEED_MAX)
    reference = arguments.text("referenceImage", characters_max=REFERENCE_CHARACTERS_MAX)
    watermark = arguments.text("watermark", characters_max=HANDLE_CHARACTERS_MAX, empty=True)
    language = arguments.text("language", characters_max=35)
    note = _note(arguments)
    arguments.done()
    assert theme is not None  # `done` has seen it
    assert outline is not None
    draft = Draft(
        theme=theme.strip(),
        outline=parse_outline(outline),
        reference_image=reference,
        style=Style(style, seed or 0) if style else None,
        watermark=watermark,
        language=language,
        note=note,
    )
    project = await asyncio.to_thread(create, desk.house, draft)
    return Result(
        {
            "projectId": project.id,
            "outline": outline_json(project.outline),
            "createdAt": project.created_at,
            "updatedAt": project.updated_at,
            "status": project.status,
            "checks": checks_json(project),
        }
    )


async def update_outline(desk: Desk, given: Mapping[str, object], _: Report | None) -> Result:
    """Replace a project's outline."""
    known = ("projectId", "outline", "expectedUpdatedAt", "referenceImage", "note", "showVersions", "style", "seed")
    arguments = Arguments(given, known)
    arguments.required("projectId", "outline")
    project_id = arguments.text("projectId", characters_max=_ID_CHARACTERS_MAX)
    expected = arguments.text("expectedUpdatedAt", characters_max=40)
    reference = arguments.text("referenceImage", characters_max=REFERENCE_CHARACTERS_MAX)
    versions = _versions(arguments)
    note = _note(arguments)
    style = arguments.choice("style", desk.themes)
    seed = arguments.integer("seed", 0, SEED_MAX)
    arguments.done()
    assert project_id is not None  # `done` has seen it
    pages = pages_from_json(arguments.raw("outline"))
    change = Update(project_id, pages, expected, reference, note, versions, style, seed)
    project = await asyncio.to_thread(update, desk.house, change)
    stale = stale_pages(project)
    message = f"the outline has {len(pages)} page{'s' if len(pages) > 1 else ''} now"
    if stale:
        message += f"; the pictures of {', '.join(map(str, stale))} show earlier texts: generate_images paints them anew"
    return Result(
        {
            "success": True,
            "message": message,
            "projectId": project.id,
            "updatedAt": project.updated_at,
            "outline": outline_json(project.outline),
            "stale": list(stale),
            "checks": checks_json(project),
        }
    )


async def generate_images(desk: Desk, given: Mapping[str, object], report: Report | None) -> Result:
    """Paint pages, the cover first."""
    known = (
        "projectId", "pages", "mode", "feedback", "useCoverReference", "provider", "maxPages", "dryRun", "includeImages",
    )  # fmt: skip
    arguments = Arguments(given, known)
    arguments.required("projectId")
    project_id = arguments.text("projectId", characters_max=_ID_CHARACTERS_MAX)
    request = Request(
        project_id=project_id or "",
        pages=arguments.integers("pages", 100),
        mode=cast("Mode | None", arguments.choice("mode", MODES)),
        feedback=arguments.text("feedback", characters_max=FEEDBACK_CHARACTERS_MAX, empty=True, lines=True),
        use_cover=arguments.flag("useCoverReference", True),
        provider=arguments.choice("provider", desk.painters.names),
        max_pages=arguments.integer("maxPages", 1, PAGES_MAX),
    )
    dry_run = arguments.flag("dryRun", False)
    include = arguments.choice("includeImages", ("none", "thumbnail"))
    arguments.done()
    if dry_run:
        return Result(plan_json(await desk.generation.plan(request)))
    answer = await desk.generation.generate(request, report)
    body = await asyncio.to_thread(answer_json, desk.house.projects, answer)
    pictured = tuple(int(number) for number in body["images"])
    return Result(
        body,
        answer.project,
        linked=pictured,
        shown=pictured if include == "thumbnail" else (),
        is_error=answer.status == "failed",
    )


async def get_project(desk: Desk, given: Mapping[str, object], _: Report | None) -> Result:
    """A whole project."""
    arguments = Arguments(given, ("projectId", "includeImages", "pages"))
    arguments.required("projectId")
    project_id = arguments.text("projectId", characters_max=_ID_CHARACTERS_MAX)
    include = arguments.choice("includeImages", IMAGE_CHOICES) or "none"
    pages = arguments.integers("pages", 100)
    arguments.done()
    assert project_id is not None  # `done` has seen it
    project = await asyncio.to_thread(desk.house.projects.get, project_id)
    last = len(project.outline)
    if pages is not None and not all(1 <= number <= last for number in pages):
        raise RedBookError(Code.INVALID_INPUT, f"`pages` names a page that the project has not; its pages are 1 to {last}")
    body = await asyncio.to_thread(project_json, desk.house.projects, project)
    pictured = tuple(int(number) for number in body["images"] if pages is None or int(number) in pages)
    return Result(body, project, linked=pictured, shown=pictured if include != "none" else (), whole=include == "full")


async def list_all_projects(desk: Desk, given: Mapping[str, object], _: Report | None) -> Result:
    """All projects, newest first."""
    arguments = Arguments(given, ("limit", "cursor", "status", "query"))
    limit = arguments.integer("limit", 1, LIST_MAX) or LIST_MAX
    status = arguments.choice("status", STATUSES)
    query = arguments.text("query", characters_max=THEME_CHARACTERS_MAX, empty=True, lines=True)
    cursor = _cursor(arguments)
    arguments.done()
    found = [
        project
        for project in await asyncio.to_thread(desk.house.projects.all)
        if (status is None or project.status == status) and (not query or query.casefold() in project.theme.casefold())
    ]
    found.sort(key=_place, reverse=True)
    rest = [project for project in found if cursor is None or _place(project) < cursor]
    page = rest[:limit]
    body: dict[str, object] = {"projects": [summary_json(project) for project in page], "total": len(found)}
    if len(rest) > limit:
        body["nextCursor"] = base64.urlsafe_b64encode(json.dumps(_place(page[-1])).encode()).decode()
    return Result(body)


def _outline_text(arguments: Arguments) -> str | None:
    """The outline as it stands: what is wrong with it is for the parser to say."""
    value = arguments.raw("outline")
    if value is not None and not isinstance(value, str):
        arguments.wrong("outline", "is not a text with <page> blocks")
        return None
    return value


def _note(arguments: Arguments) -> Note | None:
    inner = arguments.member("note", ("title", "body", "tags"))
    if inner is None:
        return None
    title = inner.text("title", characters_max=NOTE_CHARACTERS_MAX, empty=True)
    body = inner.text("body", characters_max=NOTE_CHARACTERS_MAX, empty=True, lines=True)
    tags = inner.texts("tags", most=TAGS_MAX, characters_max=200)
    inner.done()
    return Note(title, body, tuple(tag.strip().removeprefix("#").removesuffix("#") for tag in tags))


def _versions(arguments: Arguments) -> dict[int, int]:
    value = arguments.raw("showVersions")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        key.isascii() and key.isdigit() and len(key) < 4 and type(one) is int for key, one in value.items()
    ):
        arguments.wrong("showVersions", 'is no object of page numbers and version numbers, such as {"2": 1}')
        return {}
    return {int(key): one for key, one in value.items()}


def _place(project: Project) -> tuple[str, str]:
    return project.created_at, project.id


def _cursor(arguments: Arguments) -> tuple[str, str] | None:
    text = arguments.text("cursor", characters_max=500)
    if text is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        place = None
    if not isinstance(place, list) or len(place) != 2 or not all(isinstance(one, str) for one in place):
        arguments.wrong("cursor", "is none that list_all_projects gave")
        return None
    return place[0], place[1]
