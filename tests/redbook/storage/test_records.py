"""The form of a project's file: every member of every value is in it, and nothing else is taken."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from redbook_mcp.model import Note, Page, PageFailure, Palette, Project, Style, Version
from redbook_mcp.storage.members import BadRecord
from redbook_mcp.storage.records import NewerRecord, from_json, to_json
from tests.redbook.storage.samples import a_full_project, a_project


def members_of(kind: type[Any]) -> int:
    return len(dataclasses.fields(kind))


def changed(path: str, value: object) -> tuple[bytes, str]:
    """A good record with one member set, by a path such as `outline.0.type`; a value of ... removes it."""
    project = a_full_project()
    record = json.loads(to_json(project))
    *parents, last = [int(step) if step.isdecimal() and not isinstance(record, dict) else step for step in path.split(".")]
    place: Any = record
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is ...:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(record).encode(), project.id


def test_every_member_of_every_value_is_written_and_read() -> None:
    project = a_full_project()
    record = json.loads(to_json(project))
    assert from_json(to_json(project), project.id) == project
    assert len(record) == members_of(Project) + 1
    assert len(record["outline"][0]) == members_of(Page)
    assert len(record["style"]) == members_of(Style)
    assert len(record["style"]["palette"]) == members_of(Palette)
    assert len(record["versions"]["1"][0]) == members_of(Version)
    assert len(record["failures"]["3"]) == members_of(PageFailure)
    assert len(record["note"]) == members_of(Note)


def test_a_bare_project_is_read_back() -> None:
    project = a_project()
    assert from_json(to_json(project), project.id) == project


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("theme", ..., "project.theme"),
        ("theme", 3, "project.theme"),
        ("extra", 1, "unknown members"),
        ("status", "done", "project.status"),
        ("createdAt", "yesterday", "project.createdAt"),
        ("updatedAt", "2026-01-01T00:00:00Z", "project.updatedAt"),
        ("outline", [], "outline"),
        ("outline.0.type", "poster", "project.outline[0].type"),
        ("outline.1.pageNumber", 3, "numbered"),
        ("outline.0.colour", "red", "project.outline[0]"),
        ("style.seed", True, "project.style.seed"),
        ("style.palette.ink", "red", "project.style.palette.ink"),
        ("versions.1.0.files.0", "../../etc/passwd", "project.versions.1[0].files[0]"),
        ("versions.1.0.number", -1, "project.versions.1[0].number"),
        ("versions.1.0.number", 4, "do not rise"),
        ("versions.1.0.sha256", "x", "project.versions.1[0].sha256"),
        ("versions.1.0.usedCover", 1, "project.versions.1[0].usedCover"),
        ("versions.1", {}, "project.versions.1"),
        ("versions", [], "project.versions"),
        ("current.1", 2, "page 1 has no version 2"),
        ("current.0", 1, "page numbers"),
        ("current.__proto__", 1, "page numbers"),
        ("failures.3.retryable", "yes", "project.failures.3.retryable"),
        ("note.tags", "咖啡", "project.note.tags"),
        ("id", "0b9c1e52-3d1a-4f7e-9a66-5f2f0a1c7d11", "project.id"),
    ],
)
def test_what_is_missing_or_of_another_kind_is_named(path: str, value: object, place: str) -> None:
    content, project_id = changed(path, value)
    with pytest.raises(BadRecord) as caught:
        from_json(content, project_id)
    assert place in str(caught.value)


def test_a_newer_form_is_told_from_a_broken_one() -> None:
    content, project_id = changed("schema", 2)
    with pytest.raises(NewerRecord):
        from_json(content, project_id)
