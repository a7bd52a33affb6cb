"""Projects as JSON, and back. What is read is checked as strictly as what a stranger sends: the file may have been edited."""

from __future__ import annotations

import json
import re
from typing import Final, get_args

from redbook_mcp.model import PAGES_MAX, Note, Page, PageFailure, PageType, Palette, Project, Status, Style, Version
from redbook_mcp.storage.members import (
    BadRecord,
    Members,
    by_page,
    count,
    flag,
    list_of,
    matching,
    one_of,
    optional,
    parse,
    text,
    whole,
)

SCHEMA: Final = 1
"""Raised with each change of the form that an older RedBook would misread."""
ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
FILE: Final = re.compile(r"images/[1-9][0-9]{0,3}/v[1-9][0-9]{0,5}(?:-[1-9][0-9]?)?\.png")
REFERENCE: Final = re.compile(r"references/[0-9a-f]{64}\.(?:png|jpg|webp)")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_STATUSES: Final[tuple[Status, ...]] = get_args(Status)
_TYPES: Final[tuple[PageType, ...]] = get_args(PageType)
_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class NewerRecord(BadRecord):
    """A project file that a later RedBook wrote."""


def is_id(project_id: object) -> bool:
    """Whether it is an id as we make them: a UUID, version 4, in lower case."""
    return isinstance(project_id, str) and ID.fullmatch(project_id) is not None


def to_json(project: Project) -> bytes:
    """The project's file: camelCase, indented for people, UTF-8."""
    value = {
        "schema": SCHEMA,
        "id": project.id,
        "theme": project.theme,
        "status": project.status,
        "createdAt": project.created_at,
        "updatedAt": project.updated_at,
        "outline": [page_to_json(page) for page in project.outline],
        "style": _style_to_json(project.style),
        "referenceImage": project.reference_image,
        "language": project.language,
        "watermark": project.watermark,
        "versions": {
            str(page): [_version_to_json(one) for one in versions] for page, versions in sorted(project.versions.items())
        },
        "current": {str(page): version for page, version in sorted(project.current.items())},
        "failures": {str(page): _failure_to_json(failure) for page, failure in sorted(project.failures.items())},
        "note": _note_to_json(project.note),
    }
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def page_to_json(page: Page) -> dict[str, object]:
    """A page as callers see it; without the members that it does not have."""
    value = {
        "pageNumber": page.number,
        "type": page.type,
        "content": page.content,
        "title": page.title,
        "subtitle": page.subtitle,
        "imagePrompt": page.image_prompt,
    }
    return {name: member for name, member in value.items() if member is not None}


def from_json(content: bytes, project_id: str) -> Project:
    """The project of the file in the folder of that id. Errors: BadRecord; NewerRecord."""
    members = Members(parse(content), "project")
    schema = members.take("schema", count)
    if schema > SCHEMA:
        raise NewerRecord(f"a newer RedBook wrote it (schema {schema}, this one reads {SCHEMA}); update RedBook")
    project = Project(
        id=members.take("id", one_of((project_id,))),
        theme=members.take("theme", text),
        outline=tuple(members.take("outline", list_of(_page))),
        created_at=members.take("createdAt", matching(_TIME)),
        updated_at=members.take("updatedAt", matching(_TIME)),
        status=members.take("status", one_of(_STATUSES)),
        style=members.take("style", optional(_style)),
        reference_image=members.take("referenceImage", optional(text)),
        language=members.take("language", optional(text)),
        watermark=members.take("watermark", optional(text)),
        versions=members.take("versions", by_page(_versions)),
        current=members.take("current", by_page(count)),
        failures=members.take("failures", by_page(_failure)),
        note=members.take("note", optional(_note)),
    )
    members.end()
    return _consistent(project)


def _consistent(project: Project) -> Project:
    if [page.number for page in project.outline] != list(range(1, len(project.outline) + 1)) or not 1 <= len(
        project.outline
    ) <= PAGES_MAX:
        raise BadRecord("outline: the pages are not numbered 1, 2, 3 and so on")
    for page, version in project.current.items():
        if version not in {known.number for known in project.versions.get(page, ())}:
            raise BadRecord(f"current: page {page} has no version {version}")
    return project


