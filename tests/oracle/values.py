"""Random values of every kind, and arguments of one loose shape so that paths often lead somewhere."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.oracle import tricky, tricky_places
from tests.oracle.conditions import holds_unclear_number, kind

Json = Any


def chance(rng: random.Random, probability: float) -> bool:
    """True with this probability."""
    return rng.random() < probability


def number(rng: random.Random, unclear: float = 0.1) -> Json:
    """A number; with probability `unclear` one that is ILL."""
    return rng.choice(tricky.UNCLEAR_NUMBERS if chance(rng, unclear) else tricky.CLEAR_NUMBERS)


def scalar(rng: random.Random) -> Json:
    """A value without members."""
    return rng.choice([None, True, False, number(rng), number(rng), *rng.sample(tricky.STRINGS, 3)])


def anything(rng: random.Random, depth: int = 2) -> Json:
    """A value of any kind."""
    if depth == 0 or chance(rng, 0.6):
        return scalar(rng)
    if chance(rng, 0.5):
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {key: anything(rng, depth - 1) for key in rng.sample(["a", "b", "qty", "sku", "odd.key", ""], rng.randrange(4))}


def clear(rng: random.Random, make: Callable[[random.Random], Json]) -> Json:
    """A value that may stand in a policy: no number in it is ILL."""
    while holds_unclear_number(value := make(rng)):
        pass
    return value


def _item(rng: random.Random) -> Json:
    item = {
        "qty": number(rng, 0.05),
        "sku": rng.choice(["a", "gun", "b", "prod"]),
        "sub": [scalar(rng) for _ in range(rng.randrange(3))],
    }
    return _spoil(rng, item, 0.08)


def _url(rng: random.Random) -> str:
    """A tricky URL, or one whose host is near a host of the policies."""
    if chance(rng, 0.5):
        return rng.choice(tricky_places.URLS)
    before = rng.choice(["", "", "a.", "a.b.", "not", "x-", "my_", "xn--", "."])
    host = rng.choice(["example.com", "example.org", "EXAMPLE.org", "localhost", "127.0.0.1", "bücher.de"])
    return (
        rng.choice(["https://", "http://"])
        + before
        + host
        + rng.choice(["", "/", ".", ":8443/x", "/?u=a@b", ".evil.net/", "/a\\b", "/a b"])
    )


def _spoil(rng: random.Random, value: dict[str, Json], probability: float) -> dict[str, Json]:
    """Loses members and swaps values now and then."""
    for key in list(value):
        if chance(rng, probability):
            del value[key]
        elif chance(rng, probability):
            value[key] = rng.choice([None, anything(rng), scalar(rng)])
    return value


def arguments(rng: random.Random) -> dict[str, Json]:
    """Arguments of a call."""
    made = {
        "amount": number(rng, 0.1),
        "to": rng.choice(tricky.STRINGS),
        "flag": chance(rng, 0.5),
        "nil": None,
        "items": [_item(rng) for _ in range(rng.randrange(4))],
        "tags": [rng.choice(tricky.STRINGS) if chance(rng, 0.9) else scalar(rng) for _ in range(rng.randrange(4))],
        "grid": [[number(rng, 0.08) for _ in range(rng.randrange(3))] for _ in range(rng.randrange(3))],
        "numbers": [number(rng, 0.2) for _ in range(rng.randrange(4))],
        "o": {"a": {"b": anything(rng), "c d": scalar(rng)}, "list": [scalar(rng) for _ in range(rng.randrange(4))]},
        "odd.key": scalar(rng),
        'quo"te\\é': scalar(rng),
        "": scalar(rng),
        "any": anything(rng),
        "url": _url(rng),
        "ip": rng.choice(tricky_places.ADDRESSES),
        "path": rng.choice(tricky_places.PATHS),
        "sql": rng.choice(tricky.SQL),
    }
    return _spoil(rng, made, rng.choice([0.02, 0.02, 0.15]))


NUMBER_PATHS: Final = [
    "args.amount",
    "args.amount",
    "args.items[0].qty",
    "args.items[*].qty",
    "args.numbers[1]",
    "args.numbers[*]",
    "args.grid[0][1]",
    "args.grid[*][*]",
    "args.grid[*][0]",
    "args.o.a.b",
    'args["odd.key"]',
    "now.hour",
    "now.weekday",
]
STRING_PATHS: Final = [
    "args.to",
    "args.to",
    "args.tags[0]",
    "args.tags[*]",
    "args.items[*].sku",
    'args["quo\\"te\\\\\\u00e9"]',
    "grant.id",
    "grant.label",
    "grant.owner",
    "grant.tags.team",
    'grant.tags["odd tag"]',
    "session.id",
    "server.name",
    "tool.name",
    "tool.risk",
    "client.ip",
    "now.date",
    "args.uri",
]
LIST_PATHS: Final = [
    "args.items",
    "args.grid[0]",
    "args.tags",
    "args.items[*].sub",
    "args.grid",
    "args.grid[*]",
    "args.o.list",
    "args.to",
]
ODD_PATHS: Final = [
    'args[""]',
    "args.nil",
    "args.nil.x",
    "args.nil[0]",
    "args.nil[*]",
    "args.missing",
    "args.missing.deep[3]",
    "args.missing[*].x",
    "args.amount.x",
    "args.to[0]",
    "args.o[0]",
    "args.o[*]",
    "args.tags[7]",
    "args.tags.a",
    "args.any",
    "args.any.a",
    "args.any[*]",
    "args.any[*].a",
    'args.o.a["c d"]',
    "args.items[*].sub[*]",
    "args.items[*].sub[0]",
    "args.flag",
    'args["to"]',
]
TEXT_PATHS: Final = {
    "host_in": ["args.url"],
    "path_within": ["args.path"],
    "cidr_in": ["args.ip", "client.ip"],
    "sql_only": ["args.sql"],
    "sql_any": ["args.sql"],
}
PATHS_BY_OPERATOR: Final = {
    **dict.fromkeys(["lt", "lte", "gt", "gte"], NUMBER_PATHS),
    **dict.fromkeys(["regex", "starts_with", "ends_with"], STRING_PATHS),
    **dict.fromkeys(["size_lte", "size_gte", "contains"], LIST_PATHS + STRING_PATHS),
    **TEXT_PATHS,
}
OPERATORS: Final = (
    ["eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains", "starts_with", "ends_with"] * 2
    + ["size_lte", "size_gte", "type_is", "exists", "host_in", "path_within", "cidr_in"] * 2
    + ["sql_only", "sql_any"]
)

TEXT_OPERATORS: Final = ["host_in", "host_in", "path_within", "cidr_in", "sql_only", "sql_any"]


def path_for(rng: random.Random, operator: str) -> str:
    """A path that suits the operator most of the time."""
    if chance(rng, 0.15):
        return rng.choice(ODD_PATHS)
    if chance(rng, 0.05):
        return rng.choice(NUMBER_PATHS + STRING_PATHS + LIST_PATHS)
    return rng.choice(PATHS_BY_OPERATOR.get(operator, NUMBER_PATHS + STRING_PATHS + LIST_PATHS + ODD_PATHS))


def literal_for(rng: random.Random, operator: str, actual: Json) -> Json:
    """A literal that the operator takes, half of the time near the actual value at the path."""
    near = chance(rng, 0.5) and not holds_unclear_number(actual)
    if operator in _LITERALS:
        return _LITERALS[operator](rng)
    if operator in ("eq", "neq"):
        return actual if near else _like(rng, actual)
    if operator in ("in", "not_in"):
        return [actual] * near + [_like(rng, actual) for _ in range(rng.randrange(0 if near else 1, 4))]
    if operator == "contains":
        return rng.choice(actual) if near and isinstance(actual, list) and actual else clear(rng, scalar)
    if operator in ("lt", "lte", "gt", "gte"):
        return actual if near and kind(actual) == "number" else number(rng, 0)
    if operator in ("starts_with", "ends_with"):
        return actual[:1] if near and isinstance(actual, str) else rng.choice(tricky.STRINGS)
    assert operator in ("size_lte", "size_gte")
    return len(actual) if near and kind(actual) in ("string", "array", "object") else rng.randrange(4)


def _like(rng: random.Random, actual: Json) -> Json:
    """Another value, half of the time of the same kind."""
    if kind(actual) == "number" and chance(rng, 0.5):
        return number(rng, 0)
    if kind(actual) == "array" and chance(rng, 0.5):
        return [_like(rng, item) for item in actual]
    return clear(rng, anything)


def _some(rng: random.Random, choices: list[str], most: int = 3) -> list[str]:
    return rng.sample(choices, rng.randint(1, most))


_TYPES: Final = ["boolean", "number", "string", "array", "object"]
_LITERALS: Final[dict[str, Callable[[random.Random], Json]]] = {
    "exists": lambda rng: chance(rng, 0.5),
    "type_is": lambda rng: rng.choice(_TYPES) if chance(rng, 0.5) else _some(rng, _TYPES),
    "regex": lambda rng: rng.choice(tricky.PATTERNS),
    "host_in": lambda rng: _some(rng, tricky_places.HOSTS),
    "cidr_in": lambda rng: _some(rng, tricky_places.BLOCKS),
    "path_within": lambda rng: _some(rng, tricky_places.DIRECTORIES, 2),
    "sql_only": lambda rng: {"dialect": rng.choice(tricky.DIALECTS), "kinds": _some(rng, tricky.SQL_KINDS, 6)},
    "sql_any": lambda rng: {"dialect": rng.choice(tricky.DIALECTS), "kinds": _some(rng, tricky.SQL_KINDS, 4)},
}
