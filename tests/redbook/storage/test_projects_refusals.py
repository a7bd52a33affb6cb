"""Names, links and sizes that the store refuses, with nothing on the disk touched."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

import pytest

from redbook_mcp.errors import Code
from redbook_mcp.model import Page
from redbook_mcp.storage import FileProjects
from tests.redbook.storage.samples import SetClock, a_card, a_project, everything, paint, refusal

HOSTILE_IDS = [
    "", ".", "..", "__proto__", "constructor", "../../etc", "/etc/passwd", "a\0b", "x" * 100_000, "%2e%2e", "\ud83d",
    "00000000-0000-0000-0000-000000000000", "6F9619FF-8B86-4D01-B42D-00C04FC964FF", "6f9619ff-8b86-1d01-b42d-00c04fc964ff",
    "6f9619ff-8b86-4d01-b42d-00c04fc964ff/", "6f9619ff-8b86-4d01-b42d-00c04fc964ff\n", "6f9619ff8b864d01b42d00c04fc964ff",
    "６f9619ff-8b86-4d01-b42d-00c04fc964ff",
]  # fmt: skip
HOSTILE_FILES = [
    "", ".", "..", "project.json", "/etc/passwd", "images/1/../../project.json", "images/1/v1.png\0", "images/1/v1.png/",
    "images//v1.png", "./images/1/v1.png", "images/01/v1.png", "images/1/v1.PNG", "images/1/v0.png", "prompts/1.v1.txt",
    "images/1/v1.png\n", ".lock", "references/x.png", "images\\1\\v1.png", "images/１/v1.png",
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> FileProjects:
    return FileProjects(tmp_path / "data", SetClock(), lock_wait_s=0.05)


@pytest.mark.parametrize("project_id", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
def test_an_id_that_is_none_names_no_project_and_touches_nothing(store: FileProjects, tmp_path: Path, project_id: str) -> None:
    before = everything(tmp_path)
    calls = [
        (store.get,), (store.change, lambda now: now), (store.read, "images/1/v1.png"), (store.path, "images/1/v1.png"),
        (store.keep_version, 1, (a_card(),), ""), (store.export, None),
    ]  # fmt: skip
    for call, *args in calls:
        error = refusal(call, project_id, *args)
        assert error.code is Code.PROJECT_NOT_FOUND
        assert len(error.message) < 300
    assert refusal(store.painting(project_id).__enter__).code is Code.PROJECT_NOT_FOUND
    assert refusal(store.keep_reference, project_id, a_card()).code is Code.INVALID_INPUT
    assert refusal(store.create, a_project(id=project_id)).code is Code.INVALID_INPUT
    assert everything(tmp_path) == before


@pytest.mark.parametrize("file", HOSTILE_FILES, ids=range(len(HOSTILE_FILES)))
def test_a_file_that_we_do_not_write_is_not_read(store: FileProjects, file: str) -> None:
    project = a_project()
    store.create(project)
    paint(store, project, 1)
    assert refusal(store.read, project.id, file).code is Code.UNSAFE_PATH
    assert refusal(store.path, project.id, file).code is Code.UNSAFE_PATH


def test_links_within_the_folder_are_not_followed(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    paint(store, project, 1)
    folder = tmp_path / "data" / "projects" / project.id
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "v1.png").write_bytes(b"outside")
    (folder / "images" / "1" / "v2.png").symlink_to(secret / "v1.png")
    (folder / "images" / "2").symlink_to(secret)
    os.mkfifo(folder / "images" / "1" / "v3.png")
    for file in ("images/1/v2.png", "images/2/v1.png", "images/1/v3.png"):
        assert refusal(store.read, project.id, file).code is Code.UNSAFE_PATH
    assert refusal(store.keep_version, project.id, 2, (a_card(),), "").code is Code.UNSAFE_PATH
    assert everything(secret) == {"v1.png": b"outside"}
    other = a_project()
    (tmp_path / "data" / "projects" / other.id).symlink_to(folder)
    assert refusal(store.get, other.id).code is Code.UNSAFE_PATH
    assert [found.id for found in store.all()] == [project.id]


def test_a_record_that_is_a_link_is_refused_and_replaced_by_none(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    record = tmp_path / "data" / "projects" / project.id / "project.json"
    moved = tmp_path / "moved.json"
    record.rename(moved)
    record.symlink_to(moved)
    assert refusal(store.get, project.id).code is Code.UNSAFE_PATH
    assert refusal(store.change, project.id, lambda now: now).code is Code.UNSAFE_PATH


def test_only_the_owner_may_look(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    paint(store, project, 1)
    store.keep_reference(project.id, a_card())
    store.spend("2026-03-20", 1, None)
    store.export(project.id, None)
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "data").rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "data").rglob("*") if path.is_file()} == {0o600}


@pytest.mark.parametrize(
    "outline",
    [
        tuple(Page(number, "content", "a") for number in range(1, 201)),
        (),
        (Page(2, "cover", "a"),),
        (Page(1, "cover", "\ud83d"),),
    ],
    ids=["200 pages", "none", "misnumbered", "surrogate"],
)
def test_an_outline_that_could_not_be_read_again_is_not_written(
    store: FileProjects, tmp_path: Path, outline: tuple[Page, ...]
) -> None:
    kept = a_project()
    store.create(kept)
    before = everything(tmp_path)
    assert refusal(store.create, a_project(outline=outline)).code is Code.INVALID_INPUT
    assert refusal(store.change, kept.id, lambda now: dataclasses.replace(now, outline=outline)).code is Code.INVALID_INPUT
    assert everything(tmp_path) == before
    assert len(list((tmp_path / "data" / "projects").iterdir())) == 1


def test_a_megabyte_of_text_is_kept_if_somebody_above_lets_it_pass_and_a_record_of_many_is_not(
    store: FileProjects, tmp_path: Path
) -> None:
    project = a_project(outline=(Page(1, "cover", "水" * 1_000_000),))
    store.create(project)
    assert store.get(project.id) == project
    before = everything(tmp_path)
    huge = a_project(outline=(Page(1, "cover", "水" * 6_000_000),))
    assert refusal(store.create, huge).code is Code.INVALID_INPUT
    assert everything(tmp_path) == before
