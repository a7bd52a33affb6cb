"""Looking a server up: this installation, the catalogue, the list of well-known ones, the index, and itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.admin.conftest import office as office
from tests.admin.service import Office
from tests.admin.test_drift import DELETE, GET
from tests.support.real_server import running_everything
from yett.app.catalogue_import import import_catalogue
from yett.app.prechecking import Asking, check, find, installation, verdict_on
from yett.catalog.model import RiskClass, ToolDefinition
from yett.catalog.record import Verification
from yett.precheck.naming import address_of, named
from yett.scan.model import Advice
from yett.settings import Settings, load_settings
from yett.stores.catalogue_index import FILE

NOW = datetime(2027, 1, 31, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})


def test_where_there_is_no_installation_there_is_none_afterwards(settings: Settings) -> None:
    with installation(settings) as control:
        assert control is None
    assert not (settings.state_dir / "control.db").exists()


def test_a_server_of_the_index_is_found_by_its_name(settings: Settings, tmp_path: Path) -> None:
    listed = tmp_path / "listed.jsonl"
    listed.write_text('{"server": "acme-shop", "name": "delete_order", "description": "Delete an order."}\n')
    import_catalogue(listed, settings.state_dir / FILE)
    found = find(settings, named("acme-shop"), None, Asking(), NOW)
    assert (found.slug, [one.risk for one in found.judged]) == ("acme-shop", [RiskClass.DESTRUCTIVE])
    assert found.identity.verification is Verification.UNKNOWN
    assert "index" in found.tools.source


def test_a_server_of_the_installation_comes_before_the_catalogues(settings: Settings, office: Office) -> None:
    office.lookout.said = {"tools": [GET, DELETE], "credential": True}
    office.with_server("redbook")
    found = find(settings, named("redbook"), office.service, Asking(), NOW)
    assert (found.tools.source, found.posture.auth) == ("the server `redbook` of this installation", "open")
    assert len(found.judged) == 2


def test_a_server_that_nobody_asked_has_no_known_tools(settings: Settings, office: Office) -> None:
    office.lookout.problem = "it is away"
    office.with_server("shop")
    assert find(settings, named("shop"), office.service, Asking(), NOW).tools.listed is None


def test_an_address_is_asked_only_with_consent_and_shows_whom_it_lets_in(settings: Settings) -> None:
    with running_everything() as url:
        silent = find(settings, named(url), None, Asking(), NOW)
        assert (silent.tools.listed, silent.posture.auth) == (None, None)
        asked = find(settings, named(url), None, Asking(may=lambda _: True), NOW)
    assert asked.tools.listed
    assert asked.posture.auth == "open"


def test_what_was_named_is_shown_without_its_path(settings: Settings) -> None:
    found = check(settings, "https://mcp.example.com/secret-path?key=1", None, Asking(), NOW)
    assert found.server == "https://mcp.example.com"
    assert "secret-path" not in (settings.state_dir / "precheck.json").read_text()


def test_tools_that_are_given_count_instead(settings: Settings) -> None:
    told = [ToolDefinition("get_order", description="Look at an order.")]
    found = check(settings, "time", None, Asking(told=told), NOW)
    assert (found.action, found.facts.source) == (Advice.PROCEED, "the file of tools")


def test_an_entry_of_a_configuration_is_judged_as_it_stands(settings: Settings) -> None:
    assert verdict_on(settings, address_of("pay", "https://mcp.stirpe.com/"), NOW).action is Advice.ASK
    assert verdict_on(settings, address_of("pay", "http://mcp.shop.example/"), NOW).action is Advice.ASK
