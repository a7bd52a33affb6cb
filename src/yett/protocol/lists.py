"""Tool lists: what a server says that it has, and the part of it that a grant may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from yett.protocol.answers import (
    MalformedAnswer,
    Members,
    items,
    joined,
    members,
    read_answer,
    refuse_look_alikes,
    result_of,
)
from yett.protocol.strict_json import JsonValue


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """One tool as the server defines it."""

    name: str
    input_schema: bytes | None
    """JSON text of `inputSchema`; None where there is none that is an object."""
    raw: bytes
    """JSON text of the whole definition, as it stood on the wire."""


class ListRefused(MalformedAnswer):
    """The server answered a request for its tools with an error."""


@dataclass(frozen=True, slots=True)
class _Page:
    answer: Members
    result: Members
    value: dict[str, JsonValue]
    tools: list[ToolDefinition]


def filter_tools_list(data: bytes, visible: Callable[[str], bool], *, stateless: bool) -> tuple[bytes, list[ToolDefinition]]:
    """The answer to one `tools/list` without the tools that are not `visible`, and all the tools that were in it.

    In the stateless era it is labelled private: what one grant sees must not be cached for another. Every tool that stays
    keeps its bytes; an answer with nothing to change is returned as it is, and so is an error of the server.

    Errors: `MalformedAnswer`; such an answer must never be passed through.
    """
    page = _page(data)
    if page is None:
        return data, []
    kept = [tool for tool in page.tools if visible(tool.name)]
    label = stateless and page.value.get("cacheScope") != "private"
    if len(kept) == len(page.tools) and not label:
        return data, page.tools
    result = {**page.result, "tools": joined([msgspec.Raw(tool.raw) for tool in kept])}
    if label:
        result["cacheScope"] = msgspec.Raw(b'"private"')
    return bytes(joined({**page.answer, "result": joined(result)})), page.tools


def read_tools_list(data: bytes) -> tuple[list[ToolDefinition], str | None]:
    """The tools of one page and the cursor of the next, None on the last page. (The empty string is a cursor.)

    Errors: `MalformedAnswer`; `ListRefused` where the server answered with an error.
    """
    page = _page(data)
    if page is None:
        raise ListRefused("the server answered a request for its tools with an error; see its own log")
    cursor = page.value.get("nextCursor")
    if cursor is not None and not isinstance(cursor, str):
        raise MalformedAnswer("the server's list of tools has a cursor that is no string; its author must mend it")
    return page.tools, cursor


def _page(data: bytes) -> _Page | None:
    """One page taken apart, or None where the answer is an error."""
    answer, value = read_answer(data)
    result = result_of(value)
    if result is None:
        return None
    listed = result.get("tools")
    if not isinstance(listed, list):
        raise MalformedAnswer("the server's answer holds no list of tools; its author must mend it")
    parts = members(answer["result"])
    tools = [_tool(tool, raw) for tool, raw in zip(listed, items(parts["tools"]), strict=True)]
    return _Page(answer, parts, result, tools)


def _tool(value: JsonValue, raw: msgspec.Raw) -> ToolDefinition:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise MalformedAnswer("the server's list has a tool without a name; its author must mend it")
    refuse_look_alikes(value)
    schema = bytes(members(raw)["inputSchema"]) if isinstance(value.get("inputSchema"), dict) else None
    return ToolDefinition(str(value["name"]), schema, bytes(raw))
