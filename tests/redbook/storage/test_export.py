"""The zip that is published from: pages in order, texts and checks beside them, the same bytes each time."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Note, Project
from redbook_mcp.storage import FileProjects
from redbook_mcp.storage.export import findings, safe_name
from tests.redbook.storage.samples import OUTLINE, SetClock, a_card, a_project, a_version, recorded

NOTE = Note("手冲咖啡/入门", "从水温开始 #咖啡", ("手冲", "咖啡"))


@pytest.fixture
def store(tmp_path: Path) -> FileProjects:
    return FileProjects(tmp_path / "data", SetClock())


def painted(store: FileProjects, pages: dict[int, list[bytes]], provider: str = "local") -> Project:
    project = a_project()
    store.create(project)
    for page, cards in pages.items():
        number, files = store.keep_version(project.id, page, tuple(cards), "")
        version = a_version(number, files, OUTLINE[page - 1], cards[0], provider=provider)
        project = store.change(project.id, lambda now, page=page, version=version: recorded(now, page, version))  # type: ignore[misc]  # mypy cannot type defaults of a lambda
    return project


def test_cards_are_numbered_in_the_order_they_are_published_in(store: FileProjects) -> None:
    cards = [a_card(colour) for colour in ("red", "green", "blue", "white")]
    project = painted(store, {1: cards[:1], 2: cards[1:3], 3: cards[3:]})
    path = store.export(project.id, NOTE)
    assert Path(path).name == "手冲咖啡_入门.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["page_01.png", "page_02.png", "page_03.png", "page_04.png", "note.json"]
        assert [archive.read(name) for name in archive.namelist()[:4]] == cards
        note = json.loads(archive.read("note.json"))
    assert (note["title"], note["body"], note["tags"]) == ("手冲咖啡/入门", "从水温开始 #咖啡", ["咖啡", "手冲"])
    assert note["bodyWithTags"] == "从水温开始 #咖啡\n\n#手冲"
    assert [page["files"] for page in note["pages"]] == [["page_01.png"], ["page_02.png", "page_03.png"], ["page_04.png"]]
    assert note["pages"][1]["content"] == OUTLINE[1].content
    assert note["ai"]["pictures"] == []
    assert note["checks"] == []


def test_the_same_project_gives_the_same_bytes(store: FileProjects, tmp_path: Path) -> None:
    project = painted(store, {1: [a_card()]})
    first = Path(store.export(project.id, NOTE)).read_bytes()
    again = FileProjects(tmp_path / "data", SetClock(5_000_000_000_000_000_000))
    assert Path(again.export(project.id, NOTE)).read_bytes() == first
    folder = tmp_path / "data" / "projects" / project.id / "export"
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".tmp") == [".lock", "手冲咖啡_入门.zip"]


def test_pictures_of_a_model_are_declared(store: FileProjects) -> None:
    project = painted(store, {1: [a_card()], 2: [a_card()]}, provider="gemini")
    with zipfile.ZipFile(store.export(project.id, NOTE)) as archive:
        declared = json.loads(archive.read("note.json"))["ai"]
    assert (declared["pictures"], declared["declare"]) == (["page_01.png", "page_02.png"], "required")


def test_a_page_without_a_picture_is_told_in_the_checks(store: FileProjects) -> None:
    project = painted(store, {1: [a_card()], 3: [a_card()]})
    with zipfile.ZipFile(store.export(project.id, None)) as archive:
        note = json.loads(archive.read("note.json"))
    assert [check["code"] for check in note["checks"]] == ["BODY_MISSING", "PICTURE_MISSING"]
    assert note["pages"][1]["files"] == []
    assert note["title"] == "手冲咖啡入门"


def test_continuation_cards_count_as_pictures(store: FileProjects) -> None:
    project = painted(store, {1: [a_card()] * 6, 2: [a_card()] * 6, 3: [a_card()] * 7})
    assert [finding.code for finding in findings(project, NOTE)] == ["IMAGES_TOO_MANY"]


def test_a_project_without_a_picture_is_not_exported(store: FileProjects) -> None:
    project = painted(store, {})
    with pytest.raises(RedBookError) as caught:
        store.export(project.id, NOTE)
    assert (caught.value.code, "generate_images" in caught.value.message) == (Code.RETRIEVAL_FAILED, True)


def test_a_picture_that_is_gone_leaves_no_half_zip(store: FileProjects, tmp_path: Path) -> None:
    project = painted(store, {1: [a_card()], 2: [a_card()]})
    Path(store.path(project.id, "images/2/v1.png")).unlink()
    with pytest.raises(RedBookError) as caught:
        store.export(project.id, NOTE)
    assert caught.value.code is Code.RETRIEVAL_FAILED
    assert [path.name for path in (tmp_path / "data" / "projects" / project.id / "export").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("手冲咖啡入门", "手冲咖啡入门"),
        ("../../etc/passwd", "etc_passwd"),
        ('a\\b:c*d?e"f<g>h|i', "a_b_c_d_e_f_g_h_i"),
        ("  .hidden. ", "hidden"),
        ("", "note"),
        ("///", "note"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("一\n二\u202e\0", "一二"),
        ("😀" * 200, "😀" * 60),
        ("\ud83d", "note"),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert safe_name(title) == name
    assert len(name.encode()) <= 240
