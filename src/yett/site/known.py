"""The servers that the catalogue knows of itself, and tools from files as servers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from yett.catalog.classify import classify_tools
from yett.catalog.definition import tool_definition
from yett.catalog.model import Override, ToolDefinition
from yett.catalog.overriding import shown
from yett.catalog.page_model import CataloguedServer
from yett.protocol.strict_json import read

_FILES: Final = Path(__file__).parent / "known"
UNNAMED: Final = "unnamed"
"""The server of tools that name none."""


@cache
def known_servers() -> tuple[CataloguedServer, ...]:
    """Those that come with Yett, by slug."""
    return tuple(_known(path) for path in sorted(_FILES.glob("*.json")))


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


def _known(path: Path) -> CataloguedServer:
    said: Any = read(path.read_bytes())
    tools = [tool_definition(value, said["slug"]) for value in said["tools"]]
    server = catalogued(said["slug"], said["name"], said["about"], tools)
    return CataloguedServer(server.slug, server.name, server.about, server.tools, known=True)
