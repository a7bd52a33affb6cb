"""What became different between two scans."""

from __future__ import annotations

from pathlib import Path

from tests.scan.test_judging import scanned
from yett.scan.differing import differences


def test_what_came_went_and_changed_is_told() -> None:
    one, other = scanned("get_note", name="a"), scanned("get_note", name="b")
    assert differences([one], [one]) == []
    assert differences([one], [one, other])[0].startswith("new: `b` in mcp.json: proceed")
    assert differences([one, other], [one]) == ["gone: `b` in mcp.json"]
    worse = scanned("get_note", "delete_note", name="a", before=one)
    (line,) = differences([one], [worse])
    assert line.startswith("judged anew: `a` in mcp.json: proceed, Low → ask-first, Critical")
    renamed = scanned("get_note", "delete_note", name="a", before=scanned("get_note", "delete_note", "remove_note", name="a"))
    (line,) = differences([scanned("get_note", "delete_note", name="a")], [renamed])
    assert line == "changed: `a` in mcp.json: since last seen removed: `remove_note`"
    assert differences([], [], [Path("x")], [Path("x"), Path("y")]) == ["cannot be read any more: y"]
