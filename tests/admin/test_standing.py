"""How servers stand as a whole is noted with each look, and told in the feed beside the changes of tools."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.admin.service import Office
from tests.admin.test_drift import DELETE, GET, says
from yett.admin.catalogue_views import NewToolClass
from yett.admin.outside import RATE_LIMITED, REFUSED
from yett.admin.server_views import ServerChanges
from yett.admin.views import NewServer
from yett.stores.control.records import Look


@pytest.fixture
def shop(office: Office) -> Office:
    office.lookout.said = {"tools": [GET], "credential": False}
    return office.with_server("shop")


def told(office: Office, **asked: Any) -> list[tuple[str, str, str | None, str | None]]:
    page = office.service.server_changes("shop", kinds=("grade", "posture", "identity"), after="0", **asked)
    return [(one.kind, one.severity, one.before, one.after) for one in page.items]


def test_the_first_look_is_no_news(shop: Office) -> None:
    assert shop.service.server_changes(after="0").items == []
    assert shop.service.record("shop").grade.letter == "A"


def test_a_worse_grade_is_told_beside_the_tools_that_made_it(shop: Office) -> None:
    says(shop, GET, DELETE)
    assert told(shop) == [("grade", "High", "A", "D")]
    feed = shop.service.server_changes(after="0").items
    assert [(one.kind, one.tool) for one in feed] == [("added", "delete_order"), ("grade", None)]
    assert [one.sequence for one in feed] == sorted(one.sequence for one in feed)
    assert [one.kind for one in shop.service.tool_changes(after="0").items] == ["added"], "that feed is of tools alone"


def test_an_admins_word_on_a_tool_changes_the_grade_at_once(shop: Office) -> None:
    shop.service.set_tool_class("shop", "get_order", NewToolClass(risk="Financial"))
    assert told(shop) == [("grade", "High", "A", "D")]
    shop.service.clear_tool_class("shop", "get_order")
    assert told(shop)[1:] == [("grade", "Low", "D", "A")]


def test_a_server_that_stops_asking_for_a_credential_is_told(shop: Office) -> None:
    shop.clock.advance(60)
    shop.lookout.problem = f"{REFUSED} with HTTP status 401"
    shop.service.look_server("shop")
    shop.lookout.problem = f"{RATE_LIMITED}: it answered with HTTP status 429"
    shop.service.look_server("shop")
    assert shop.service.record("shop").posture.rate_limited
    shop.lookout.problem, shop.lookout.said = None, {"tools": [GET], "credential": False}
    shop.service.look_server("shop")
    assert told(shop, severity="Medium") == [
        ("posture", "Medium", "open", "asks"),
        ("posture", "High", "asks", "open"),
    ]


def test_a_server_that_is_away_is_not_another_one(shop: Office) -> None:
    shop.lookout.problem = "it is away"
    shop.service.look_server("shop")
    assert told(shop) == []


def test_an_impostor_is_told_with_its_first_look_and_is_an_f(office: Office) -> None:
    office.lookout.said = {"tools": [GET], "credential": False}
    office.service.add_server(NewServer(name="shop", url="https://mcp.stirpe.com/"))
    assert told(office) == [("identity", "Critical", None, "impostor")]
    record = office.service.record("shop")
    assert (record.identity.verification, record.identity.confidence, record.identity.name) == ("impostor", "suspected", "stripe")
    assert record.grade.letter == "F"
    assert office.service.catalogue("shop").grade == "F"
    office.service.edit_server("shop", ServerChanges(url="https://mcp.stripe.com/"))
    assert told(office)[1:] == [("identity", "Medium", "impostor", "official"), ("grade", "Low", "F", "A")]
    assert office.service.record("shop").identity.confidence == "verified"


def test_a_program_is_known_by_the_package_that_it_runs(office: Office) -> None:
    office.service.add_server(NewServer(name="shop", command="time"))
    assert office.service.record("shop").identity.verification == "unknown", "nobody says what that program is"
    posture = office.service.record("shop").posture
    assert (posture.auth, posture.rate_limited) == (None, False)
    assert "program of this host" in posture.evidence


def test_a_credential_without_which_it_answers_nobody_makes_it_gated(office: Office) -> None:
    office.lookout.said = {"tools": [GET], "credential": True, "bare": "refused"}
    server = office.with_server("shop").service.server("shop")
    look = Look(server_id=server.id, at_ns=office.clock.now_ns(), said=office.lookout.said)
    organisation = office.service.principal.organisation
    office.service.desk.write(lambda whole: whole.of(organisation).servers.note_look(look))
    assert office.service.record("shop").posture.auth == "gated"
    limited = replace(look, problem=f"{RATE_LIMITED}: it answered with HTTP status 429")
    office.service.desk.write(lambda whole: whole.of(organisation).servers.note_look(limited))
    posture = office.service.record("shop").posture
    assert (posture.auth, posture.rate_limited) == ("gated", True)
