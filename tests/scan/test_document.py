"""Files as values, and where their parts stand."""

from __future__ import annotations

import pytest

from yett.scan.dialects import Format
from yett.scan.document import YAML_CHARS_MAX, BadFile, lines_of, read_document
from yett.scan.formats import entries_of
from yett.scan.model import Client

MULTIPLYING = f"a: &a [{'s3cret, ' * 50}]\n" + "".join(f"{n}: &{n} [{f'*{p}, ' * 50}]\n" for n, p in ("ba", "cb", "dc", "ed"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\nb: [s3cret", "it is no YAML that can be read in one way (line 2)"),
        ("a: 1\na: s3cret", "it is no YAML that can be read in one way (line 2)"),
        ("a: !!python/object:s3cret.x {}", "it is no YAML that can be read in one way (line 1)"),
        (MULTIPLYING, "its aliases repeat too much"),
        ("a: &a [*a, s3cret]", "nested too deep"),
        ("mcpServers: 1", "`mcpServers` is no object"),
        ("- s3cret", "it is no object"),
        ("a" * (YAML_CHARS_MAX + 1), "more than"),
    ],
)  # fmt: skip
def test_yaml_that_cannot_be_read_is_refused_without_being_quoted(text: str, why: str) -> None:
    with pytest.raises(BadFile) as refused:
        entries_of(text.encode(), Format.YAML)
    assert why in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_yaml_is_read_as_json_has_it() -> None:
    assert read_document("a: 2026-01-02\n1: yes\nb: &b {c: d}\ne: *b\n", Format.YAML) == {
        "a": "2026-01-02", "1": "yes", "b": {"c": "d"}, "e": {"c": "d"},
    }  # fmt: skip
    assert entries_of(b"", Format.YAML, Client.GOOSE) == []
    assert entries_of(b"extensions: []\n", Format.YAML, Client.GOOSE) == []
    assert [entry.name for entry in entries_of(b"command: npx\n", Format.YAML, Client.CONTINUE)] == ["server"]


def test_the_line_of_what_is_wrong_counts_comments() -> None:
    with pytest.raises(BadFile, match=r"it is no JSON \(line 6\)"):
        read_document('{\n/* one\ntwo */ "a": 1, // three\n"b": 2,\n\n!}', Format.JSON)


@pytest.mark.parametrize("text", ["{,}", "[,]", "[1,,]", '{"a":,}', ",", "{/* x */,}", '{"a": 1,,}'])
def test_a_comma_behind_nothing_is_no_json(text: str) -> None:
    with pytest.raises(BadFile, match="it is no JSON"):
        read_document(text, Format.JSON)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1,\n"a": 2}', 2),
        ('{"b": ["a", "a",\n"a"], "a": {"a": 1},\n\n"a": 2}', 4),
        ('{ // x\n"a": [{"b": 1,\n\n"b": 2}],}', 4),
    ],
)
def test_the_line_of_a_key_that_stands_twice_is_told(text: str, line: int) -> None:
    with pytest.raises(BadFile, match=rf"a key stands twice in one object \(line {line}\), and clients may read either"):
        read_document(text, Format.JSON)


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ('{\n"mcpServers": []}', Format.JSON, r"`mcpServers` is no object \(line 2\)"),
        ("a: 1\nmcpServers: x\n", Format.YAML, r"`mcpServers` is no object \(line 2\)"),
        ("a = 1\n\nmcp_servers = 1\n", Format.TOML, r"`mcp_servers` is no object \(line 3\)"),
        (f'{{"mcpServers": {{\n"a": {{}},\n"{"x" * 201}": {{}}}}}}', Format.JSON, r"longer than 200 characters \(line 3\)"),
    ],
)
def test_the_line_of_what_is_not_as_it_should_be_is_told(text: str, form: Format, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        entries_of(text.encode(), form)


def test_a_comma_behind_the_last_element_is_read_over() -> None:
    text = '{"a": [1, "x", /* , */ ], // ,\n "b": {"c": ",]",},\n}'
    assert read_document(text, Format.JSON) == {"a": [1, "x"], "b": {"c": ",]"}}


def test_lines_are_told_in_every_format() -> None:
    text = '{"a": [{}, 1,\n {"b": "x{[,\\"", "c": [1,\n2]},\n{}], // [\n"d": {"a":\n{}}}'
    places = {("a", 0): 1, ("a", 2, "b"): 2, ("a", 2, "c", 1): None, ("a", 3): 4, ("d", "a"): 5, ("nothing",): None}
    assert lines_of(text, Format.JSON, places) == {place: line for place, line in places.items() if line and line != 4} | {
        ("a", 3): 4
    }
    toml = 'x = 1\n[a.b]\nc = 1\n[a."d.e"]\na.f = {g = 1}\n'
    assert lines_of(toml, Format.TOML, {("a", "b"), ("a", "d.e"), ("a", "f", "g")}) == {
        ("a", "b"): 2, ("a", "d.e"): 4, ("a", "f", "g"): 5,
    }  # fmt: skip
    yaml = "a:\n  - b\n  - c: 1\nd: {e:\n    f}\n"
    assert lines_of(yaml, Format.YAML, {("a", 1), ("d", "e"), ("d", 0), ("a", "x")}) == {("a", 1): 3, ("d", "e"): 4}
