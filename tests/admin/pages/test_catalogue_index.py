"""The catalogue's pages over an index of servers that others list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.admin.people.house import House
from yett.app.catalogue_import import import_catalogue
from yett.site.known import known_servers
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
    known_servers()  # judged once in a process: on a busy machine nobody waits for the first page as long as that
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
    assert "0 tools for" in town.browser().get("/catalog?q=zzyzx").text
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


def test_a_page_shows_the_riskiest_of_many_tools_and_its_other_forms_all(town: House) -> None:
    stranger = town.browser()
    page = stranger.get("/catalog/vast").text
    assert page.count("<tr><td><a") == 200
    assert "100 more" in page
    assert len(json.loads(stranger.get("/catalog/vast.json").text)["tools"]) == 300
    assert "delete_0299" in stranger.get("/catalog/vast.md").text


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
