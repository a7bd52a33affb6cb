"""`Mcp-Param-*`: fields in which a client repeats arguments, for proxies on the way. They must say what the body says.

A tool's input schema names them: a property with `x-mcp-header: "Region"` is repeated in `Mcp-Param-Region`. A server, or what
stands before it, may act on the field, while policies judge the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from yett.protocol.headers import decoded, encoded
from yett.protocol.strict_json import JsonValue, Unreadable, read

PREFIX: Final = b"mcp-param-"
_DEPTH_MAX: Final = 160
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What the name of a field may hold (RFC 9110, section 5.6.2)."""

ParameterFields: TypeAlias = Mapping[bytes, tuple[str, ...]]
"""Lower-case name of a field → the way to the argument that it repeats."""
NOWHERE: Final[tuple[str, ...]] = ()
"""The way of a field that can repeat nothing: it leads to all arguments, which no field holds."""


def parameter_fields(schema: bytes) -> ParameterFields:
    """The fields that a tool's input schema names; none where the schema cannot be read.

    One that is named for two arguments repeats neither: whoever sends it says what nobody can check.
    """
    try:
        value = read(schema, depth_max=_DEPTH_MAX)
    except Unreadable:
        return {}
    fields: dict[bytes, tuple[str, ...]] = {}
    for name, way in _named(value, ()):
        fields[name] = NOWHERE if name in fields else way
    return fields


def _named(schema: JsonValue, way: tuple[str, ...]) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Fields by the properties that name them; only `properties` are followed, as the protocol says."""
    pending = [(schema, way)]
    while pending:
        node, at = pending.pop()
        if not isinstance(node, dict):
            continue
        name = node.get("x-mcp-header")
        if at and isinstance(name, str) and _TOKEN.fullmatch(name):
            yield PREFIX + name.lower().encode("utf-8"), at
        properties = node.get("properties")
        if isinstance(properties, dict):
            pending.extend((part, (*at, key)) for key, part in properties.items())


def contradicted(
    fields: ParameterFields, arguments: Mapping[str, JsonValue], headers: Sequence[tuple[bytes, bytes]]
) -> str | None:
    """The first field that says something else than the arguments, or None. Fields that no schema names say nothing."""
    for name, value in headers:
        way = fields.get(name)
        if way is None:
            continue
        said = decoded(value)
        if said is None or said != _text(_argument(arguments, way)):  # what cannot be read repeats nothing, not even an absence
            return name.decode("ascii", "replace")
    return None


def missing(fields: ParameterFields, arguments: Mapping[str, JsonValue], headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """The first field that should repeat an argument and is not there, or None."""
    sent = {name for name, _ in headers}
    for name, way in fields.items():
        if name not in sent and _text(_argument(arguments, way)) is not None:
            return name.decode("ascii", "replace")
    return None


def repeated(fields: ParameterFields, arguments: Mapping[str, JsonValue]) -> list[tuple[bytes, bytes]]:
    """The fields that repeat these arguments."""
    texts = ((name, _text(_argument(arguments, way))) for name, way in fields.items())
    return [(name, encoded(text)) for name, text in texts if text is not None]


def _argument(arguments: Mapping[str, JsonValue], way: tuple[str, ...]) -> JsonValue:
    value: JsonValue = dict(arguments)
    for key in way:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: JsonValue) -> str | None:
    """An argument as a field repeats it; None for what no field can repeat."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < 18:
        return str(int(value))
    return str(value) if isinstance(value, int) else None
