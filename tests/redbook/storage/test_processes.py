"""Several processes and sudden deaths: no update is lost, no record is half, no picture is counted twice."""

from __future__ import annotations

import dataclasses
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from redbook_mcp.model import Project
from redbook_mcp.storage import FileProjects
from redbook_mcp.storage.records import ID
from tests.redbook.storage.samples import SetClock, a_project

ROOT = Path(__file__).parents[3]
ROUNDS = 20

WRITER = """
import dataclasses, itertools, sys
from pathlib import Path
from redbook_mcp.storage import FileProjects
from tests.redbook.storage.samples import OUTLINE, SetClock, a_card, a_project, a_version, recorded
store = FileProjects(Path(sys.argv[1]), SetClock())
project, = [one for one in store.all() if one.language == "shared"]
cards = (a_card("red"), a_card("blue"))
for step in itertools.count():
    number, files = store.keep_version(project.id, 1, cards, "prompt")
    version = a_version(number, files, OUTLINE[0], cards[0])
    store.change(project.id, lambda now: recorded(now, 1, version))
    store.spend("2026-03-20", 1, None)
    store.create(a_project(theme=str(step)))
    store.export(project.id, None)
    print(step, flush=True)
"""
COUNTER = """
import dataclasses, sys
from pathlib import Path
from redbook_mcp.storage import FileProjects
from tests.redbook.storage.samples import SetClock
store = FileProjects(Path(sys.argv[1]), SetClock(), lock_wait_s=30)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(25):
    store.change(sys.argv[2], lambda now: dataclasses.replace(now, theme=str(int(now.theme) + 1)))
"""
SPENDER = """
import sys
from pathlib import Path
from redbook_mcp.errors import RedBookError
from redbook_mcp.storage import FileProjects
from tests.redbook.storage.samples import SetClock
store = FileProjects(Path(sys.argv[1]), SetClock(), lock_wait_s=30)
print("ready", flush=True)
sys.stdin.readline()
admitted = 0
for _ in range(10):
    try:
        store.spend("2026-03-20", 1, 10)
        admitted += 1
    except RedBookError as error:
        assert error.code == "BUDGET_EXCEEDED", error
print(admitted, flush=True)
"""
PAINTER = """
import dataclasses, sys
from pathlib import Path
from redbook_mcp.storage import FileProjects
from tests.redbook.storage.samples import SetClock
store = FileProjects(Path(sys.argv[1]), SetClock())
with store.painting(sys.argv[2]):
    store.change(sys.argv[2], lambda now: dataclasses.replace(now, status="generating"))
    print("painting", flush=True)
    sys.stdin.readline()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def release(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def assert_whole(root: Path, store: FileProjects, project: Project) -> Project:
    """Every record can be read, and every file that one names is there in full."""
    found = store.all()
    folders = [path for path in (root / "projects").iterdir() if ID.fullmatch(path.name) and (path / "project.json").exists()]
    assert len(found) == len(folders)
    now = store.get(project.id)
    for version in now.versions.get(1, ()):
        assert len(store.read(now.id, version.files[0])) == version.bytes
        assert store.read(now.id, version.files[1]).endswith(b"IEND\xaeB`\x82")
    return now


def test_a_writer_killed_at_any_moment_leaves_every_project_whole(tmp_path: Path) -> None:
    root = tmp_path / "data"
    store = FileProjects(root, SetClock())
    project = a_project(language="shared")
    store.create(project)
    dice = random.Random(20260320)
    versions = 0
    for _ in range(ROUNDS):
        writer = start(WRITER, root)
        try:
            for _ in range(dice.randint(1, 4)):
                assert line(writer).isdecimal()
            # From here it dies wherever it happens to be; reading on for a moment moves the place about.
            for _ in range(dice.randint(0, 40)):
                store.get(project.id)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        now = assert_whole(root, store, project)
        numbers = [version.number for version in now.versions[1]]
        assert len(numbers) > versions
        assert store.spent("2026-03-20") >= len(numbers) - ROUNDS
        versions = len(numbers)
    after = store.change(project.id, lambda now: dataclasses.replace(now, theme="still writable"))
    assert after.theme == "still writable"
    assert not list((root / "projects" / project.id).glob(".*.tmp"))


def test_four_processes_that_change_one_project_lose_no_update(tmp_path: Path) -> None:
    store = FileProjects(tmp_path, SetClock())
    project = a_project(theme="0")
    store.create(project)
    counters = [start(COUNTER, tmp_path, project.id) for _ in range(4)]
    assert [line(counter) for counter in counters] == ["ready"] * 4
    for counter in counters:
        release(counter)
    for counter in counters:
        counter.communicate()
    assert [counter.returncode for counter in counters] == [0] * 4
    after = store.get(project.id)
    assert after.theme == "100"
    assert after.updated_at == "2026-03-20T09:46:40.223Z"


def test_two_processes_that_spend_a_budget_of_ten_get_exactly_ten(tmp_path: Path) -> None:
    store = FileProjects(tmp_path, SetClock())
    spenders = [start(SPENDER, tmp_path) for _ in range(2)]
    assert [line(spender) for spender in spenders] == ["ready"] * 2
    for spender in spenders:
        release(spender)
    admitted = [int(line(spender)) for spender in spenders]
    for spender in spenders:
        spender.communicate()
    assert sum(admitted) == 10
    assert store.spent("2026-03-20") == 10


def test_a_killed_painter_lets_go_and_its_project_reads_as_what_exists(tmp_path: Path) -> None:
    store = FileProjects(tmp_path, SetClock())
    project = a_project()
    store.create(project)
    painter = start(PAINTER, tmp_path, project.id)
    try:
        assert line(painter) == "painting"
        assert store.get(project.id).status == "generating"
        with pytest.raises(Exception, match="being painted since 2026-03-20"), store.painting(project.id):
            pass
    finally:
        painter.kill()
        painter.communicate()
    assert store.get(project.id).status == "draft"
    with store.painting(project.id):
        pass
