"""The catalogue's pages over an index of servers that others list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.admin.people.house import House
from yett.app.catalogue_import import import_catalogue
from yett.stores.catalogue_index import CatalogueIndex

TOOLS: list[dict[str, Any]] = [
    {"server": "far/off", "name": "refund_order", "description": "<script>alert(1)</script>", "title": "<b>Refund</b>"},
    {"server": "far/off", "name": "get.md", "description": "Get it."},
    {"server": "redbook", "name": "refund_everything", "description": "Somebody else's."},
    *({"server": "vast", "name": f"delete_{number:04}"} for number in range(300)),
]


@pytest.fixture
def town(house: House, tmp_path: Path) -> Iterator[House]:
    source, into = tmp_path / "tools.jsonl", tmp_path / "catalogue.db"
    source.write_text("".join(f"{json.dumps(tool)}\n" for tool in TOOLS))
    import_catalogue(source, into)
    index = CatalogueIndex(into)
    house.desk.environment = replace(house.desk.environment, index=index)
    yield house
    index.close()


def slug_of(house: House, name: str) -> str:
    found = house.browser().get(f"/catalog?q={name}").text
    return found.partition('href="/catalog/far-off')[2].partition("/")[0].join(["far-off", ""])


def test_the_search_finds_what_the_index_has(town: House) -> None:
    page = town.browser().get("/catalog?q=refund+ord")
    assert page.status_code == 200
    assert "refund_order" in page.text
    assert "303 tools of 3 servers in an index" in page.text
    assert "generate_images" in town.browser().get("/catalog?q=generate").text
    assert "No tools for" in town.browser().get("/catalog?q=zzyzx").text
    assert "delete_0001" not in town.browser().get("/catalog").text


def test_a_server_of_the_index_has_pages_in_each_form(town: House) -> None:
    stranger, slug = town.browser(), slug_of(town, "refund_order")
    page = stranger.get(f"/catalog/{slug}")
    assert page.status_code == 200
    assert "far/off" in page.text
    assert "From an index" in page.text
    assert json.loads(stranger.get(f"/catalog/{slug}.json").text)["record"]["source"] == "index"
    assert stranger.get(f"/catalog/{slug}.md").text.startswith("# `far/off`")
    tool = stranger.get(f"/catalog/{slug}/refund_order")
    assert "by approval" in tool.text or "approval" in tool.text
    assert "<script>alert" not in tool.text
    assert "&lt;script&gt;" in tool.text
    said = json.loads(stranger.get(f"/catalog/{slug}/refund_order.json").text)
    assert said["shown"]["risk"] == "Financial"
    assert "refund_order" in said["shown"]["verdict"]["rationale"]
    assert stranger.get(f"/catalog/{slug}/get.md.md").text.startswith("# `get.md`")
    assert stranger.get(f"/catalog/{slug}/get.md").text.startswith("<!doctype html>")
    assert stranger.get(f"/catalog/{slug}/none").status_code == 404


def test_what_comes_with_yett_and_what_is_ones_own_hide_the_index(town: House) -> None:
    assert "refund_everything" not in town.browser().get("/catalog?q=refund").text
    assert "refund_everything" not in town.browser().get("/catalog/redbook").text
    town.with_server("vast")
    member = town.with_member("eve@example.com", "viewer")
    assert "delete_0001" not in member.get("/catalog?q=delete").text
    assert "delete_0001" not in member.get("/catalog/vast").text
    assert "delete_0001" in town.browser().get("/catalog?q=delete_0001").text


def test_a_page_shows_the_riskiest_of_many_tools_and_leads_to_the_others_in_each_form(town: House) -> None:
    stranger, address, found = town.browser(), "/catalog/vast", []
    for _ in range(3):
        page = stranger.get(address).text
        assert page.count("<tr><td><a") == 100
        found += re.findall(r"<code>(\w+_\d{4})</code></a>", page)
        address = "".join(re.findall(r'href="([^"]*)" rel="next"', page))
    assert not address
    assert sorted(found) == [f"delete_{number:04}" for number in range(300)]
    assert 'href="/catalog/vast?page=2" rel="prev"' in page
    assert "Tools 201 to 300 of 300" in page


def test_markdown_and_json_lead_to_the_next_tools_too_and_count_all(town: House) -> None:
    stranger, address, found = town.browser(), "/catalog/vast.json", []
    while address:
        said = json.loads(stranger.get(address).text)
        assert (said["record"]["tool_count"], dict(said["by_class"])["Destructive"], said["pages"]) == (300, 300, 3)
        assert "delete_0299" in said["policy"]
        assert [tool["name"] for tool in said["record"]["tools"]] == [tool["name"] for tool in said["tools"]]
        found += [tool["name"] for tool in said["tools"]]
        address = said["next"]
    assert found == [f"delete_{number:04}" for number in range(300)]
    assert "The next: </catalog/vast.md?page=3>" in stranger.get("/catalog/vast.md?page=2").text
    assert "The next:" not in stranger.get("/catalog/vast.md?page=3").text


@pytest.mark.parametrize(("asked", "shown"), [("0", 1), ("-5", 1), ("4", 3), ("999999999999", 3)])
def test_a_page_that_there_is_not_is_the_nearest_one(town: House, asked: str, shown: int) -> None:
    assert json.loads(town.browser().get(f"/catalog/vast.json?page={asked}").text)["page"] == shown


def test_a_recommendation_of_the_index_becomes_a_draft(town: House) -> None:
    member = town.with_member("eve@example.com", "admin")
    page = member.get("/servers/vast/policies/new?tool=delete_0001")
    assert page.status_code == 200
    assert "delete_0001" in page.text


def test_a_broken_index_takes_nothing_else_away(house: House, tmp_path: Path) -> None:
    (tmp_path / "catalogue.db").write_text("nothing of the kind")
    house.desk.environment = replace(house.desk.environment, index=CatalogueIndex(tmp_path / "catalogue.db"))
    stranger = house.browser()
    assert "generate_images" in stranger.get("/catalog?q=generate").text
    assert stranger.get("/catalog/redbook").status_code == 200
    assert stranger.get("/catalog/nobody").status_code == 404
