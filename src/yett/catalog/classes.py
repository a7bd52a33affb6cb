"""The classes of a server's tools, each bound to the very definition that it was given for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from yett.catalog.classify import classify_tools
from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.fingerprint import fingerprint
from yett.catalog.model import RiskClass, ToolDefinition
from yett.policy.json_value import JsonValue


class Classed(NamedTuple):
    """What the classifier says of one definition."""

    risk: RiskClass
    definition: str
    """Its `fingerprint`."""


def classes_of(values: Iterable[JsonValue], server: str) -> dict[str, Classed]:
    """The class of each tool of a server's list, by name.

    What is no definition has none, and neither has a name that the list gives to two: nobody can say which one a call reaches.
    Which server it is of, a definition does not say itself here.
    """
    tools: list[ToolDefinition] = []
    prints: list[str] = []
    for value in values:
        try:
            tool, print = replace(tool_definition(value, server), server=server), fingerprint(value)
        except DefinitionError:
            continue
        if print is not None:
            tools.append(tool)
            prints.append(print)
    found: dict[str, Classed] = {}
    ambiguous: set[str] = set()
    for verdict, print in zip(classify_tools(tools), prints, strict=True):
        before = found.setdefault(verdict.name, Classed(verdict.risk, print))
        if before.definition != print:
            ambiguous.add(verdict.name)
    return {name: classed for name, classed in found.items() if name not in ambiguous}
