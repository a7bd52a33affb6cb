"""Projects made and changed, and what becomes of pictures when texts change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.choosing import page_state
from redbook_mcp.generation.outlines import Update, stale_pages, update, with_outline
from redbook_mcp.model import Note, Page, Palette, Project, Style
from tests.redbook.fakes import png
from tests.redbook.generation.house import Bench, make_bench, request, rewritten


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def numbered(*pages: Page) -> tuple[Page, ...]:
    return tuple(replace(page, number=number) for number, page in enumerate(pages, 1))


async def painted(bench: Bench) -> Project:
    project = bench.project()
    await bench.generation.generate(request(project))
    return bench.stored(project)


@pytest.mark.anyio
async def test_pages_that_move_take_their_pictures_along(bench: Bench) -> None:
    project = await painted(bench)
    one, two, three, four = project.outline
    moved = with_outline(project, numbered(one, Page(0, "content", "新的一页"), two, three, four))
    assert [page_state(moved, number) for number in range(1, 6)] == ["current", "missing", "current", "current", "current"]
    assert moved.versions[3] == project.versions[2]
    assert stale_pages(moved) == ()


@pytest.mark.anyio
async def test_a_page_that_changes_keeps_its_picture_as_a_stale_one(bench: Bench) -> None:
    project = await painted(bench)
    one, two, three, four = project.outline
    changed = with_outline(project, numbered(one, rewritten(two), three, four))
    assert stale_pages(changed) == (2,)
    assert changed.shown(2) == project.shown(2)


@pytest.mark.anyio
async def test_two_pages_that_change_places_change_their_pictures_too(bench: Bench) -> None:
    project = await painted(bench)
    one, two, three, four = project.outline
    swapped = with_outline(project, numbered(one, three, two, four))
    assert swapped.shown(2) == project.shown(3)
    assert swapped.shown(3) == project.shown(2)


@pytest.mark.anyio
async def test_a_page_that_goes_shows_nothing_and_its_versions_stay(bench: Bench) -> None:
    project = await painted(bench)
    fewer = update(bench.house, Update(project.id, project.outline[:3]))
    assert fewer.status == "completed"
    assert 4 not in fewer.current
    assert fewer.versions[4] == project.versions[4]
    more = update(bench.house, Update(project.id, numbered(*project.outline[:3], rewritten(project.outline[3]))))
    assert page_state(more, 4) == "missing"
    answer = await bench.generation.generate(request(project))
    assert answer.painted == (4,)
    assert [version.number for version in answer.project.versions[4]] == [1, 2]


@pytest.mark.anyio
async def test_a_redo_of_a_moved_page_gets_a_number_of_its_own(bench: Bench) -> None:
    project = await painted(bench)
    one, two, three, four = project.outline
    update(bench.house, Update(project.id, numbered(one, three, two, four)))
    answer = await bench.generation.generate(request(project, 2, mode="all"))
    files = [version.files for version in answer.project.versions[2]]
    assert len(set(files)) == 2
    assert answer.project.current[2] == answer.project.versions[2][-1].number


def test_a_change_is_refused_if_somebody_was_first(bench: Bench) -> None:
    project = bench.project()
    update(bench.house, Update(project.id, project.outline[:2], expected_updated_at=project.updated_at))
    with pytest.raises(RedBookError) as caught:
        update(bench.house, Update(project.id, project.outline, expected_updated_at=project.updated_at))
    assert caught.value.code is Code.CONFLICT
    assert len(bench.stored(project).outline) == 2


def test_a_new_reference_picture_brings_its_own_colours(bench: Bench) -> None:
    (bench.folder / "pictures/new.png").write_bytes(png("blue", (30, 40)))
    project = bench.project(style=Style("plain", 3, Palette("#ffffff", "#000000", "#aa0000")))
    changed = update(bench.house, Update(project.id, project.outline, reference_image=str(bench.folder / "pictures/new.png")))
    assert changed.style == Style("plain", 3, None)
    assert changed.reference_image == str((bench.folder / "pictures/new.png").resolve())


def test_the_note_is_replaced_only_when_one_is_given(bench: Bench) -> None:
    project = bench.project(note=Note("标题", "正文", ("咖啡",)))
    assert update(bench.house, Update(project.id, project.outline)).note == Note("标题", "正文", ("咖啡",))
    assert update(bench.house, Update(project.id, project.outline, note=Note("新"))).note == Note("新")


def test_the_operators_watermark_is_on_notes_that_name_none(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, watermark="@店主")
    assert bench.project().watermark == "@店主"
    assert bench.project(watermark="@我").watermark == "@我"
    assert bench.project(watermark="").watermark == ""


@pytest.mark.anyio
async def test_a_card_that_bears_its_number_is_painted_anew_where_the_number_is_another(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project, provider="local"))
    shorter = update(bench.house, Update(project.id, project.outline[:3]))
    assert stale_pages(shorter) == (2, 3)
    answer = await bench.generation.generate(request(project, provider="local"))
    assert (answer.painted, answer.status) == ((2, 3), "completed")
