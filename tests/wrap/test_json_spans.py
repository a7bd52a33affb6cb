"""JSON as places in its text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yett.scan.document import BadFile
from yett.scan.model import Client, ConfigFile
from yett.wrap.json_spans import read_json
from yett.wrap.located import read_file
from yett.wrap.spans import line_break, line_of, line_start


def test_a_value_is_found_by_its_way() -> None:
    text = '{"a": {"b\\u0063": [1, {"d": "x"}]}, "e": null}'
    node = read_json(text).below(("a", "bc", 1, "d"))
    assert node is not None
    assert text[node.start : node.end] == '"x"'
    for way in (("a", "x"), ("a", "bc", 7), ("e", "f"), (0,)):
        assert read_json(text).below(way) is None


@pytest.mark.parametrize("text", ['{"a" 1}', "{a: 1}", '{"a": }', '{"a": 1 "b": 2}', "[1 2]", '{"a": 1}}', '{"a": "x', "{", ""])
def test_what_is_no_json_is_named_with_its_line(text: str) -> None:
    with pytest.raises(BadFile, match="line 2"):
        read_json(f"\n{text}")


def test_nesting_has_a_limit() -> None:
    with pytest.raises(BadFile, match="too deep"):
        read_json("[" * 250 + "]" * 250)


def test_a_file_of_a_megabyte_is_read() -> None:
    history = [{"text": "x" * 100, "at": [1, 2, {"y": None}]} for _ in range(8000)]
    data = json.dumps({"history": history, "mcpServers": {"a": {"command": "x"}}}).encode()
    (located,) = read_file(ConfigFile(Client.CLAUDE_CODE, Path(".claude.json")), data).located
    assert data[located.start : located.end] == b'{"command": "x"}'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"mcpServers": {"a": {"command": "x"},\n "a": {}}}', "twice"),
        (b'{"mcpServers": {"a": \n{"command": }}}', "line 2"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[]", "no object"),
        (b'{"mcpServers": []}', "no object"),
    ],
)
def test_a_broken_file_is_named_and_nothing_of_it_is_shown(data: bytes, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        read_file(ConfigFile(Client.CURSOR, Path("mcp.json")), data)


def test_yaml_is_left_alone() -> None:
    with pytest.raises(BadFile, match="YAML"):
        read_file(ConfigFile(Client.GOOSE, Path("config.yaml")), b"extensions: {}")


def test_an_entry_that_is_no_object_stays() -> None:
    (located,) = read_file(ConfigFile(Client.CURSOR, Path("mcp.json")), b'{"mcpServers": {"a": 1}}').located
    assert located.problem == "its entry is no object with a name"


def test_lines_are_counted_from_one() -> None:
    assert (line_of("a\nb\nc", 4), line_start("a\nb\nc", 4)) == (3, 4)
    assert (line_break("a\r\nb"), line_break("a")) == ("\r\n", "\n")
