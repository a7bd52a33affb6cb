"""Projects of the original server, taken over once: its `projects.json` and its pictures. The originals are only read.

DATA_DIR/projects.json                         {"projects": {id: {…}}}
DATA_DIR/images/{id}/page_{n}_{ms}.png         whatever the service sent, or 22 bytes of text where it failed
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Page, Project, Version
from redbook_mcp.outline import page_digest, pages_from_json, parse_outline
from redbook_mcp.storage import files
from redbook_mcp.storage.faults import storage_faults
from redbook_mcp.storage.members import BadRecord, parse
from redbook_mcp.storage.projects import FileProjects
from redbook_mcp.storage.records import is_id

FILE: Final = "projects.json"
FILE_BYTES_MAX: Final = 64 * 1024 * 1024
PICTURE_BYTES_MAX: Final = 32 * 1024 * 1024
THEME_CHARACTERS_MAX: Final = 2_000
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_MEMBERS: Final = ("pageNumber", "type", "content", "title", "subtitle", "imagePrompt")
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    projects: tuple[str, ...] = ()
    """Ids that were taken over now; those that were there already are not among them."""
    warnings: tuple[str, ...] = ()


def import_legacy(folder: Path, projects: FileProjects) -> Imported:
    """Take over the projects of the original's `DATA_DIR` that are not here yet.

    Safe to do at each start and after a kill: a project appears whole or not at all. What cannot be used is left out with a
    warning, also in the log. Errors: RETRIEVAL_FAILED if `projects.json` is there and cannot be read; UPDATE_FAILED.
    """
    warnings: list[str] = []
    taken = []
    for project_id, value in _records(folder).items():
        if not is_id(project_id) or not isinstance(value, dict):
            warnings.append(f"{project_id[:80]!a}: no project of the original server; left out")
        elif not projects.has(project_id):
            project = _project(project_id, value, warnings)
            if project is not None:
                images = value.get("images")
                pictures = _pictures(folder, project, images if isinstance(images, dict) else {}, warnings)
                projects.create(_with_pictures(projects, project, pictures))
                taken.append(project_id)
    for warning in warnings:
        _LOG.warning("import: %s", warning)
    return Imported(tuple(taken), tuple(warnings))


def _records(folder: Path) -> Mapping[str, object]:
    """The projects of the file; none if there is no such file."""
    place = folder / FILE
    try:
        with storage_faults(Code.RETRIEVAL_FAILED, f"read {place}"), files.folder(folder) as opened:
            value = parse(files.read(opened, FILE, FILE_BYTES_MAX))
    except RedBookError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return {}
        raise
    except BadRecord as error:
        raise RedBookError(Code.RETRIEVAL_FAILED, f"cannot read {place}: {error}") from None
    found = value.get("projects") if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise RedBookError(Code.RETRIEVAL_FAILED, f"cannot read {place}: it has no projects")
    return found


def _project(project_id: str, value: Mapping[str, object], warnings: list[str]) -> Project | None:
    """The project without its pictures; None if its outline cannot be used."""
    theme = value.get("theme")
    times = [value.get("createdAt"), value.get("updatedAt")]
    created, updated = (time if isinstance(time, str) and _TIME.fullmatch(time) else None for time in times)
    try:
        outline = _outline(value.get("outline"))
    except RedBookError as error:
        warnings.append(f"project {project_id}: left out: {error.message}")
        return None
    if value.get("referenceImage"):
        # The original took any path and never read it; ours would read it.
        warnings.append(f"project {project_id}: its reference picture is left out; name it again with update_outline")
    return Project(
        id=project_id,
        theme=theme[:THEME_CHARACTERS_MAX] if isinstance(theme, str) and theme.strip() else outline[0].title or "（无题）",
        outline=outline,
        created_at=created or updated or "1970-01-01T00:00:00.000Z",
        updated_at=updated or created or "1970-01-01T00:00:00.000Z",
    )


def _outline(value: object) -> tuple[Page, ...]:
    """The pages; the original left titles in the content, where they would be set twice."""
    elements = value if isinstance(value, list) else []
    known = [
        {name: member for name, member in element.items() if name in _MEMBERS and member != ""}
        if isinstance(element, dict)
        else element
        for element in elements
    ]
    pages = pages_from_json(known)
    try:
        again = parse_outline("".join(f"<page>\n[{page.type}]\n{page.content}\n</page>" for page in pages))
    except RedBookError:
        return pages
    return tuple(map(_retold, pages, again)) if len(again) == len(pages) else pages


def _retold(page: Page, again: Page) -> Page:
    return replace(
        page,
        content=again.content,
        title=page.title or again.title,
        subtitle=page.subtitle or again.subtitle,
        image_prompt=page.image_prompt or again.image_prompt,
    )


def _pictures(
    folder: Path, project: Project, images: Mapping[str, object], warnings: list[str]
) -> dict[int, tuple[bytes, int, int]]:
    """Page number → picture as PNG, width, height."""
    found = {}
    for name, path in images.items():
        number = int(name) if re.fullmatch("[1-9][0-9]{0,3}", name) else 0
        if not 1 <= number <= len(project.outline) or not isinstance(path, str):
            continue
        try:
            found[number] = _as_png(_read(folder, project.id, path))
        except (OSError, RedBookError) as error:
            why = error.message if isinstance(error, RedBookError) else error.strerror or "it cannot be read"
            warnings.append(f"project {project.id}, page {number}: its picture is left out: {why}")
    return found


def _read(folder: Path, project_id: str, path: str) -> bytes:
    """The picture by its name alone, where the original kept it: the folder may have moved, and a path may lead anywhere."""
    name = PurePosixPath(PureWindowsPath(path).as_posix()).name
    if not re.fullmatch(r"[\w.-]{1,200}", name) or name.startswith("."):
        raise RedBookError(Code.UNSAFE_PATH, f"{path[:80]!a} is no picture of the original server")
    with files.folder(folder, "images", project_id) as opened:
        return files.read(opened, name, PICTURE_BYTES_MAX)


def _as_png(data: bytes) -> tuple[bytes, int, int]:
    """A picture as it is if it is a PNG, else the same picture as one. Errors: INVALID_INPUT."""
    # Pillow is loaded when there is something to take over, not at each start.
    from PIL import Image, ImageOps  # noqa: PLC0415 - see above

    from redbook_mcp.pictures import verify_picture  # noqa: PLC0415 - see above

    facts = verify_picture(data, code=Code.INVALID_INPUT, what="the file")
    if facts.format == "png":
        return data, facts.width, facts.height
    buffer = BytesIO()
    with Image.open(BytesIO(data)) as image:
        ImageOps.exif_transpose(image).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue(), facts.width, facts.height


def _with_pictures(projects: FileProjects, project: Project, pictures: Mapping[int, tuple[bytes, int, int]]) -> Project:
    """The project with its pictures, which are written before anything names them."""
    versions: dict[int, tuple[Version, ...]] = {}
    for number, (png, width, height) in sorted(pictures.items()):
        version, names = projects.write_version(project.id, number, (png,), "taken over from the original server")
        versions[number] = (
            Version(
                number=version,
                files=names,
                page_digest=page_digest(project.outline[number - 1]),
                width=width,
                height=height,
                bytes=len(png),
                sha256=hashlib.sha256(png).hexdigest(),
                provider="original",
                model="unknown",
                attempts=1,
                ms=0,
                created_at=project.updated_at,
                warnings=("taken over from the original server",),
            ),
        )
    whole = len(pictures) == len(project.outline)
    return replace(
        project,
        versions=MappingProxyType(versions),
        current=MappingProxyType({number: known[-1].number for number, known in versions.items()}),
        status="completed" if whole else "partial" if pictures else "draft",
    )
