"""One zip that a person can publish from: the pages in order and `note.json`. The same project gives the same bytes."""

from __future__ import annotations

import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Note, Page, Project, Version
from redbook_mcp.platform_rules import Finding, body_with_tags, check_note, hashtags
from redbook_mcp.storage import files
from redbook_mcp.storage.records import page_to_json

NAME_CHARACTERS_MAX: Final = 60
"""240 bytes at most in UTF-8, `.zip` not counted; file systems take 255."""
LOCAL_PROVIDER: Final = "local"
"""Cards that are set from text on this machine, by no model."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can hold; a real one would make other bytes each time."""
_UNSAFE: Final = re.compile(r"""[\s\\/:*?"'<>|#%&{}$!`@+=~^;,]+""")
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Picture:
    """One file of the zip."""

    name: str
    page: Page
    file: str
    version: Version


def export_project(folder: int, project: Project, note: Note | None, read: Callable[[str], bytes]) -> str:
    """Write the zip into an open folder; returns its name. `read` gives the bytes of a version's file.

    Errors: RETRIEVAL_FAILED if no page has a picture, and those of `read`.
    """
    pictures = _pictures(project)
    if not pictures:
        raise RedBookError(Code.RETRIEVAL_FAILED, "no page has a picture yet; call generate_images first")
    note = complete_note(project, note)
    name = f"{safe_name(note.title or project.theme)}.zip"
    with files.writing(folder, name) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for picture in pictures:
            _add(archive, picture.name, read(picture.file))
        _add(archive, "note.json", _note_json(project, note, pictures))
    return name


def complete_note(project: Project, note: Note | None) -> Note:
    """The note to publish: what is given, else the project's own, with the cover's title where it has none."""
    note = note or project.note or Note()
    return note if note.title else replace(note, title=project.cover().title or project.theme)


def findings(project: Project, note: Note | None) -> tuple[Finding, ...]:
    """What to mend before publishing: the platform's rules, counted with the pictures that there are, and pages without one."""
    missing = [page.number for page in project.outline if project.shown(page.number) is None]
    checks = check_note(complete_note(project, note), project.outline, images=len(_pictures(project)))
    without = (
        Finding("error", "PICTURE_MISSING", f"page {number} has no picture yet", f"pages[{number - 1}]") for number in missing
    )
    return (*checks, *without)


def safe_name(title: str) -> str:
    """A title as a file name on every system, without its ending; `note` if nothing is left of it."""
    plain = "".join(character for character in unicodedata.normalize("NFC", title) if unicodedata.category(character)[0] != "C")
    name = _UNSAFE.sub("_", plain).strip("._- ")[:NAME_CHARACTERS_MAX].rstrip("._- ")
    return f"_{name}" if _RESERVED.fullmatch(name) else name or "note"


def _pictures(project: Project) -> list[_Picture]:
    """All files in the order they are published in, continuation cards behind their page, named in sequence."""
    shown = [(page, version) for page in project.outline if (version := project.shown(page.number)) is not None]
    cards = [(page, file, version) for page, version in shown for file in version.files]
    return [_Picture(f"page_{at:02d}.png", page, file, version) for at, (page, file, version) in enumerate(cards, 1)]


def _note_json(project: Project, note: Note, pictures: Sequence[_Picture]) -> bytes:
    body = note.body or ""
    value = {
        "title": note.title,
        "body": body,
        "tags": list(dict.fromkeys((*hashtags(body), *note.tags))),
        "bodyWithTags": body_with_tags(note),
        "pages": [_page_json(project, page, pictures) for page in project.outline],
        "ai": _declaration(pictures),
        "checks": [
            {"level": one.level, "code": one.code, "message": one.message, "place": one.place} for one in findings(project, note)
        ],
        "project": {
            "id": project.id,
            "theme": project.theme,
            "createdAt": project.created_at,
            "updatedAt": project.updated_at,
        },
    }
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"


def _page_json(project: Project, page: Page, pictures: Sequence[_Picture]) -> dict[str, object]:
    version = project.shown(page.number)
    painted = {"provider": version.provider, "model": version.model, "version": version.number} if version else {}
    return {**page_to_json(page), **painted, "files": [one.name for one in pictures if one.page.number == page.number]}


def _declaration(pictures: Sequence[_Picture]) -> dict[str, object]:
    """What the platform asks to be declared. Texts come from the caller, who is a language model more often than not."""
    painted = [one.name for one in pictures if one.version.provider != LOCAL_PROVIDER]
    return {
        "pictures": painted,
        "text": "possible",
        "declare": "required" if painted else "if a model wrote the text",
        "statement": "图片由 AI 生成" if painted else "文字可能由 AI 辅助生成",
    }


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    entry.compress_type = zipfile.ZIP_STORED
    archive.writestr(entry, content)
