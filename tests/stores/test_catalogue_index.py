"""The index of a catalogue: what is found in it, and what it keeps of servers."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from yett.catalog.finding import Found, Sought, words_of
from yett.catalog.indexed import judge
from yett.catalog.model import RiskClass, Severity
from yett.errors import OperatorFault
from yett.site.known import catalogued
from yett.stores.catalogue_index import CANDIDATES_MAX, CatalogueIndex
from yett.stores.catalogue_writing import TOOLS_MAX, IndexWriter

TOOLS: list[dict[str, Any]] = [
    {"server": "github", "name": "create_issue", "title": "Open an issue", "description": "Create an issue in a repository."},
    {"server": "github", "name": "list_issues", "description": "List the issues of a repository."},
    {"server": "github", "name": "deleteRepository", "description": "Delete a repository for good."},
    {"server": "shop/one", "name": "pay_order", "description": "Pay an order."},
    {"server": "shop/one", "name": "list_orders", "description": "List orders. An issue may be noted."},
    {"server": "文件", "name": "remove", "description": "删除文件。"},
    {"server": "文件", "name": "查询天气", "description": "查询某地的天气"},
    {"server": "issue", "name": "ping", "description": "Ping."},
]


def write(path: Path, tools: list[dict[str, Any]]) -> CatalogueIndex:
    with IndexWriter(path) as writer:
        for line, tool in enumerate(tools, 1):
            body = {key: value for key, value in tool.items() if key != "server"}
            writer.add(tool["server"], line, json.dumps(body).encode())
        for listing in writer.listings():
            writer.put(listing, judge(listing.name, listing.bodies))
        writer.finish()
    return CatalogueIndex(path)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogueIndex]:
    # Lines of one server do not stand together in every file.
    shuffled = random.Random(1).sample(TOOLS, len(TOOLS))
    made = write(tmp_path_factory.mktemp("index") / "catalogue.db", shuffled)
    yield made
    made.close()


def names(found: list[Found]) -> list[str]:
    return [one.name for one in found]


def sought(query: str, **filters: Any) -> Sought:
    return Sought(words_of(query), **filters)


def test_the_best_comes_first(index: CatalogueIndex) -> None:
    assert names(index.search(sought("create issue"))) == ["create_issue"]
    assert names(index.search(sought("issue"))) == ["create_issue", "list_issues", "ping", "list_orders"]
    assert names(index.search(sought("delete repository"))) == ["deleteRepository"]
    assert names(index.search(sought("deleterepository"))) == ["deleteRepository"]


def test_one_letter_is_the_beginning_of_a_word(index: CatalogueIndex) -> None:
    assert names(index.search(sought("p"))) == ["ping", "pay_order"]
    assert set(names(index.search(sought("l or")))) == {"list_orders"}


@pytest.mark.parametrize("query", ["zzyzx", "create zzyzx", "铪", "p zzyzx"])
def test_a_miss_finds_nothing(index: CatalogueIndex, query: str) -> None:
    assert index.search(sought(query)) == []


@pytest.mark.parametrize(
    ("query", "name"), [("删除", "remove"), ("文件", "remove"), ("天", "查询天气"), ("气", "查询天气"), ("查询天气", "查询天气")]
)
def test_chinese_is_found(index: CatalogueIndex, query: str, name: str) -> None:
    assert name in names(index.search(sought(query)))


@pytest.mark.parametrize(
    "query", ['"', "a OR b", "name:issue", "issue*", "(issue", "NEAR(issue)", "-issue", "issue AND", "'; DROP TABLE tools"]
)
def test_no_word_is_syntax(index: CatalogueIndex, query: str) -> None:
    index.search(sought(query))
    assert index.size() == (4, len(TOOLS))


def test_filters_hold_together(index: CatalogueIndex) -> None:
    assert names(index.search(sought("order", risk=RiskClass.FINANCIAL))) == ["pay_order"]
    assert names(index.search(sought("", risk=RiskClass.DESTRUCTIVE, server="github"))) == ["deleteRepository"]
    assert names(index.search(sought("", severity=Severity.CRITICAL, server="shop/one"))) == ["pay_order"]
    assert index.search(sought("pay", severity=Severity.LOW)) == []
    assert set(names(index.search(sought("", server="文件")))) == {"remove", "查询天气"}
    assert index.search(sought("", server="nobody")) == []
    assert len(index.search(sought("", limit=2))) == 2


def test_every_combination_of_filters_finds_what_looking_at_each_tool_finds(index: CatalogueIndex) -> None:
    everything = index.search(sought(""))
    for risk, severity in itertools.product([None, *RiskClass], [None, *Severity]):
        expected = {one.name for one in everything if risk in {None, one.risk} and severity in {None, one.severity}}
        assert set(names(index.search(sought("", risk=risk, severity=severity)))) == expected


def test_the_very_name_is_found_among_thousands_that_begin_so(tmp_path: Path) -> None:
    many = [{"server": f"s{number % 7}", "name": f"get_{number}"} for number in range(CANDIDATES_MAX * 2)]
    index = write(tmp_path / "c.db", [*many, {"server": "last", "name": "get"}])
    assert names(index.search(sought("get", limit=1))) == ["get"]
    assert len(index.search(sought("g", limit=CANDIDATES_MAX))) == CANDIDATES_MAX
    index.close()


def test_a_server_is_shown_as_if_its_tools_had_just_been_judged(index: CatalogueIndex) -> None:
    from yett.catalog.definition import tool_definition

    definitions = {tool["name"]: tool_definition(tool) for tool in TOOLS if tool["server"] == "github"}
    whole = {tool.name: shown for tool, shown in catalogued("github", "github", "", definitions.values()).tools}
    light = index.server("github")
    assert light is not None
    assert {tool.name for tool, _ in light.tools} == whole.keys()
    for tool, shown in light.tools:
        assert (shown.risk, shown.severity, shown.verdict.codes) == (
            whole[tool.name].risk,
            whole[tool.name].severity,
            whole[tool.name].verdict.codes,
        )
    full = index.tool("github", "create_issue")
    assert full is not None
    ((tool, shown),) = [pair for pair in full.tools if pair[0].name == "create_issue"]
    assert tool == definitions["create_issue"]
    assert shown == whole["create_issue"]


def test_what_is_not_there_is_none(index: CatalogueIndex) -> None:
    assert index.server("nobody") is None
    assert index.tool("nobody", "x") is None
    assert index.tool("github", "x") is None


def test_a_server_with_an_odd_name_has_an_address(index: CatalogueIndex) -> None:
    (found,) = index.search(sought("pay"))
    assert found.server == "shop/one"
    assert "/" not in found.slug
    shown = index.server(found.slug)
    assert shown is not None
    assert shown.name == "shop/one"


def test_without_a_file_nothing_is_found_and_a_new_one_counts_at_once(tmp_path: Path) -> None:
    index = CatalogueIndex(tmp_path / "c.db")
    assert index.size() is None
    assert index.search(sought("issue")) == []
    write(tmp_path / "c.db", TOOLS).close()
    assert index.size() == (4, len(TOOLS))
    write(tmp_path / "c.db", TOOLS[:2]).close()
    assert index.size() == (1, 2)
    index.close()


def test_a_file_that_is_no_index_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_text("nothing of the kind")
    with pytest.raises(OperatorFault, match="is no index of a catalogue"):
        CatalogueIndex(tmp_path / "c.db").search(sought("x"))


def test_what_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "c.db", TOOLS).close()
    before = (tmp_path / "c.db").read_bytes()
    with IndexWriter(tmp_path / "c.db") as writer:
        writer.add("s", 1, b'{"name":"x"}')
    assert (tmp_path / "c.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["c.db"]
    assert (tmp_path / "c.db").stat().st_mode & 0o777 == 0o600


def test_a_definition_that_many_servers_list_is_kept_once(tmp_path: Path) -> None:
    with IndexWriter(tmp_path / "c.db") as writer:
        for line in range(10):
            writer.add(f"s{line}", line, b'{"name":"x"}')
        assert {listing.definitions for listing in writer.listings()} == {(1,)}


def test_a_server_has_a_bounded_number_of_tools(tmp_path: Path) -> None:
    with IndexWriter(tmp_path / "c.db") as writer:
        for line in range(TOOLS_MAX):
            writer.add("big", line, b'{"name":"x"}')
        assert writer.crowded() is None
        writer.add("big", TOOLS_MAX, b'{"name":"x"}')
        assert writer.crowded() == "big"
