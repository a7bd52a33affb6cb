"""The list of well-known servers."""

from __future__ import annotations

import shlex

import pytest

from yett.admin.checks import check_name, check_url
from yett.admin.errors import Invalid
from yett.admin.picker import all_known, find_known, known_servers
from yett.admin.server_views import KnownServer
from yett.site.known import known_slugs

EVERYTHING = all_known().items


def test_the_list_is_dated_sorted_and_of_a_use() -> None:
    assert all_known().as_of == "2026-11-22"
    names = [one.name for one in EVERYTHING]
    assert len(names) >= 40
    assert names == sorted(set(names))


@pytest.mark.parametrize("known", EVERYTHING, ids=lambda known: known.name)
def test_each_entry_could_be_added_as_it_stands(known: KnownServer) -> None:
    check_name("server", known.name)
    assert known.homepage.startswith("https://")
    assert (known.url is None) == (known.transport == "stdio") == (known.command is not None)
    if known.url is not None:
        assert check_url(known.url).startswith("https://")
    else:
        words = shlex.split(known.command or "")
        assert words[:4] == ["yett", "server", "add", known.name]
        assert "--" in words


def test_every_word_of_a_search_must_fit() -> None:
    assert [one.name for one in known_servers("GitHub").items][:2] != []
    assert "github" in [one.name for one in known_servers("github").items]
    assert [one.name for one in known_servers("git repository").items] == ["git"]
    assert known_servers("no such server").items == []
    with pytest.raises(Invalid):
        known_servers("x" * 201)


def test_one_is_found_by_its_very_name() -> None:
    github = find_known("github")
    assert github is not None
    assert github.url == "https://api.githubcopilot.com/mcp/"
    assert find_known("GitHub") is None


def test_an_entry_leads_to_the_catalogue_where_that_has_its_name() -> None:
    linked = {one.name: one.catalog for one in EVERYTHING if one.catalog is not None}
    assert linked == {name: f"/catalog/{name}" for name in {one.name for one in EVERYTHING} & known_slugs()}
    assert {"git", "time", "filesystem", "playwright"} <= linked.keys()
