"""What the definitions of a server's tools try on whoever reads them, seen beside the other servers of the same stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from yett.catalog.model import ToolDefinition
from yett.catalog.poison import Around, poison
from yett.policy.json_value import JsonObject
from yett.scan.model import FoundServer, ToolFlag, Tools


def with_flags(tools: Tools, others: Mapping[str, str], clean: Callable[[str], str]) -> Tools:
    """`tools` with what was found in them. `others`: descriptions of other servers' tools by name; `clean` takes secrets out."""
    if not tools.listed:
        return tools
    around = Around(frozenset(tool.name for tool in tools.listed), others)
    found = tuple(
        ToolFlag(tool.name, flag.code, flag.severity, flag.what, flag.place, clean(flag.quote))
        for tool in tools.listed
        for flag in poison(_written(tool), around)
    )
    return replace(tools, flags=found)


def tools_of_others(server: FoundServer, known: Sequence[tuple[FoundServer, Tools]]) -> dict[str, str]:
    """Descriptions of the tools of every server that surely is another one; clients may share one."""
    return {
        tool.name: tool.description
        for other, tools in known
        if other is not server and not _is_same(server, other)
        for tool in tools.listed or ()
    }


def _is_same(one: FoundServer, other: FoundServer) -> bool:
    if one.package is not None and other.package is not None:
        return (one.package.kind, one.package.name) == (other.package.kind, other.package.name)
    return one.shown == other.shown or (one.host is not None and one.host == other.host)


def _written(tool: ToolDefinition) -> JsonObject:
    """The definition as its server wrote it, as far as it was kept."""
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "annotations": dict(tool.annotations),
    }
