"""The verdict: facts in, one of three actions out, with every reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from yett.catalog.classify import classify_tools
from yett.catalog.model import Severity, ToolDefinition
from yett.catalog.overriding import shown
from yett.catalog.record import Confidence, ServerIdentity, ServerPosture, Verification
from yett.precheck.memory import SinceLastSeen
from yett.precheck.naming import named
from yett.precheck.showing import as_json
from yett.precheck.verdict import STALE_DAYS, Known, Lately, Precheck, precheck
from yett.scan.model import Changes, Identity, Standing, Tools

TODAY = date(2027, 1, 31)
GET = ToolDefinition("get_order", description="Look at an order.")
DELETE = ToolDefinition("delete_order", description="Delete an order.")
NOTHING_NEW = SinceLastSeen("2027-01-01T00:00:00Z", Changes(first=False))
KNOWN = Identity(Standing.KNOWN, "shop", "the package of Shop")
OFFICIAL = ServerIdentity(Verification.OFFICIAL, Confidence.LIKELY, "the package of Shop", "shop")


def known(*tools: ToolDefinition, standing: Identity = KNOWN, identity: ServerIdentity = OFFICIAL) -> Known:
    server = named("npm:@shop/shop@1.0.0").candidates[0]
    judged = tuple(shown(one) for one in classify_tools(tools))
    return Known(server, standing, identity, ServerPosture(None), Tools(tools, "a test"), judged)


def judged(one: Known, since: SinceLastSeen = NOTHING_NEW) -> Precheck:
    return precheck("shop", one, since, TODAY)


def test_a_known_server_that_only_reads_may_be_connected() -> None:
    assert judged(known(GET)).action == "proceed"


def test_tools_that_do_more_want_a_rule_which_is_given() -> None:
    found = judged(known(GET, DELETE))
    assert (found.action, found.severity) == ("connect-with-rule", Severity.CRITICAL)
    assert found.deny == {"permissions": {"deny": ["mcp__shop__delete_order"]}}
    assert found.disable == '[mcp_servers.shop]\ndisabled_tools = ["delete_order"]\n'


def test_an_impostor_is_asked_about_and_denied_as_a_whole() -> None:
    who = Identity(Standing.IMPOSTOR, "shop", "its package resembles `@shop/shop`")
    identity = ServerIdentity(Verification.IMPOSTOR, Confidence.SUSPECTED, who.why, "shop")
    found = judged(replace(known(standing=who, identity=identity), tools=Tools(None, "not asked")))
    assert (found.action, found.severity) == ("ask-first", Severity.CRITICAL)
    assert found.deny == {"permissions": {"deny": ["mcp__shop"]}}


def test_nothing_known_is_asked_about() -> None:
    who = Identity(Standing.UNKNOWN, why="nobody knows it")
    found = judged(replace(known(standing=who), tools=Tools(None, "not asked")))
    assert found.action == "ask-first"
    assert (found.facts.tools, found.facts.grade) == (None, None)


@pytest.mark.parametrize(
    ("since", "action", "text"),
    [
        ({"grade": ("A", "B")}, "connect-with-rule", "its grade went from A to B"),
        ({"grade": ("B", "A")}, "proceed", "its grade went from B to A"),
        ({"identity": ("official", "unknown")}, "ask-first", "its identity went from official to unknown"),
        ({"identity": ("unknown", "official")}, "proceed", "its identity went from unknown to official"),
        ({"auth": ("asks", "open")}, "connect-with-rule", "its authentication went from asks to open"),
        ({"auth": ("open", "asks")}, "proceed", "its authentication went from open to asks"),
        ({"tools": Changes(first=False, added=("get_order",))}, "connect-with-rule", "added: `get_order`"),
        ({"tools": Changes(first=False, moved_from="npx old")}, "ask-first", "it was `npx old`"),
    ],
)
def test_what_changed_since_it_was_last_seen_counts(since: dict[str, object], action: str, text: str) -> None:
    found = judged(known(GET), replace(NOTHING_NEW, **since))  # type: ignore[arg-type]  # as given
    assert found.action == action
    assert any(text in one.text for one in found.reasons)


def test_what_is_known_from_long_ago_counts_for_less() -> None:
    day = date.fromordinal(TODAY.toordinal() - STALE_DAYS)
    assert judged(replace(known(GET), seen_on=day)).action == "connect-with-rule"
    assert judged(replace(known(GET), seen_on=date.fromordinal(day.toordinal() + 1))).action == "proceed"


def test_grave_changes_that_the_control_plane_saw_lately_count() -> None:
    lately = (Lately("2027-01-30T00:00:00Z", Severity.HIGH, "the server: its grade is worse than before"),)
    assert judged(replace(known(GET), lately=lately)).action == "connect-with-rule"


def test_reasons_stand_weightiest_first_each_once() -> None:
    found = judged(known(GET, DELETE), replace(NOTHING_NEW, identity=("official", "unknown")))
    order = ["ask-first", "connect-with-rule", "proceed"]
    actions = [order.index(one.advice) for one in found.reasons]
    assert actions == sorted(actions)
    assert len({one.text for one in found.reasons}) == len(found.reasons)


def test_as_json_it_has_the_verdict_its_facts_and_the_rules() -> None:
    value = json.loads(json.dumps(as_json(judged(known(GET, DELETE)))))
    assert (value["verdict"], value["facts"]["grade"]["letter"]) == ("connect-with-rule", "D")
    assert value["facts"]["capabilities"] == {
        "tools": 2,
        "by_class": {"Read": 1, "Write": 0, "Execute": 0, "Destructive": 1, "Financial": 0},
        "dangerous": ["delete_order"],
    }
    assert {"identity", "grade", "capabilities", "authentication", "freshness", "changes"} == value["facts"].keys()
    assert value["rules"]["codex"].startswith("[mcp_servers.shop]")
