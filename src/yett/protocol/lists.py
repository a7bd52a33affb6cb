"""Lists: what a server says that it has, and the part of it that a grant may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

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
class ListKind:
    """One kind of list."""

    member: str
    """The member of the result that holds it."""
    key: str
    """The member of an item by which policies know it."""
    noun: str
    """What it lists, in the plural."""


TOOLS: Final = ListKind("tools", "name", "tools")
RESOURCES: Final = ListKind("resources", "uri", "resources")
TEMPLATES: Final = ListKind("resourceTemplates", "uriTemplate", "resource templates")
PROMPTS: Final = ListKind("prompts", "name", "prompts")
TASKS: Final = ListKind("tasks", "taskId", "tasks")

LISTS: Final = {"tools/list": TOOLS, "resources/list": RESOURCES, "resources/templates/list": TEMPLATES, "prompts/list": PROMPTS}
"""By method."""


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
    items: list[tuple[str, msgspec.Raw]]
    """Each with what policies know it by."""
    listed: list[JsonValue]


def filter_list(kind: ListKind, data: bytes, visible: Callable[[str], bool], *, stateless: bool) -> bytes:
    """The answer to one request for a list without the items that are not `visible`.

    In the stateless era it is labelled private: what one grant sees must not be cached for another. Every item that stays
    keeps its bytes and its place; an answer with nothing to change is returned as it is, and so is an error of the server.

    Errors: `MalformedAnswer`; such an answer must never be passed through.
    """
    page = _page(kind, data)
    if page is None:
        return data
    return _with(kind, page, data, [raw for name, raw in page.items if visible(name)], stateless=stateless)


class ToolsPage:
    """An answer with tools, read: what is in it, and the part of it that may be shown."""

    def __init__(self, data: bytes) -> None:
        """Errors: `MalformedAnswer`; such an answer must never be passed through."""
        self._data = data
        self._page = _page(TOOLS, data)
        self.tools: list[ToolDefinition] = [] if self._page is None else _tools(self._page)
        """All of them; none where the server answered with an error."""

    def shown(self, visible: Callable[[ToolDefinition], bool], *, stateless: bool) -> bytes:
        """As `filter_list` does."""
        if self._page is None:
            return self._data
        kept = [raw for tool, (_, raw) in zip(self.tools, self._page.items, strict=True) if visible(tool)]
        return _with(TOOLS, self._page, self._data, kept, stateless=stateless)


def read_tools_list(data: bytes) -> tuple[list[ToolDefinition], str | None]:
    """The tools of one page and the cursor of the next, None on the last page. (The empty string is a cursor.)

    Errors: `MalformedAnswer`; `ListRefused` where the server answered with an error.
    """
    page = _page(TOOLS, data)
    if page is None:
        raise ListRefused("the server answered a request for its tools with an error; see its own log")
    cursor = page.value.get("nextCursor")
    if cursor is not None and not isinstance(cursor, str):
        raise MalformedAnswer("the server's list of tools has a cursor that is no string; its author must mend it")
    return _tools(page), cursor


def labelled_private(data: bytes) -> bytes:
    """A stateless result that says of itself that it is for one caller only: it was judged for one grant.

    Errors: `MalformedAnswer`; such an answer must never be passed through.
    """
    answer, value = read_answer(data)
    result = result_of(value)
    if result is None or result.get("cacheScope") == _PRIVATE:
        return data
    return _joined_answer(answer, {**members(answer["result"]), "cacheScope": _PRIVATE_TEXT})


_PRIVATE: Final = "private"
_PRIVATE_TEXT: Final = msgspec.Raw(b'"private"')


def _with(kind: ListKind, page: _Page, data: bytes, kept: list[msgspec.Raw], *, stateless: bool) -> bytes:
    """The answer with these of its items."""
    label = stateless and page.value.get("cacheScope") != _PRIVATE
    if len(kept) == len(page.items) and not label:
        return data
    result = {**page.result, kind.member: joined(kept)}
    if label:
        result["cacheScope"] = _PRIVATE_TEXT
    return _joined_answer(page.answer, result)


def _joined_answer(answer: Members, result: Members) -> bytes:
    return bytes(joined({**answer, "result": joined(result)}))


def _page(kind: ListKind, data: bytes) -> _Page | None:
    """One page taken apart, or None where the answer is an error."""
    answer, value = read_answer(data)
    result = result_of(value)
    if result is None:
        return None
    listed = result.get(kind.member)
    if not isinstance(listed, list):
        raise MalformedAnswer(f"the server's answer holds no list of {kind.noun}; its author must mend it")
    parts = members(answer["result"])
    named = [(_name(kind, item), raw) for item, raw in zip(listed, items(parts[kind.member]), strict=True)]
    return _Page(answer, parts, result, named, listed)


def _name(kind: ListKind, item: JsonValue) -> str:
    """What policies know an item by."""
    name = item.get(kind.key) if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(name, str):
        raise MalformedAnswer(f"the server's list of {kind.noun} has one without `{kind.key}`; its author must mend it")
    refuse_look_alikes(item)
    return name


def _tools(page: _Page) -> list[ToolDefinition]:
    return [_tool(name, item, raw) for (name, raw), item in zip(page.items, page.listed, strict=True)]


def _tool(name: str, item: JsonValue, raw: msgspec.Raw) -> ToolDefinition:
    usable = isinstance(item, dict) and isinstance(item.get("inputSchema"), dict)
    return ToolDefinition(name, bytes(members(raw)["inputSchema"]) if usable else None, bytes(raw))
