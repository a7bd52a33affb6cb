"""TOML as statements with their places: whatever a writer makes of a document, each statement is found where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from tests.wrap.fixtures import ARGV, CODEX
from yett.scan.document import BadFile
from yett.scan.model import Client, ConfigFile
from yett.wrap.located import read_file
from yett.wrap.rewriting import LAUNCH, launch_members, rewritten
from yett.wrap.toml_spans import read_toml, shown_key


def test_each_statement_is_found_with_its_whole_way() -> None:
    found = {one.way: CODEX[one.start : one.end] for one in read_toml(CODEX)}
    assert found[("mcp_servers", "files", "command")] == "command = 'npx'"
    assert found[("mcp_servers", "files", "args")].endswith("]")
    assert found[("mcp_servers", "dotted", "env", "A")] == 'dotted.env.A = "1"'
    assert found[("mcp_servers", "odd name ]", "http_headers")] == '[mcp_servers."odd name ]".http_headers]'
    assert found[("profiles", 0, "name")] == "name = 'one'"
    assert ("mcp_servers", "fake") not in found


@pytest.mark.parametrize("text", ["a = [", "a = {b = 1", "a", "= 1", "[a", "a = ", "a = [1 2]", "a = {b = 1 c = 2}"])
def test_what_cannot_be_followed_is_named_with_its_line(text: str) -> None:
    with pytest.raises(BadFile, match="line 2"):
        read_toml(f"x = 1\n{text}")


def test_nesting_has_a_limit() -> None:
    with pytest.raises(BadFile, match="too deep"):
        read_toml(f"a = {'[' * 200}{']' * 200}")


def test_a_key_is_quoted_where_it_must_be() -> None:
    for key in ("plain-key_1", "odd name", 'with "quotes"', "punkt.im.namen", "日本"):
        assert tomllib.loads(f"{shown_key(key)} = 1") == {key: 1}


def test_an_entry_whose_parts_stand_apart_stays_and_says_where() -> None:
    text = '[mcp_servers.a]\ncommand = "x"\n[other]\nb = 1\n[mcp_servers.a.env]\nK = "v"\n'
    (located,) = read_file(ConfigFile(Client.CODEX, Path("config.toml")), text.encode()).located
    assert located.problem == "another table stands between its parts (line 3); put them together"


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
KEYS = TEXTS.filter(bool)
VALUES = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), TEXTS, st.lists(TEXTS, max_size=3), st.dates(), st.datetimes()
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """What a real writer makes of entries, in tables or inline."""
    document: Any = tomlkit.document()
    document.add(tomlkit.comment("mine"))
    document["model"] = draw(TEXTS)
    servers = tomlkit.table(is_super_table=True)
    for name in draw(st.lists(KEYS, min_size=1, max_size=3, unique=True)):
        inline = draw(st.booleans())
        entry: Any = tomlkit.inline_table() if inline else tomlkit.table()
        members = {
            **draw(st.dictionaries(st.one_of(st.sampled_from(["args", "cwd", "timeout"]), KEYS), VALUES, max_size=4)),
            "command": "x",
        }
        for key in draw(st.permutations(sorted(members))):
            entry[key] = members[key]
        if draw(st.booleans()):
            env: Any = tomlkit.inline_table() if inline or draw(st.booleans()) else tomlkit.table()
            env.update(draw(st.dictionaries(KEYS, TEXTS, max_size=2)))
            entry["env"] = env
        servers[name] = entry
    document["mcp_servers"] = servers
    document["after"] = {"x": draw(VALUES)}
    text: str = tomlkit.dumps(document)
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@examples(100)
@given(documents())
def test_entries_of_any_document_are_wrapped_and_restored_to_the_byte(text: str) -> None:
    data = text.encode()
    before = read_file(ConfigFile(Client.CODEX, Path("config.toml")), data)
    ready = [located for located in before.located if located.problem is None]
    after = read_file(before.file, before.replaced([(located, rewritten(before, located, ARGV)) for located in ready]))
    back = [(found, before.region(located)) for located in ready if (found := after.at(located.entry.at)) is not None]
    assert len(back) == len(ready) >= 1
    assert after.replaced(back) == data
    for located in ready:
        new = after.at(located.entry.at)
        assert new is not None
        kept = {key: value for key, value in located.entry.value.items() if key not in LAUNCH}
        assert new.entry.value == {**kept, **launch_members(Client.CODEX, located.entry.value, ARGV)}
