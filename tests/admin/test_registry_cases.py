"""The registry: records, search, changes and the export, here and over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from tests.admin.test_drift import DELETE, GET, says
from tests.admin.town import application
from yett.admin.client_registry import RemoteRegistry
from yett.admin.control import RegistryControl
from yett.admin.errors import Forbidden, Invalid, NotFound
from yett.admin.permissions import ALLOWED, Role
from yett.admin.registry_views import ChangePage
from yett.admin.service import Service
from yett.admin.views import NewServer
from yett.app.catalogue_import import import_catalogue
from yett.catalog.model import RiskClass
from yett.catalog.record import Verification
from yett.site.known import known_servers
from yett.stores.catalogue_index import CatalogueIndex

KNOWN = [server.slug for server in known_servers()]


@pytest.fixture
def shop(office: Office) -> Office:
    office.lookout.said = {"tools": [GET], "credential": False}
    office.with_server("shop")
    office.clock.advance(60)
    office.lookout.said = {"tools": [GET, DELETE], "credential": False}
    office.service.look_server("shop")
    return office


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, shop: Office) -> RegistryControl:
    if request.param == "here":
        return shop.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteRegistry("127.0.0.1", listener.port, TOKEN, "ada")


def test_a_record_has_identity_grade_posture_tools_and_history(control: RegistryControl) -> None:
    record = control.record("shop")
    assert (record.source, record.identity.verification) == ("installation", Verification.UNKNOWN)
    assert (record.grade.letter, record.grade.terms.dangerous, record.tool_count) == ("D", 1, 2)
    assert (record.posture.auth, record.posture.rate_limited) == ("open", False)
    assert record.by_class[RiskClass.DESTRUCTIVE] == 1
    assert [tool.name for tool in record.tools] == ["delete_order", "get_order"]
    assert [(one.kind, one.tool) for one in record.changes] == [("grade", None), ("added", "delete_order")]
    assert record.seen_at is not None


def test_a_server_that_comes_with_yett_has_a_record_too(control: RegistryControl) -> None:
    record = control.record("redbook")
    assert (record.source, record.identity.verification) == ("catalogue", Verification.WELL_KNOWN)
    assert record.tools
    assert control.tool_record("redbook", "generate_images").tool.risk is RiskClass.EXECUTE


def test_a_server_of_ones_own_hides_a_known_one_of_its_name(shop: Office) -> None:
    shop.lookout.said = {"tools": [GET]}
    shop.with_server("redbook")
    assert shop.service.record("redbook").source == "installation"
    assert [row.slug for row in shop.service.records().items].count("redbook") == 1


def test_a_tool_comes_with_its_rationale_and_a_policy(control: RegistryControl) -> None:
    found = control.tool_record("shop", "delete_order")
    assert (found.tool.risk, found.tool.recommended, found.rule) == (RiskClass.DESTRUCTIVE, "hidden", None)
    assert found.policy["hide"] == ["delete_order"]
    assert found.rationale
    with pytest.raises(NotFound, match="has no tool `pay`"):
        control.tool_record("shop", "pay")


def test_servers_are_listed_by_slug_page_by_page(control: RegistryControl, shop: Office) -> None:
    shop.service.add_server(NewServer(name="aaa", url="http://127.0.0.1:9/mcp", notes="the first one"))
    whole = [row.slug for row in control.records().items]
    assert whole == sorted({"aaa", "shop", *KNOWN})
    walked, after = [], ""
    while True:
        page = control.records(after=after, limit=1)
        walked += [row.slug for row in page.items]
        if page.next is None:
            break
        after = page.next
    assert walked == whole
    assert [row.slug for row in control.records("FIRST one").items] == ["aaa"]
    assert (control.records("first one").items[0].grade, control.records("shop").items[0].tool_count) == ("D", 2)


def test_a_search_finds_tools_and_can_be_narrowed(control: RegistryControl) -> None:
    hits = control.find_tools("order", server="shop")
    assert [(hit.tool, hit.risk) for hit in hits.tools] == [("delete_order", "Destructive"), ("get_order", "Read")]
    assert [hit.tool for hit in control.find_tools("order", "Read", server="shop").tools] == ["get_order"]
    assert [hit.tool for hit in control.find_tools("order", None, "Critical", "shop").tools] == ["delete_order"]
    assert control.find_tools("no such thing").tools == []
    limited = control.find_tools("order", server="shop", limit=1)
    assert (len(limited.tools), limited.more) == (1, True)
    assert "shop" in [row.slug for row in control.find_tools("shop").servers]


def test_changes_are_a_feed_with_cursor_severity_and_kinds(control: RegistryControl, shop: Office) -> None:
    first = control.server_changes(after="0", limit=1)
    assert ([one.kind for one in first.items], first.more) == (["added"], True)
    rest = control.server_changes(after=first.cursor)
    assert ([one.kind for one in rest.items], rest.more) == (["grade"], False)
    assert control.server_changes(after=rest.cursor).items == []
    says(shop, GET)
    later = control.server_changes(after=rest.cursor)
    assert [(one.kind, one.severity) for one in later.items] == [("removed", "Low"), ("grade", "Low")]
    assert [one.kind for one in control.server_changes(severity="Critical").items] == ["added"]
    assert [one.after for one in control.server_changes("shop", kinds=["grade", "posture"], after="0").items] == ["D", "A"]


def test_what_is_asked_wrongly_is_said(control: RegistryControl) -> None:
    wrong: list[Any] = [
        lambda: control.records(limit=0),
        lambda: control.records("x" * 201),
        lambda: control.find_tools(" "),
        lambda: control.find_tools("x", "Evil"),
        lambda: control.find_tools("x", None, "Deadly"),
        lambda: control.server_changes(after="x"),
        lambda: control.server_changes(severity="Deadly"),
        lambda: control.server_changes(kinds=["moved"]),
        lambda: control.server_changes(limit=501),
    ]
    for ask in wrong:
        with pytest.raises(Invalid):
            ask()
    for lost in (lambda: control.record("nobody"), lambda: control.server_changes("nobody")):
        with pytest.raises(NotFound):
            lost()


def test_the_export_is_every_record_one_a_line(listener: Listener, shop: Office) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", listener.port, timeout=10)) as connection:
        connection.request("GET", "/v0/export", headers={"authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        lines = [json.loads(line) for line in answer.read().splitlines()]
    assert answer.getheader("content-type") == "application/x-ndjson"
    assert [line["slug"] for line in lines] == sorted({"shop", *KNOWN})
    status, one = listener.ask("GET", "/v0/servers/shop")
    assert (status, one) == (200, next(line for line in lines if line["slug"] == "shop"))


def test_nothing_is_shown_without_permission_and_out_of_reach(shop: Office) -> None:
    nobody = Service(shop.service.desk, replace(shop.service.principal, permissions=frozenset()))
    for ask in (nobody.records, lambda: nobody.record("shop"), nobody.export_records, nobody.server_changes):
        with pytest.raises(Forbidden):
            ask()
    viewer = replace(shop.service.principal, permissions=ALLOWED[Role.VIEWER], servers=frozenset({"another"}))
    confined = Service(shop.service.desk, viewer)
    assert [row.slug for row in confined.records().items] == KNOWN
    assert [one.slug for one in confined.export_records()] == KNOWN
    assert confined.server_changes() == ChangePage(items=[], cursor="0", more=False)
    assert "shop" not in {hit.server for hit in confined.find_tools("order").tools}
    with pytest.raises(NotFound):
        confined.record("shop")


def test_servers_of_an_index_are_listed_found_and_exported_like_others(shop: Office, tmp_path: Path) -> None:
    source, into = tmp_path / "tools.jsonl", tmp_path / "catalogue.db"
    names = ["far", "shop", "redbook", *(f"indexed-{number:03}" for number in range(120))]
    source.write_text("".join(f'{{"server": "{name}", "name": "delete_it", "description": "Deletes."}}\n' for name in names))
    import_catalogue(source, into)
    desk = shop.service.desk
    with contextlib.closing(CatalogueIndex(into)) as index:
        desk.environment = replace(desk.environment, index=index)
        walked, after = [], ""
        while True:
            page = shop.service.records(after=after, limit=7)
            walked += page.items
            if page.next is None:
                break
            after = page.next
        assert [row.slug for row in walked] == sorted({*names, *KNOWN})
        assert {row.slug: row.source for row in walked}["shop"] == "installation"
        assert {row.slug: row.source for row in walked}["redbook"] == "catalogue"
        far = shop.service.records("FAR").items[0]
        assert (far.slug, far.source, far.grade, far.tool_count) == ("far", "index", "D", 1)
        assert [one.slug for one in shop.service.export_records()] == sorted({*names, *KNOWN})
        assert shop.service.server_changes("far").items == shop.service.server_changes("git").items == []


def test_the_description_names_the_registrys_routes() -> None:
    paths = application().openapi()["paths"]
    assert {path for path in paths if path.startswith("/v0/")} == {
        "/v0/servers",
        "/v0/servers/{slug}",
        "/v0/servers/{slug}/tools/{tool}",
        "/v0/search",
        "/v0/changes",
        "/v0/export",
    }
