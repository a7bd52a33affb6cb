"""The store: what it writes is read back, what is not ours is refused, and nothing is half done."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from types import MappingProxyType

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import PageFailure, Project
from redbook_mcp.ports import Projects
from redbook_mcp.storage import FileProjects
from redbook_mcp.storage.projects import later, timestamp
from tests.redbook.storage.samples import (
    OUTLINE,
    STAMP,
    START_NS,
    SetClock,
    a_card,
    a_full_project,
    a_project,
    a_version,
    everything,
    paint,
    recorded,
    refusal,
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> FileProjects:
    return FileProjects(tmp_path / "data", clock, lock_wait_s=0.05)


def test_the_store_fits_its_seam(store: FileProjects) -> None:
    seam: Projects = store
    assert seam.all() == []


def test_a_project_is_read_back_by_another_store_with_every_member(store: FileProjects, tmp_path: Path, clock: SetClock) -> None:
    project = a_full_project()
    store.create(project)
    assert FileProjects(tmp_path / "data", clock).get(project.id) == project
    assert refusal(store.create, project).code is Code.CONFLICT


def test_projects_are_listed_newest_first(store: FileProjects) -> None:
    stamps = ["2026-03-20T09:46:40.123Z", "2026-03-20T09:46:40.124Z", "2025-12-31T23:59:59.999Z"]
    projects = [a_project(created_at=stamp) for stamp in stamps]
    for project in projects:
        store.create(project)
    assert store.all() == [projects[1], projects[0], projects[2]]


def test_a_change_makes_the_time_strictly_later_even_if_the_clock_goes_back(store: FileProjects, clock: SetClock) -> None:
    project = a_project()
    store.create(project)
    stamps = [project.updated_at]
    for move in (0, 0, -5_000_000_000, 60_000_000_000):
        clock.value += move
        stamps.append(store.change(project.id, lambda now: now).updated_at)
    assert stamps == sorted(set(stamps))
    assert stamps[1] == "2026-03-20T09:46:40.124Z"
    assert store.get(project.id).updated_at == stamps[-1]


def test_what_a_change_raises_leaves_everything_as_it_was(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    before = everything(tmp_path)

    def fail(now: Project) -> Project:
        raise RedBookError(Code.CONFLICT, "no")

    assert refusal(store.change, project.id, fail).message == "no"
    other = a_project().id
    assert refusal(store.change, project.id, lambda now: dataclasses.replace(now, id=other)).code is Code.UPDATE_FAILED
    assert refusal(store.change, project.id, lambda now: dataclasses.replace(now, theme="\ud83d")).code is Code.INVALID_INPUT
    assert refusal(store.change, project.id, lambda now: dataclasses.replace(now, created_at="soon")).code is Code.INVALID_INPUT
    assert refusal(store.change, project.id, lambda now: dataclasses.replace(now, outline=())).code is Code.INVALID_INPUT
    assert everything(tmp_path) == before


def test_an_id_of_no_project_names_no_project(store: FileProjects, tmp_path: Path) -> None:
    assert refusal(store.get, a_project().id).code is Code.PROJECT_NOT_FOUND
    lone = a_project().id
    (tmp_path / "data" / "projects" / lone).mkdir()
    assert refusal(store.get, lone).code is Code.PROJECT_NOT_FOUND
    assert store.all() == []


def test_a_version_has_its_prompt_beside_it_and_its_cards_in_order(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    cards = (a_card("red"), a_card("green"), a_card("blue"))
    assert store.keep_version(project.id, 2, cards, "画一张图") == (
        1,
        ("images/2/v1.png", "images/2/v1-2.png", "images/2/v1-3.png"),
    )
    assert tuple(store.read(project.id, file) for file in ("images/2/v1.png", "images/2/v1-2.png", "images/2/v1-3.png")) == cards
    folder = tmp_path / "data" / "projects" / project.id
    assert (folder / "prompts" / "2.v1.txt").read_text(encoding="utf-8") == "画一张图"
    assert store.path(project.id, "images/2/v1.png") == str(folder / "images" / "2" / "v1.png")
    assert refusal(store.read, project.id, "images/2/v9.png").code is Code.RETRIEVAL_FAILED


def test_a_number_is_never_used_twice_were_its_files_never_recorded(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    folder = tmp_path / "data" / "projects" / project.id
    assert store.keep_version(project.id, 1, (a_card(),), "")[0] == 1
    assert store.keep_version(project.id, 1, (a_card(),), "")[0] == 2
    (folder / "images" / "1" / "v7-2.png").write_bytes(a_card())
    assert store.keep_version(project.id, 1, (a_card(),), "")[0] == 8
    (folder / "prompts" / "1.v11.txt").write_text("killed before its picture")
    (folder / "prompts" / "2.v40.txt").write_text("another page's")
    assert store.keep_version(project.id, 1, (a_card(),), "")[0] == 12
    # A page that moved brings versions along whose files lie in another page's folder.
    store.change(project.id, lambda now: recorded(now, 1, a_version(20, ("images/3/v20.png",), OUTLINE[0], a_card())))
    assert store.keep_version(project.id, 1, (a_card(),), "")[0] == 21


@pytest.mark.parametrize(("page", "cards"), [(0, 1), (-1, 1), (10_000, 1), (1, 0), (1, 100)])
def test_a_version_of_no_page_or_of_no_card_is_refused(store: FileProjects, page: int, cards: int) -> None:
    project = a_project()
    store.create(project)
    assert refusal(store.keep_version, project.id, page, (b"png",) * cards, "").code is Code.INVALID_INPUT


def test_a_reference_picture_has_one_name_for_the_same_bytes(store: FileProjects) -> None:
    project = a_project()
    store.create(project)
    name = store.keep_reference(project.id, a_card())
    assert store.keep_reference(project.id, a_card()) == name
    assert store.read(project.id, name) == a_card()
    assert refusal(store.keep_reference, project.id, b"%PDF-1.7").code is Code.INVALID_INPUT


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b'{"schema": 1}', b"\xff\xfe", b"[" * 100_000, b'{"schema":1,"schema":1}', b'{"schema": NaN}'],
)
def test_a_broken_record_is_named_and_the_others_are_listed(
    store: FileProjects, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    good, broken = a_project(), a_project()
    store.create(good)
    store.create(broken)
    record = tmp_path / "data" / "projects" / broken.id / "project.json"
    record.write_bytes(content)
    error = refusal(store.get, broken.id)
    assert (error.code, str(record) in error.message) == (Code.RETRIEVAL_FAILED, True)
    with caplog.at_level(logging.WARNING):
        assert store.all() == [good]
    assert str(record) in caplog.text
    assert refusal(store.change, broken.id, lambda now: now).code is Code.RETRIEVAL_FAILED
    assert record.read_bytes() == content


def test_a_record_of_a_newer_version_is_refused_and_kept(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    record = tmp_path / "data" / "projects" / project.id / "project.json"
    newer = record.read_bytes().replace(b'"schema": 1', b'"schema": 2')
    record.write_bytes(newer)
    for call in (store.get, store.export, store.change):
        args = () if call == store.get else (None,) if call == store.export else (lambda now: now,)
        assert "newer RedBook" in refusal(call, project.id, *args).message
    assert record.read_bytes() == newer


def test_a_record_in_the_folder_of_another_is_refused(store: FileProjects, tmp_path: Path) -> None:
    one, two = a_project(), a_project()
    store.create(one)
    store.create(two)
    projects = tmp_path / "data" / "projects"
    (projects / one.id / "project.json").write_bytes((projects / two.id / "project.json").read_bytes())
    assert "project.id" in refusal(store.get, one.id).message


def test_what_a_killed_writer_left_is_swept_by_the_next_change(store: FileProjects, tmp_path: Path) -> None:
    project = a_project()
    store.create(project)
    folder = tmp_path / "data" / "projects" / project.id
    (folder / ".project.json.0123.tmp").write_text("half")
    store.change(project.id, lambda now: now)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "project.json"]


def test_one_paints_at_a_time_and_the_other_hears_since_when(store: FileProjects, tmp_path: Path, clock: SetClock) -> None:
    project = a_project()
    store.create(project)
    other = FileProjects(tmp_path / "data", clock, lock_wait_s=0.02)
    with store.painting(project.id):
        error = refusal(other.painting(project.id).__enter__)
        assert (error.code, error.retryable, STAMP in error.message) == (Code.CONFLICT, True, True)
        assert refusal(store.painting(project.id).__enter__).code is Code.CONFLICT
        # Painting holds nothing else up.
        other.change(project.id, lambda now: dataclasses.replace(now, theme="别的"))
    with other.painting(project.id):
        pass


def test_what_goes_wrong_while_painting_is_not_blamed_on_the_store(store: FileProjects) -> None:
    project = a_project()
    store.create(project)
    with pytest.raises(OSError, match="of the painter"), store.painting(project.id):
        raise OSError("of the painter")


@pytest.mark.parametrize(
    ("painted", "failed", "status"),
    [((), (), "draft"), ((), (2,), "error"), ((1,), (), "partial"), ((1, 2, 3), (), "completed"), ((1, 2, 3), (2,), "partial")],
)
def test_a_project_whose_painter_was_killed_reads_as_what_exists(
    store: FileProjects, painted: tuple[int, ...], failed: tuple[int, ...], status: str
) -> None:
    project = a_project()
    store.create(project)
    for page in painted:
        paint(store, project, page)
    failures = {page: PageFailure("TIMEOUT", "slow", retryable=True, at=STAMP) for page in failed}
    store.change(project.id, lambda now: dataclasses.replace(now, status="generating", failures=MappingProxyType(failures)))
    assert store.get(project.id).status == status
    assert store.all()[0].status == status
    with store.painting(project.id):
        assert store.get(project.id).status == "generating"


def test_a_lock_that_is_not_had_in_time_is_a_conflict_to_try_again(store: FileProjects, tmp_path: Path, clock: SetClock) -> None:
    project = a_project()
    store.create(project)
    other = FileProjects(tmp_path / "data", clock, lock_wait_s=0.02)
    seen = []

    def edit(now: Project) -> Project:
        seen.append(refusal(other.change, project.id, lambda again: again))
        return now

    store.change(project.id, edit)
    assert [(error.code, error.retryable) for error in seen] == [(Code.CONFLICT, True)]


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path, clock: SetClock) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(FileProjects, tmp_path / "file" / "data", clock).code is Code.UPDATE_FAILED


def test_times_are_written_with_milliseconds() -> None:
    assert timestamp(START_NS) == STAMP
    assert later("2026-12-31T23:59:59.999Z", START_NS) == "2027-01-01T00:00:00.000Z"
