"""The servers that the catalogue knows of itself, and tools from files as servers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from yett.catalog.classify import classify_tools
from yett.catalog.definition import tool_definition
from yett.catalog.finding import Found, Sought, Words, score, tool_words
from yett.catalog.model import Override, RiskClass, ToolDefinition
from yett.catalog.overriding import shown
from yett.catalog.page_model import CataloguedServer, Package, ServerRow, server_row
from yett.catalog.pages import server_page
from yett.protocol.strict_json import read

_FILES: Final = Path(__file__).parent / "known"
ROWS: Final = Path(__file__).parent / "known_rows.json"
"""What a list shows of each, kept, so that none is judged for it: written by `python -m collect --rows`, held true by a test."""
UNNAMED: Final = "unnamed"
"""The server of tools that name none."""


@dataclass(frozen=True, slots=True)
class _Shipped:
    """A server as its file has it."""

    name: str
    about: str
    tools: tuple[ToolDefinition, ...]
    package: Package | None


@cache
def known_slugs() -> frozenset[str]:
    """The names in addresses of those that come with Yett; no file is read."""
    return frozenset(path.stem for path in _FILES.glob("*.json"))


@cache
def known_rows() -> tuple[ServerRow, ...]:
    """What lists show of those that come with Yett, by slug; nothing is judged."""
    said: Any = read(ROWS.read_bytes())
    return tuple(_row(one) for one in said)


def rows_text() -> str:
    """The same judged anew, as the text of `ROWS`: a line a server."""
    rows = [server_row(server_page(server)) for server in known_servers()]
    lines = [json.dumps({field.name: getattr(row, field.name) for field in fields(row)}, ensure_ascii=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _row(said: Any) -> ServerRow:
    return ServerRow(**{**said, "by_class": tuple((RiskClass(risk), number) for risk, number in said["by_class"])})


@cache
def known_servers() -> tuple[CataloguedServer, ...]:
    """Those that come with Yett, by slug. All are judged, once: a fraction of a second."""
    return tuple(_judged(slug) for slug in sorted(known_slugs()))


@cache
def known_packages() -> tuple[tuple[str, str, Package], ...]:
    """Slug, name and package of those that come with Yett and are from one, by slug; nothing is judged."""
    read_ones = ((slug, _read(slug)) for slug in sorted(known_slugs()))
    return tuple((slug, one.name, one.package) for slug, one in read_ones if one.package is not None)


def known_server(slug: str) -> CataloguedServer | None:
    """The one of this slug; only it is judged."""
    return _judged(slug) if slug in known_slugs() else None


def search_known(sought: Sought) -> list[Found]:
    """Their tools that fit, the best first. Only servers that have one are judged."""
    found: list[Found] = []
    for slug in sorted(known_slugs()):
        if sought.server is None or sought.server in {slug, _read(slug).name}:
            found.extend(_fitting(slug, sought))
    return sorted(found, key=lambda one: one.order)[: sought.limit]


def catalogued(
    slug: str, name: str, about: str, tools: Iterable[ToolDefinition], overrides: dict[str, Override] | None = None
) -> CataloguedServer:
    """A server of these tools, each judged; `overrides` by tool name are an administrator's."""
    listed = tuple(tools)
    verdicts = classify_tools(listed)
    said = overrides or {}
    judged = tuple((tool, shown(verdict, said.get(tool.name))) for tool, verdict in zip(listed, verdicts, strict=True))
    return CataloguedServer(slug, name, about, judged)


def by_server(tools: Iterable[ToolDefinition]) -> list[CataloguedServer]:
    """Tools of several servers, as servers, by name."""
    groups: defaultdict[str, list[ToolDefinition]] = defaultdict(list)
    for tool in tools:
        groups[tool.server or UNNAMED].append(tool)
    return [catalogued(name, name, "", found) for name, found in sorted(groups.items())]


def _fitting(slug: str, sought: Sought) -> Iterable[Found]:
    scores = [score(sought.words, words) for words in _words(slug)]
    if all(worth is None for worth in scores):
        return
    server = _judged(slug)
    for (tool, verdict), worth in zip(server.tools, scores, strict=True):
        if worth is None or sought.risk not in {None, verdict.risk} or sought.severity not in {None, verdict.severity}:
            continue
        yield Found(server.name, slug, tool.name, tool.title, verdict.risk, verdict.severity, round(worth, 1))


@cache
def _words(slug: str) -> tuple[Words, ...]:
    server = _read(slug)
    return tuple(tool_words(tool.name, tool.title, f"{server.name} {slug}", tool.description) for tool in server.tools)


@cache
def _judged(slug: str) -> CataloguedServer:
    said = _read(slug)
    server = catalogued(slug, said.name, said.about, said.tools)
    day = None if said.package is None else said.package.listed
    return replace(server, known=True, package=said.package, seen_at=day)


@cache
def _read(slug: str) -> _Shipped:
    said: Any = read((_FILES / f"{slug}.json").read_bytes())
    tools = tuple(tool_definition(value, said["slug"]) for value in said["tools"])
    package = said.get("package")
    return _Shipped(said["name"], said["about"], tools, None if package is None else _package(package))


def _package(said: dict[str, Any]) -> Package:
    several = {key: tuple(said[key]) for key in ("arguments", "environment")}
    return Package(**{**said, **several})
