"""What an index keeps of a tool, and pages' values made of that: a large server's page needs no definition but one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from yett.catalog.classify import classify, classify_tools
from yett.catalog.definition import tool_definition
from yett.catalog.finding import joined, tool_words, words_of
from yett.catalog.model import Brief, Evidence, Place, RiskClass, Severity, Signal, ToolDefinition, Verdict
from yett.catalog.neighbours import Neighbours
from yett.catalog.overriding import shown
from yett.catalog.page_model import CataloguedServer, ServerPart, part_of
from yett.catalog.record import NOBODY
from yett.policy.document import read_json
from yett.policy.json_value import JsonValue

RISKS: Final = tuple(RiskClass)
SEVERITIES: Final = tuple(Severity)
ABOUT: Final = "From an index that was imported here: what others list, which nobody of Yett looked at."
FACETS: Final = {value: chr(0xE000 + number) for number, value in enumerate((*RISKS, *SEVERITIES))}
"""A character for each class and severity, which no word of a text can hold: it is of no script."""


Kept = Brief
"""What is kept of a judged tool."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The same, with the words that it is found by."""

    kept: Kept
    joined: str
    name: str
    about: str
    text: str
    facet: str


def judge(server: str, bodies: Sequence[bytes]) -> list[Judged]:
    """The tools of a server, judged beside each other. The bodies were read before, by the same rules."""
    tools = [tool_definition(read_json(body), server) for body in bodies]
    return [_judged(tool, verdict) for tool, verdict in zip(tools, classify_tools(tools), strict=True)]


def judge_servers(servers: Sequence[tuple[str, Sequence[bytes]]]) -> list[list[Judged]]:
    """The same for several, each with its name."""
    return [judge(name, bodies) for name, bodies in servers]


def _judged(tool: ToolDefinition, verdict: Verdict) -> Judged:
    words = tool_words(tool.name, tool.title, tool.server or "", tool.description)
    kept = Kept(tool.name, tool.title, verdict.risk, verdict.severity, verdict.codes)
    facet = f"{FACETS[verdict.risk]} {FACETS[verdict.severity]}"
    return Judged(kept, joined(words_of(tool.name)), words.name, words.about, words.text or "", facet)


def light_server(name: str, slug: str, tools: Sequence[Kept], whole: ToolDefinition | None = None) -> CataloguedServer:
    """A server of what is kept; the tool `whole`, the first of its name, is judged with everything that it says."""
    pairs = [(ToolDefinition(tool.name, tool.title, "", None, NO_HINTS, name), shown(_verdict(tool, name))) for tool in tools]
    if whole is not None:
        at = next(index for index, tool in enumerate(tools) if tool.name == whole.name)
        pairs[at] = (whole, shown(classify(whole, Neighbours.of(tool for tool, _ in pairs))))
    return CataloguedServer(slug, name, ABOUT, tuple(pairs), known=True, identity=NOBODY, indexed=True)


def light_part(name: str, slug: str, tools: Sequence[Kept], page: int) -> ServerPart:
    """The same for one page; little is made for the tools that are on others."""
    number, pages, span = part_of(len(tools), page)
    ranked = sorted(tools, key=lambda one: (-one.risk.rank, -one.severity.rank, one.name))
    return ServerPart(light_server(name, slug, ranked[span]), tools, number, pages)


_NOTHING: Final = Evidence(Place.NAME, "", "")
"""An index keeps that something was found, and not where."""


NO_HINTS: Final[Mapping[str, JsonValue]] = MappingProxyType({})


@lru_cache(maxsize=4_096)
def _signals(codes: tuple[str, ...]) -> tuple[Signal, ...]:
    return tuple(Signal(code, _NOTHING) for code in codes)


def _verdict(tool: Kept, server: str) -> Verdict:
    return Verdict(tool.name, server, tool.risk, tool.severity, 1.0, _signals(tool.codes), (), "")
