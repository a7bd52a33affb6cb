"""A server's answer, read strictly because it is going to be edited, and taken apart without touching what is not edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from yett.errors import UpstreamFault
from yett.protocol.keys import has_look_alike
from yett.protocol.strict_json import JsonValue, Unreadable, read

DEPTH_MAX: Final = 160
"""Levels of an answer that is edited: tool schemas are nested, and the parser itself stops at 200."""
SIGNS_MAX: Final = 1_000_000
"""Strings, commas and opening brackets of one: ten thousand tools with a schema each."""

Members = dict[str, msgspec.Raw]
"""An object's members in their order, each as the bytes that stood on the wire."""

_members_decoder: Final = msgspec.json.Decoder(Members)
_items_decoder: Final = msgspec.json.Decoder(list[msgspec.Raw])


class MalformedAnswer(UpstreamFault):
    """The server's answer is not what the protocol says, so it can be neither edited nor passed through."""


def read_answer(data: bytes) -> tuple[Members, dict[str, JsonValue]]:
    """One JSON-RPC response, as raw members and as a value.

    Errors: `MalformedAnswer` for anything else, also for what two readers may take differently.
    """
    try:
        value = read(data, depth_max=DEPTH_MAX, signs_max=SIGNS_MAX)
    except Unreadable as error:
        raise MalformedAnswer(f"the server's answer cannot be read: {error}; its author must mend it") from None
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or ("result" in value) is ("error" in value):
        raise MalformedAnswer("the server's answer is no JSON-RPC response; its author must mend it")
    refuse_look_alikes(value)
    # Safe after the strict reading: no duplicate keys are left that the two parsers could take differently.
    return _members_decoder.decode(data), value


def reads_one_way(data: bytes) -> bool:
    """Whether every reader sees the same members of this message: no key twice, none like the protocol's own."""
    try:
        value = read(data, depth_max=DEPTH_MAX, signs_max=SIGNS_MAX)
    except Unreadable:
        return False
    return isinstance(value, dict) and not has_look_alike(value.keys())


def result_of(answer: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
    """The result as a value, or None where the answer is an error."""
    if "error" in answer:
        return None
    result = answer["result"]
    if not isinstance(result, dict):
        raise MalformedAnswer("the server's result is no object; its author must mend it")
    refuse_look_alikes(result)
    return result


def refuse_look_alikes(value: Mapping[str, JsonValue]) -> None:
    """A client that reads keys laxly must not see another list than the one that was filtered."""
    if has_look_alike(value.keys()):
        raise MalformedAnswer(
            "the server's answer has a member that looks like one of the protocol's own; its author must mend it"
        )


def members(raw: msgspec.Raw | bytes) -> Members:
    """An object's members. `raw` must have been read as an object before."""
    return _members_decoder.decode(raw)


def items(raw: msgspec.Raw | bytes) -> list[msgspec.Raw]:
    """An array's items. `raw` must have been read as an array before."""
    return _items_decoder.decode(raw)


def joined(parts: Members | list[msgspec.Raw]) -> msgspec.Raw:
    """The JSON text of these members or items; the inverse of `members` and `items` but for blanks between them."""
    return msgspec.Raw(msgspec.json.encode(parts))
