"""The index against a look at every tool, on recombined data: the same found, and the best of it first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.catalogue_index import CHINESE, QUERIES, fixed_queries, is_chinese, read_corpus, recombined

from tests import catalog
from yett.app.catalogue_import import Imported, import_catalogue
from yett.catalog.finding import Sought, score, tool_words
from yett.stores.catalogue_index import CANDIDATES_MAX, CatalogueIndex

SERVERS, TOOLS = 160, 1_900
CORPUS = read_corpus(Path(next(iter(catalog.__path__))), "held_out*.jsonl")
MADE = list(recombined(CORPUS, SERVERS, TOOLS))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> CatalogueIndex:
    folder = tmp_path_factory.mktemp("scale")
    (folder / "tools.jsonl").write_text("".join(f"{json.dumps(tool)}\n" for tool in MADE))
    assert import_catalogue(folder / "tools.jsonl", folder / "c.db") == Imported(SERVERS, TOOLS)
    return CatalogueIndex(folder / "c.db")


def test_the_data_is_what_it_says() -> None:
    sizes = sorted((sum(tool["server"] == name for tool in MADE) for name in {tool["server"] for tool in MADE}), reverse=True)
    assert sum(sizes[: SERVERS // 10]) > sum(sizes) / 4
    assert abs(sum(map(is_chinese, MADE)) / TOOLS - CHINESE) < 0.05
    assert list(recombined(CORPUS, SERVERS, TOOLS)) == MADE


def test_every_query_finds_what_a_look_at_every_tool_finds(index: CatalogueIndex) -> None:
    queries = fixed_queries(CORPUS)
    assert len(queries) == QUERIES
    words = [tool_words(tool["name"], "", tool["server"], tool["description"]) for tool in MADE]
    misses = 0
    for sought in queries:
        if sought.risk is not None or sought.severity is not None:
            continue
        fitting = {(MADE[at]["server"], MADE[at]["name"]) for at, one in enumerate(words) if score(sought.words, one) is not None}
        found = index.search(Sought(sought.words, limit=10_000))
        misses += not fitting
        assert {(one.server, one.name) for one in found} <= fitting
        if len(fitting) <= CANDIDATES_MAX:
            assert {(one.server, one.name) for one in found} == fitting
        else:
            assert len(found) >= CANDIDATES_MAX
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert misses >= 7


def test_filters_find_what_looking_at_the_class_of_each_finds(index: CatalogueIndex) -> None:
    everything = [one for name in {tool["server"] for tool in MADE} for one in index.search(Sought(server=name, limit=10_000))]
    assert len(everything) == TOOLS
    for sought in fixed_queries(CORPUS):
        if sought.words or (sought.risk is None and sought.severity is None):
            continue
        found = index.search(Sought(risk=sought.risk, severity=sought.severity, limit=CANDIDATES_MAX))
        fitting = [one for one in everything if sought.risk in {None, one.risk} and sought.severity in {None, one.severity}]
        assert len(found) == min(CANDIDATES_MAX, len(fitting))
        assert all(one.risk is sought.risk or one.severity is sought.severity for one in found)
