"""Comments of a client's file that hold what is moved away from it."""

from __future__ import annotations

import json

from tests.app.test_wrapping import home as home
from tests.app.wrap_home import SECRET, Home
from yett.scan.model import Client


def test_a_comment_that_holds_what_was_moved_is_named_by_file_and_line_and_never_quoted(home: Home) -> None:
    entry = json.dumps({"command": "npx", "args": ["-y", "x"], "env": {"TOKEN": SECRET}})
    lines = [
        "{",
        f"// before: {SECRET}",
        '"servers": {',
        "// harmless",
        f'"one": {entry}, // "KEY": "swordfish"',
        f'"two": {entry}',
    ]
    text = "\n".join([*lines, "}", "}"])
    path = home.write(".config/Code/User/mcp.json", text.encode())
    first, second = home.wrap(path, client=Client.VS_CODE)
    assert first.prepared is not None and second.prepared is not None, (first.why, second.why)
    warned = [line for line in first.prepared.attention if "comment" in line]
    assert [line.partition(": ")[0] for line in warned] == [f"{path}, line 2", f"{path}, line 5"]
    assert SECRET not in str(first.prepared) and "swordfish" not in str(first.prepared)
    assert [line for line in second.prepared.attention if "comment" in line] == [], "once a file"
    assert SECRET.encode() in path.read_bytes(), "the comment stays"
