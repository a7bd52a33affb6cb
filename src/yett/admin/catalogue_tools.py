"""From what the store has of a server's tools to the values that the catalogue judges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from yett.admin.checks import show_moment
from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.model import Override, RiskClass, Severity, ToolDefinition
from yett.stores.control.records import ToolClass


def definitions_of(values: Iterable[Any], server: str) -> list[ToolDefinition]:
    """The tools that can be read, all of this server, whatever they say of that; what is no definition is none of its tools."""
    found = []
    for value in values:
        try:
            found.append(replace(tool_definition(value, server), server=server))
        except DefinitionError:
            continue
    return found


def override_of(given: ToolClass) -> Override:
    """An admin's word on a tool."""
    severity = None if given.severity is None else Severity(given.severity)
    return Override(RiskClass(given.risk), given.set_by, show_moment(given.at_ns), given.reason, severity)