def _style_to_json(style: Style | None) -> object:
    if style is None:
        return None
    palette = style.palette
    colours = palette and {"background": palette.background, "ink": palette.ink, "accent": palette.accent}
    return {"theme": style.theme, "seed": style.seed, "palette": colours}


def _version_to_json(version: Version) -> dict[str, object]:
    return {
        "number": version.number,
        "files": list(version.files),
        "pageDigest": version.page_digest,
        "width": version.width,
        "height": version.height,
        "bytes": version.bytes,
        "sha256": version.sha256,
        "provider": version.provider,
        "model": version.model,
        "attempts": version.attempts,
        "ms": version.ms,
        "createdAt": version.created_at,
        "feedback": version.feedback,
        "usedCover": version.used_cover,
        "warnings": list(version.warnings),
        "request": version.request,
        "place": version.place,
    }


def _failure_to_json(failure: PageFailure) -> dict[str, object]:
    return {"code": failure.code, "message": failure.message, "retryable": failure.retryable, "at": failure.at}


def _note_to_json(note: Note | None) -> object:
    return note and {"title": note.title, "body": note.body, "tags": list(note.tags)}


def _page(value: object, place: str) -> Page:
    known = {"title": None, "subtitle": None, "imagePrompt": None}
    members = Members({**known, **value} if isinstance(value, dict) else value, place)
    page = Page(
        number=members.take("pageNumber", count),
        type=members.take("type", one_of(_TYPES)),
        content=members.take("content", text),
        title=members.take("title", optional(text)),
        subtitle=members.take("subtitle", optional(text)),
        image_prompt=members.take("imagePrompt", optional(text)),
    )
    members.end()
    return page


def _style(value: object, place: str) -> Style:
    members = Members(value, place)
    style = Style(
        theme=members.take("theme", text), seed=members.take("seed", whole), palette=members.take("palette", optional(_palette))
    )
    members.end()
    return style


def _palette(value: object, place: str) -> Palette:
    members = Members(value, place)
    colour = matching(_COLOUR)
    palette = Palette(
        background=members.take("background", colour), ink=members.take("ink", colour), accent=members.take("accent", colour)
    )
    members.end()
    return palette


def _versions(value: object, place: str) -> tuple[Version, ...]:
    versions = tuple(list_of(_version)(value, place))
    numbers = [version.number for version in versions]
    if numbers != sorted(set(numbers)):
        raise BadRecord(f"{place}: the numbers of the versions do not rise")
    return versions


def _version(value: object, place: str) -> Version:
    members = Members(value, place)
    version = Version(
        number=members.take("number", count),
        files=tuple(members.take("files", list_of(matching(FILE)))),
        page_digest=members.take("pageDigest", matching(_SHA256)),
        width=members.take("width", count),
        height=members.take("height", count),
        bytes=members.take("bytes", count),
        sha256=members.take("sha256", matching(_SHA256)),
        provider=members.take("provider", text),
        model=members.take("model", text),
        attempts=members.take("attempts", count),
        ms=members.take("ms", count),
        created_at=members.take("createdAt", matching(_TIME)),
        feedback=members.take("feedback", optional(text)),
        used_cover=members.take("usedCover", flag),
        warnings=tuple(members.take("warnings", list_of(text))),
        request=members.take("request", optional(text)),
        place=members.take("place", optional(text)),
    )
    members.end()
    return version


def _failure(value: object, place: str) -> PageFailure:
    members = Members(value, place)
    failure = PageFailure(
        code=members.take("code", text),
        message=members.take("message", text),
        retryable=members.take("retryable", flag),
        at=members.take("at", matching(_TIME)),
    )
    members.end()
    return failure


def _note(value: object, place: str) -> Note:
    members = Members(value, place)
    note = Note(
        title=members.take("title", optional(text)),
        body=members.take("body", optional(text)),
        tags=tuple(members.take("tags", list_of(text))),
    )
    members.end()
    return note
