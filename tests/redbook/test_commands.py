"""What people do without a client."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from redbook_mcp.clock import SystemClock
from redbook_mcp.main import main
from redbook_mcp.model import Note
from redbook_mcp.storage import FileProjects
from tests.redbook.generation.house import Bench, make_bench, request


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that the command uses, and no setting of this machine."""
    import os

    for name in [*os.environ]:
        if name.startswith("REDBOOK_") or name in {"IMAGE_API_URL", "IMAGE_API_KEY", "IMAGE_MODEL", "ENDPOINTS", "XDG_DATA_HOME"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
async def painted(folder: Path) -> tuple[Bench, str]:
    bench = make_bench(folder)
    project = bench.project(note=Note("手冲入门", "正文"))
    await bench.generation.generate(request(project))
    return bench, project.id


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


@pytest.mark.anyio
async def test_projects_are_listed_and_shown(painted: tuple[Bench, str], capsys: pytest.CaptureFixture[str]) -> None:
    project_id = painted[1]
    assert main(["list"]) == 0
    line = capsys.readouterr().out
    assert project_id[:8] in line
    assert "completed" in line
    assert "\x1b" not in line
    assert main(["show", project_id[:8]]) == 0
    assert f"{project_id}/images/2/v1.png" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    assert told(capsys)["total"] == 1
    assert main(["show", project_id, "--json"]) == 0
    assert told(capsys)["id"] == project_id


@pytest.mark.anyio
async def test_the_zip_is_written_where_it_is_wanted(
    painted: tuple[Bench, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    assert main(["export", painted[1], "--to", str(tmp_path / "out")]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.parent == tmp_path / "out"
    with zipfile.ZipFile(path) as file:
        assert "page_01.png" in file.namelist()
    assert main(["export", painted[1], "--to", str(tmp_path / "none" / "there")]) == 1
    assert "cannot write to" in capsys.readouterr().err


@pytest.mark.anyio
async def test_all_pictures_of_a_project_are_drawn_on_one_sheet(
    painted: tuple[Bench, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    assert main(["sheet", painted[1], "--to", str(sheet)]) == 0
    assert capsys.readouterr().out.strip() == str(sheet)
    with Image.open(sheet) as picture:
        assert picture.width > picture.height
    assert main(["sheet", painted[1], "--to", str(tmp_path / "none" / "sheet.png")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_an_empty_folder_has_no_projects_and_an_unknown_one_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "no projects in" in capsys.readouterr().out
    assert main(["show", "nothing"]) == 1
    assert "PROJECT_NOT_FOUND" in capsys.readouterr().err


def test_themes_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["themes", "--json"]) == 0
    assert len(told(capsys)["themes"]) >= 6


def test_the_doctor_says_how_it_is_set_up_and_what_is_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    monkeypatch.setenv("REDBOOK_PROVIDER", "openai")
    monkeypatch.setenv("REDBOOK_THEME", "papre")
    assert main(["doctor", "--json"]) == 1
    problems = " ".join(told(capsys)["problems"])
    assert "there is no theme papre" in problems
    assert "REDBOOK_API_KEY" in problems


def test_the_originals_projects_are_taken_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = folder / "old"
    old.mkdir()
    project_id = "0b1d6f3e-3f0a-4c57-9a55-1f2e3d4c5b6a"
    project = {
        "id": project_id,
        "theme": "旧笔记",
        "outline": [{"pageNumber": 1, "type": "cover", "content": "封面"}],
        "images": {},
        "status": "draft",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
    (old / "projects.json").write_text(json.dumps({"projects": {project_id: project}}))
    assert main(["import", str(old), "--json"]) == 0
    assert told(capsys)["imported"] == [project_id]
    assert FileProjects(folder / "data", SystemClock()).get(project_id).theme == "旧笔记"
    assert main(["import", str(folder)]) == 1
    assert "holds no projects.json" in capsys.readouterr().err


def test_settings_that_cannot_be_used_are_told_all_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDBOOK_CONCURRENCY", "0")
    monkeypatch.setenv("REDBOOK_NOTHING", "1")
    assert main(["list"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_are_told_without_settings(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "redbook-mcp" in capsys.readouterr().out
