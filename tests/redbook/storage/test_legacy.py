"""What the original server left behind is taken over once, and only what is what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.storage import FileProjects, import_legacy
from tests.redbook.storage.samples import SetClock, a_card

ID = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"
OTHER = "0b9c1e52-3d1a-4f7e-9a66-5f2f0a1c7d11"
TIME = "2026-01-18T08:00:00.000Z"


def record(**changes: object) -> dict[str, object]:
    return {
        "id": ID,
        "theme": "手冲咖啡",
        "outline": [
            {"pageNumber": 1, "type": "cover", "content": "标题：手冲咖啡\n副标题：三步\n背景：晨光", "title": "手冲咖啡"},
            {"pageNumber": 2, "type": "content", "content": "水温 92℃", "title": ""},
            {"pageNumber": 3, "type": "summary", "content": "收藏"},
        ],
        "images": {},
        "status": "completed",
        "createdAt": TIME,
        "updatedAt": TIME,
        **changes,
    }


def leave(folder: Path, records: Mapping[str, object], pictures: dict[str, bytes] | None = None) -> None:
    """A data folder as the original leaves it."""
    folder.mkdir(exist_ok=True)
    (folder / "projects.json").write_text(json.dumps({"projects": records}, indent=2))
    for name, content in (pictures or {}).items():
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def jpeg() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (30, 40), "red").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> FileProjects:
    return FileProjects(tmp_path / "data", SetClock())


def test_projects_are_taken_over_with_their_pictures_and_the_originals_stay(store: FileProjects, tmp_path: Path) -> None:
    old = tmp_path / "old"
    images = {"1": f"./data/images/{ID}/page_1_17.png", "2": f"C:\\data\\images\\{ID}\\page_2_18.png"}
    leave(old, {ID: record(images=images)}, {f"{ID}/page_1_17.png": a_card(), f"{ID}/page_2_18.png": jpeg()})
    before = snapshot(old)
    assert import_legacy(old, store).projects == (ID,)
    project = store.get(ID)
    cover = project.outline[0]
    assert (cover.title, cover.subtitle, cover.image_prompt, cover.content) == ("手冲咖啡", "三步", "晨光", "")
    assert (project.theme, project.status, project.created_at, project.current) == ("手冲咖啡", "partial", TIME, {1: 1, 2: 1})
    assert store.read(ID, project.versions[1][0].files[0]) == a_card()
    with Image.open(BytesIO(store.read(ID, project.versions[2][0].files[0]))) as second:
        assert (second.format, second.size) == ("PNG", (30, 40))
    assert snapshot(old) == before


def test_a_second_import_changes_nothing(store: FileProjects, tmp_path: Path) -> None:
    leave(tmp_path / "old", {ID: record(images={"1": "page_1_17.png"})}, {f"{ID}/page_1_17.png": a_card()})
    import_legacy(tmp_path / "old", store)
    before = snapshot(tmp_path / "data")
    assert import_legacy(tmp_path / "old", store).projects == ()
    assert snapshot(tmp_path / "data") == before


def test_the_folder_of_the_original_may_be_ours(tmp_path: Path) -> None:
    leave(tmp_path / "data", {ID: record()})
    store = FileProjects(tmp_path / "data", SetClock())
    assert import_legacy(tmp_path / "data", store).projects == (ID,)
    assert [project.id for project in store.all()] == [ID]


def test_a_text_that_stands_for_a_picture_is_dropped_with_a_warning(store: FileProjects, tmp_path: Path) -> None:
    pictures = {f"{ID}/page_1_17.png": b"placeholder image data", f"{ID}/page_2_18.png": a_card()[:60]}
    leave(tmp_path / "old", {ID: record(images={"1": "page_1_17.png", "2": "page_2_18.png", "3": "page_3_19.png"})}, pictures)
    imported = import_legacy(tmp_path / "old", store)
    assert [f"page {number}" in warning for number, warning in zip((1, 2, 3), imported.warnings, strict=True)] == [True] * 3
    assert (store.get(ID).status, store.get(ID).versions) == ("draft", {})


@pytest.mark.parametrize("path", ["/etc/hostname", "../../../secret.png", "..", "a\0.png", "link.png", "", 3, None, ["x"]])
def test_a_picture_elsewhere_is_not_read(store: FileProjects, tmp_path: Path, path: object) -> None:
    (tmp_path / "secret.png").write_bytes(a_card())
    leave(tmp_path / "old", {ID: record(images={"1": path})}, {f"{ID}/page_1_17.png": a_card()})
    (tmp_path / "old" / "images" / ID / "link.png").symlink_to(tmp_path / "secret.png")
    import_legacy(tmp_path / "old", store)
    assert store.get(ID).versions == {}


def test_what_is_no_project_is_left_out_with_a_warning(store: FileProjects, tmp_path: Path) -> None:
    broken = ["x", 3, None]
    records = {"__proto__": {}, "../x": record(), ID: record(outline=broken), OTHER: record(id=OTHER, images=[1], theme=7)}
    leave(tmp_path / "old", records)
    imported = import_legacy(tmp_path / "old", store)
    assert imported.projects == (OTHER,)
    assert len(imported.warnings) == 3
    assert store.get(OTHER).theme == "手冲咖啡"
    assert [path.name for path in (tmp_path / "data" / "projects").iterdir()] == [OTHER]


def test_a_reference_picture_of_any_path_is_not_taken_over(store: FileProjects, tmp_path: Path) -> None:
    leave(tmp_path / "old", {ID: record(referenceImage="/etc/hostname")})
    assert "reference picture" in import_legacy(tmp_path / "old", store).warnings[0]
    assert store.get(ID).reference_image is None


def test_no_folder_and_no_file_are_nothing_to_take_over(store: FileProjects, tmp_path: Path) -> None:
    assert import_legacy(tmp_path / "none", store).projects == ()
    assert import_legacy(tmp_path, store).projects == ()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"projects": []}', b"null", b"\xff"])
def test_a_file_that_cannot_be_read_is_named(store: FileProjects, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "projects.json").write_bytes(content)
    with pytest.raises(RedBookError) as caught:
        import_legacy(tmp_path, store)
    assert caught.value.code is Code.RETRIEVAL_FAILED
    assert "projects.json" in caught.value.message


def test_an_import_that_was_killed_before_its_record_is_done_again(store: FileProjects, tmp_path: Path) -> None:
    store.write_version(ID, 1, (a_card("blue"),), "")
    leave(tmp_path / "old", {ID: record(images={"1": "page_1_17.png"})}, {f"{ID}/page_1_17.png": a_card()})
    assert import_legacy(tmp_path / "old", store).projects == (ID,)
    assert store.get(ID).versions[1][0].number == 2
