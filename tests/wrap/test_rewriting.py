"""Entries with another launch in them: nothing else changes, and the way back leads to the very bytes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from tests.wrap.fixtures import ARGV, ODD, Odd, config_file
from yett.scan.dialects import DIALECTS, format_of
from yett.scan.document import read_document
from yett.scan.model import Client, ConfigFile
from yett.wrap.located import Located, ReadFile, read_file, text_digest
from yett.wrap.rewriting import LAUNCH, launch_members, rewritten

odd = pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.title)


def wrapped(file: ReadFile) -> bytes:
    return file.replaced([(located, rewritten(file, located, ARGV)) for located in file.located])


def restored(original: ReadFile, data: bytes) -> bytes:
    again = read_file(original.file, data)
    back: list[tuple[Located, str]] = []
    for located in original.located:
        found = again.at(located.entry.at)
        assert found is not None
        back.append((found, original.region(located)))
    return again.replaced(back)


def value_of(file: ReadFile) -> Any:
    return read_document(file.text.removeprefix("\ufeff"), format_of(file.file.path))


@odd
def test_every_server_is_found_and_can_be_replaced_where_it_stands(odd: Odd) -> None:
    file = read_file(config_file(odd), odd.data)
    assert len(file.located) == odd.servers
    assert [located.problem for located in file.located] == [None] * odd.servers


@odd
def test_what_was_wrapped_is_restored_to_the_byte(odd: Odd) -> None:
    file = read_file(config_file(odd), odd.data)
    after = wrapped(file)
    assert after != odd.data
    assert restored(file, after) == odd.data


@odd
def test_a_wrapped_entry_starts_yett_and_keeps_its_name_and_everything_that_is_no_launch(odd: Odd) -> None:
    before = read_file(config_file(odd), odd.data)
    after = read_file(config_file(odd), wrapped(before))
    assert [one.entry.at for one in after.located] == [one.entry.at for one in before.located]
    for old, new in zip(before.located, after.located, strict=True):
        kept = {key: value for key, value in old.entry.value.items() if key not in LAUNCH}
        assert new.entry.value == {**kept, **launch_members(odd.client, old.entry.value, ARGV)}


@odd
def test_everything_outside_of_the_entries_stays(odd: Odd) -> None:
    before = read_file(config_file(odd), odd.data)
    after = read_file(config_file(odd), wrapped(before))
    assert _outside(before) == _outside(after)


def _outside(file: ReadFile) -> list[str]:
    parts, at = [], 0
    for located in sorted(file.located, key=lambda one: one.start):
        parts.append(file.text[at : located.start])
        at = located.end
    return [*parts, file.text[at:]]


@odd
def test_what_others_change_between_is_kept(odd: Odd) -> None:
    file = read_file(config_file(odd), odd.data)
    comment, mark = ("# added\n", b"") if file.toml else ("// added\n", b"\xef\xbb\xbf")
    mark = mark if odd.data.startswith(mark) else b""

    def changed(data: bytes) -> bytes:
        return mark + comment.encode() + data.removeprefix(mark) + comment.encode()

    if odd.data.endswith(b"\n"):
        assert restored(file, changed(wrapped(file))) == changed(odd.data)


@odd
def test_a_wrapped_file_is_as_strict_as_it_was(odd: Odd) -> None:
    """Strict JSON stays strict: some clients read nothing else."""
    file = read_file(config_file(odd), odd.data)
    try:
        json.loads(odd.data)
    except ValueError:
        return
    json.loads(wrapped(file))


@odd
def test_comments_of_an_entry_stay_where_their_member_does(odd: Odd) -> None:
    if odd.title == "comments":
        text = wrapped(read_file(config_file(odd), odd.data)).decode()
        assert "/* for now */" in text
        assert 'was "old // token" once' in text
    if odd.title == "tables":
        text = wrapped(read_file(config_file(odd), odd.data)).decode()
        assert "# what I use" in text
        assert "# between" in text
        assert tomllib.loads(text)["mcp_servers"]["dotted"] == {"command": ARGV[0], "args": list(ARGV[1:]), "enabled": False}


@pytest.mark.parametrize("client", [client for client in Client if not DIALECTS[client].listed and client is not Client.GOOSE])
def test_each_client_is_given_what_it_would_write_itself(client: Client) -> None:
    dialect = DIALECTS[client]
    members = launch_members(client, {"type": "http", "url": "https://a.example/mcp"}, ARGV)
    assert members["type"] == (dialect.stdio_type or "stdio")
    words = members[dialect.command] if dialect.args is None else [members[dialect.command], *members[dialect.args]]
    assert words == list(ARGV)


def test_a_digest_is_the_same_when_a_client_writes_its_file_anew() -> None:
    value = {"command": "/opt/y", "args": ["a b", "c"], "disabled": True}
    texts = [json.dumps(value), json.dumps(value, indent=2), json.dumps(value, indent="\t").replace("true", "true,")]
    assert len({text_digest(text) for text in texts}) == 1
    assert text_digest(json.dumps({**value, "disabled": False})) != text_digest(texts[0])


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
BLANKS = st.sampled_from(["", " ", "\n", "\t", "\r\n", " /* c */ ", "\n// c , } \n", "  \n  "])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), NAMES)
MEMBERS = st.dictionaries(
    st.one_of(st.sampled_from(["args", "env", "type", "timeout", "disabled", "headers", "cwd", "notes"]), NAMES),
    st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(NAMES, SCALARS, max_size=3)),
    max_size=5,
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """JSON with blanks and comments between any two tokens, and commas at ends."""

    def text(value: Any) -> str:
        if isinstance(value, dict):
            pairs = [f"{draw(BLANKS)}{json.dumps(key)}{draw(BLANKS)}:{text(one)}" for key, one in value.items()]
            return closed("{", pairs, "}")
        if isinstance(value, list):
            return closed("[", [text(one) for one in value], "]")
        return f"{draw(BLANKS)}{json.dumps(value, ensure_ascii=draw(st.booleans()))}{draw(BLANKS)}"

    def closed(opening: str, parts: list[str], closing: str) -> str:
        comma = draw(st.sampled_from(["", ","])) if parts else ""
        return f"{draw(BLANKS)}{opening}{','.join(parts)}{draw(BLANKS)}{comma}{draw(BLANKS)}{closing}{draw(BLANKS)}"

    servers: dict[str, Any] = {}
    for name, members in draw(st.dictionaries(NAMES, MEMBERS, min_size=1, max_size=4)).items():
        whole = {**members, "command": "tool"}
        servers[name] = {key: whole[key] for key in draw(st.permutations(list(whole)))}
    return text({"before": 1, "mcpServers": servers, "after": draw(SCALARS)}).encode()


@examples(200)
@given(files())
def test_whatever_a_file_looks_like_wrapping_and_unwrapping_is_as_if_nothing_had_been(data: bytes) -> None:
    file = read_file(ConfigFile(Client.CURSOR, Path("/home/me/.cursor/mcp.json")), data)
    after = wrapped(file)
    assert restored(file, after) == data
    again = read_file(file.file, after)
    for old, new in zip(file.located, again.located, strict=True):
        kept = {key: value for key, value in old.entry.value.items() if key not in LAUNCH}
        assert new.entry.value == {**kept, **launch_members(Client.CURSOR, old.entry.value, ARGV)}
    assert _outside(file) == _outside(again)
