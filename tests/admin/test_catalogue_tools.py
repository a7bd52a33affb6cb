"""From rows of the store to what the catalogue judges."""

from __future__ import annotations

from tests.support.clock import START_NS
from yett.admin.catalogue_tools import definitions_of, override_of
from yett.catalog.model import RiskClass, Severity
from yett.stores.control.records import ToolClass


def test_what_is_no_definition_is_no_tool() -> None:
    found = definitions_of([{"name": "a"}, {"name": 1}, {"title": "b"}, {"name": "c"}], "shop")
    assert [(tool.name, tool.server) for tool in found] == [("a", "shop"), ("c", "shop")]


def test_an_admins_word_is_an_override_with_who_and_when() -> None:
    given = ToolClass(server_id="s", tool="a", risk="Financial", severity="High", reason="r", set_by="ada", at_ns=START_NS)
    found = override_of(given)
    assert (found.risk, found.severity, found.by, found.reason) == (RiskClass.FINANCIAL, Severity.HIGH, "ada", "r")
