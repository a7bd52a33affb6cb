"""Files of each client, and hostile ones."""

from __future__ import annotations

import json

import pytest

from tests.scan.files import CLAUDE_DESKTOP, CLAUDE_JSON, CODEX, VS_CODE
from yett.scan.dialects import Format
from yett.scan.formats import ENTRIES_MAX, BadFile, entries_of


def names(text: str, *, toml: bool = False) -> list[str]:
    return [entry.name for entry in entries_of(text.encode(), Format.TOML if toml else Format.JSON)]


def test_each_clients_file_is_read() -> None:
    assert names(CLAUDE_DESKTOP) == ["filesystem", "database", "bridged"]
    assert [(entry.name, entry.scope) for entry in entries_of(CLAUDE_JSON.encode())] == [
        ("stripe", ""),
        ("local-time", "/home/me/shop"),
    ]
    assert names(VS_CODE) == ["playwright", "slack"]
    assert names(CODEX, toml=True) == ["fetch", "internal tools"]
    assert names('{"mcp": {"servers": {"a": {}}}}') == ["a"]
    assert names("{}") == []


def test_comments_and_commas_are_left_out_and_nothing_within_texts() -> None:
    text = '\ufeff{"mcpServers": {"a": {"url": "https://a.example/*,]*/" /* x, ] */ , // "b": {}\n}, /* */ }, }'
    (entry,) = entries_of(text.encode())
    assert entry.value == {"url": "https://a.example/*,]*/"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"mcpServers": {"a": {}, "a": {}}}', "a key stands twice"),
        (b'{"mcpServers": {"a": {"command": "x", "command": "y"}}, /**/}', "a key stands twice"),
        (b'{"mcpServers": []}', "`mcpServers` is no object"),
        (b"[]", "it is no object"),
        (b'{"a":\n s3cret}', "it is no JSON (line 2)"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number that is too large"),
        (b'{"mcpServers": {"' + b"a" * 300 + b'": {}}}', "longer than 200"),
    ],
)
def test_what_clients_may_read_differently_is_refused_without_being_quoted(data: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why.replace("(", r"\(").replace(")", r"\)")) as refused:
        entries_of(data)
    assert "s3cret" not in str(refused.value)


def test_bad_toml_is_refused_by_its_line() -> None:
    with pytest.raises(BadFile, match=r"^it is no TOML \(line 2\)$"):
        entries_of(b"a = 1\nb = s3cret", Format.TOML)
    with pytest.raises(BadFile):
        entries_of(b"a = " + b"[" * 100_000, Format.TOML)


def test_many_comments_cost_little() -> None:
    assert names("{" + "/* */ " * 50_000 + "}") == []
    with pytest.raises(BadFile):
        names("{" + ", " * 20_000)


def test_a_file_may_have_so_many_servers_and_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    servers: dict[str, object] = {str(number): {} for number in range(ENTRIES_MAX)}
    assert len(names(json.dumps({"mcpServers": servers}))) == ENTRIES_MAX
    with pytest.raises(BadFile, match="more than 1,000 servers"):
        names(json.dumps({"mcpServers": {**servers, "one more": {}}}))
    monkeypatch.setattr("yett.scan.formats.FILE_BYTES_MAX", 10)
    assert names("{}        ") == []
    with pytest.raises(BadFile, match="larger than 10 bytes"):
        names("{}         ")
