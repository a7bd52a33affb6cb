"""Importing a catalogue: whole or not at all, and every bad line told by its number."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from yett.app.catalogue_import import BAD_MAX, FEW, LINE_BYTES_MAX, BadLines, Imported, import_catalogue
from yett.catalog.finding import Sought
from yett.errors import OperatorFault
from yett.stores.catalogue_index import CatalogueIndex
from yett.stores.catalogue_writing import TOOLS_MAX

GOOD: dict[str, Any] = {"server": "s", "name": "get", "description": "Get it.", "inputSchema": {"type": "object"}}


def lines(path: Path, *values: object) -> Path:
    path.write_bytes(b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values))
    return path


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"{\n", "not readable as JSON"),
        (b'{"name":"a","name":"b","server":"s"}\n', "duplicate key"),
        (b'{"name":"a","server":"s","x":NaN}\n', "not readable as JSON"),
        (b'{"name":"a\\ud800","server":"s"}\n', "not readable as JSON"),
        (b"\xff\xfe\n", "not readable as JSON"),
        (b"[1]\n", "which is an object, not an array"),
        ({"server": "s"}, "`name` is missing"),
        ({"server": "s", "name": 7}, "`name` must be a text"),
        ({"server": "s", "name": "x" * 2000}, "`name` has 2,000 characters"),
        ({"server": "s", "name": "a\u0000b"}, "`name` holds a character that is not shown"),
        ({"server": "s", "name": "a\u202eb"}, "`name` holds a character that is not shown"),
        ({"server": "s\u001b[1m", "name": "a"}, "`server` holds a character that is not shown"),
        ({"server": "s", "name": " "}, "or nothing else"),
        ({"name": "a"}, "`server` is missing"),
        ({"name": "a", "server": "s" * 500}, "`server` has 500 characters"),
        ({**GOOD, "description": ["x"]}, "`description` must be a text"),
        ({**GOOD, "inputSchema": "none"}, "`inputSchema` must be an object"),
        ({**GOOD, "annotations": 1}, "`annotations` must be an object"),
        ({**GOOD, "inputSchema": deep(70)}, "nested deeper than 64 levels"),
        ({**GOOD, "description": "x" * 1_000_000}, f"longer than {LINE_BYTES_MAX:,} bytes"),
        ({**GOOD, "inputSchema": {"enum": ["x" * 100] * 10_000}}, f"longer than {LINE_BYTES_MAX:,} bytes"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_changes_nothing(tmp_path: Path, bad: object, why: str) -> None:
    into = tmp_path / "c.db"
    import_catalogue(lines(tmp_path / "first.jsonl", GOOD), into)
    before = into.read_bytes()
    with pytest.raises(BadLines, match="line 3: ") as told:
        import_catalogue(lines(tmp_path / "second.jsonl", GOOD, b"\n", bad, {**GOOD, "name": "put"}), into)
    assert why in str(told.value)
    assert into.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.db", "first.jsonl", "second.jsonl"]


def test_several_bad_lines_are_told_and_no_more_than_a_screen_of_them(tmp_path: Path) -> None:
    with pytest.raises(BadLines) as told:
        import_catalogue(lines(tmp_path / "t.jsonl", GOOD, *[{}] * 50), tmp_path / "c.db")
    assert len(told.value.lines) == BAD_MAX
    assert told.value.lines[0].startswith("line 2: `name` is missing")


def test_a_schema_that_refers_to_itself_is_judged(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"child": {"$ref": "#"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert import_catalogue(lines(tmp_path / "t.jsonl", {**GOOD, "inputSchema": schema}), tmp_path / "c.db") == Imported(1, 1)


def test_numbers_of_any_size_are_taken(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"x": {"minimum": 0.1, "maximum": 10**30}}}
    into = tmp_path / "c.db"
    import_catalogue(lines(tmp_path / "t.jsonl", {**GOOD, "inputSchema": schema}), into)
    found = CatalogueIndex(into).tool("s", "get")
    assert found is not None
    assert json.loads(json.dumps(found.tools[0][0].input_schema, default=float)) == schema


def test_a_server_with_too_many_tools_is_refused(tmp_path: Path) -> None:
    many = [{"server": "big", "name": f"t{number}"} for number in range(TOOLS_MAX + 1)]
    with pytest.raises(OperatorFault, match="the server `big` has more than"):
        import_catalogue(lines(tmp_path / "t.jsonl", *many), tmp_path / "c.db")
    assert not (tmp_path / "c.db").exists()


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="cannot read"):
        import_catalogue(tmp_path / "absent", tmp_path / "c.db")
    with pytest.raises(OperatorFault, match="cannot write"):
        import_catalogue(lines(tmp_path / "t.jsonl", GOOD), tmp_path / "absent" / "c.db")


def test_several_processes_make_the_index_that_one_makes(tmp_path: Path) -> None:
    """Tools of a server are judged beside each other, however its lines lie in the file."""
    tools = [
        {"server": f"s{number % 97}", "name": f"{verb}_{number}", "description": f"Will {verb} the thing {number}."}
        for number in range(FEW // 4 + 1)
        for verb in ("get", "delete", "pay", "click")
    ]
    told: list[tuple[str, int, int]] = []
    source = lines(tmp_path / "many.jsonl", *tools)
    assert import_catalogue(source, tmp_path / "many.db", lambda *one: told.append(one)) == Imported(97, len(tools))
    assert told[-1] == ("judging", len(tools), len(tools))
    assert {phase for phase, _, _ in told} == {"reading", "judging"}
    assert all(0 < done <= of for _, done, of in told)
    few = [tool for tool in tools if tool["server"] == "s5"]
    import_catalogue(lines(tmp_path / "few.jsonl", *few), tmp_path / "few.db")
    one, other = (CatalogueIndex(tmp_path / name).search(Sought(server="s5")) for name in ("many.db", "few.db"))
    assert one == other
    assert len(one) == min(50, len(few))


def test_an_import_that_is_killed_leaves_no_process_and_nothing_in_the_way(tmp_path: Path) -> None:
    tools = [{"server": f"s{number % 50}", "name": f"delete_{number}"} for number in range(FEW * 4)]
    source, into = lines(tmp_path / "many.jsonl", *tools), tmp_path / "c.db"
    import_catalogue(lines(tmp_path / "few.jsonl", GOOD), into)
    code = (
        "import sys; from pathlib import Path; from yett.app.catalogue_import import import_catalogue\n"
        "import_catalogue(Path(sys.argv[1]), Path(sys.argv[2]), lambda *one: print(*one, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code, source, into], stdout=subprocess.PIPE) as importing:
        assert importing.stdout is not None
        while not importing.stdout.readline().startswith(b"judging"):
            pass
        with pytest.raises(OperatorFault, match="is being written by another import"):
            import_catalogue(source, into)
        children = Path(f"/proc/{importing.pid}/task/{importing.pid}/children").read_text().split()
        assert children
        importing.kill()
        importing.communicate()
    deadline = time.monotonic() + 20
    while any(is_alive(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert CatalogueIndex(into).size() == (1, 1)
    assert import_catalogue(source, into).tools == len(tools)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.db", "few.jsonl", "many.jsonl"]


def is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False
