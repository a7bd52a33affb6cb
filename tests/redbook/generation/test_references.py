"""Reference pictures: only from where they may come, and only pictures."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.references import BYTES_MAX, References
from tests.redbook.fakes import png
from tests.redbook.generation.house import make_bench


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "mine.png").write_bytes(png("red", (30, 40)))
    return allowed


def references(folder: Path) -> References:
    return References(make_bench(folder.parent).house.projects, [folder])


def test_a_picture_within_an_allowed_folder_is_taken(folder: Path) -> None:
    path, picture = references(folder).check(str(folder / "mine.png"))
    assert path == str((folder / "mine.png").resolve())
    assert picture is None


def test_a_data_uri_gives_its_picture(folder: Path) -> None:
    given = png("red", (30, 40))
    uri = "data:image/png;base64," + base64.b64encode(given).decode()
    assert references(folder).check(uri) == ("", given)


@pytest.mark.parametrize("path", ["/etc/hostname", "/etc/passwd", "../secret.png", "", "none.png", "/dev/zero", ".", "a\0b"])
def test_what_is_elsewhere_is_refused_whether_it_exists_or_not(folder: Path, path: str) -> None:
    (folder.parent / "secret.png").write_bytes(png())
    with pytest.raises(RedBookError, match="REDBOOK_REFERENCE_DIRS") as caught:
        references(folder).check(str(folder / path) if not path.startswith("/") else path)
    assert caught.value.code is Code.UNSAFE_PATH


def test_a_link_that_leads_out_is_refused_and_one_that_stays_within_is_not(folder: Path) -> None:
    (folder.parent / "secret.png").write_bytes(png())
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "in.png").symlink_to(folder / "mine.png")
    with pytest.raises(RedBookError):
        references(folder).check(str(folder / "out.png"))
    assert references(folder).check(str(folder / "in.png"))[0] == str((folder / "mine.png").resolve())


def test_a_pipe_is_refused_without_waiting_for_it(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    with pytest.raises(RedBookError) as caught:
        references(folder).check(str(folder / "pipe.png"))
    assert caught.value.code is Code.UNSAFE_PATH


def test_without_allowed_folders_no_path_is_taken(folder: Path) -> None:
    nowhere = References(make_bench(folder.parent).house.projects, [])
    with pytest.raises(RedBookError, match="none"):
        nowhere.check(str(folder / "mine.png"))


def test_what_is_no_picture_is_refused(folder: Path) -> None:
    (folder / "text.png").write_text("placeholder image data")
    with pytest.raises(RedBookError) as caught:
        references(folder).check(str(folder / "text.png"))
    assert caught.value.code is Code.INVALID_INPUT


def test_a_file_that_is_too_large_is_refused_unread(folder: Path) -> None:
    with (folder / "large.png").open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    with pytest.raises(RedBookError, match="20 MiB"):
        references(folder).check(str(folder / "large.png"))


@pytest.mark.parametrize(
    "uri",
    [
        "data:",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png,hi",
        "data:image/png;base64,§§",
        "DATA:image/png;base64,aGk=",
    ],
)
def test_a_data_uri_that_holds_no_picture_is_refused(folder: Path, uri: str) -> None:
    with pytest.raises(RedBookError) as caught:
        references(folder).check(uri)
    assert caught.value.code is Code.INVALID_INPUT


def test_a_picture_that_is_gone_since_is_told_when_it_is_needed(folder: Path) -> None:
    bench = make_bench(folder.parent)
    path = bench.folder / "pictures" / "mine.png"
    path.write_bytes(png("red", (30, 40)))
    project = bench.project(reference_image=str(path))
    assert bench.house.references.of(project) == (path.read_bytes(),)
    path.unlink()
    with pytest.raises(RedBookError) as caught:
        bench.house.references.of(project)
    assert caught.value.code is Code.UNSAFE_PATH
