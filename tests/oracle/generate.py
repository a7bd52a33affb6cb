"""Pairs of a policy and a question, from one integer seed: everything the policy language speaks of, valid and varied."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from tests.oracle import tricky, tricky_places
from tests.oracle.conditions import Asked
from tests.oracle.counting import NS, Charged, stretch
from tests.oracle.documents import RISKS, Author
from tests.oracle.rules import Limit, limits_of
from tests.oracle.values import arguments, chance
from yett.policy.decision import Call, Facts, Grant, Surface, ToolFacts
from yett.policy.json_value import JsonObject
from yett.quota.charge import Amount, CounterKey
from yett.quota.windows import Window

Json = Any


@dataclass(frozen=True)
class Needs:
    """A stand-in for a compiled input schema: the argument must be there. None: nothing ever satisfies it."""

    name: str | None

    def __call__(self, arguments: JsonObject) -> str | None:
        return None if self.name in arguments else f"needs {self.name}"


@dataclass(frozen=True)
class Pair:
    """A policy and a question about it."""

    document: Json
    call: Call
    facts: Facts
    history: tuple[Charged, ...]
    now_ns: int


def pair(seed: int, index: int) -> Pair:
    """Pair number `index` of a seed."""
    rng = random.Random(f"{seed}/{index}")
    call, facts, now_ns = _call(rng), _facts(rng), _now_ns(rng)
    zone = rng.choice(tricky.TIMEZONES)
    document = Author(rng, Asked(call, facts, now_ns, zone)).document()
    if "timezone" in document:
        document["timezone"] = zone
    history = _history(rng, limits_of(document, call, facts, now_ns), now_ns)
    return Pair(None if chance(rng, 0.015) else document, call, facts, history, now_ns)


def more_questions(asked: Pair, seed: int, count: int) -> list[Pair]:
    """Other questions about the same policy: other callers, times and histories, often the same name, now and then another."""
    rng = random.Random(f"{seed}/{asked.now_ns}")
    made = []
    for _ in range(count):
        facts, now_ns = _facts(rng), asked.now_ns + rng.choice([0, 1, NS, 3_600 * NS, rng.randrange(10**17)])
        call = asked.call if chance(rng, 0.5) else _call(rng)
        if chance(rng, 0.3) and call.surface is not Surface.RESOURCE:
            call = Call(call.surface, asked.call.name, arguments(rng))
        limits = limits_of(asked.document, call, facts, now_ns)
        made.append(Pair(asked.document, call, facts, _history(rng, limits, now_ns) if chance(rng, 0.6) else (), now_ns))
    return made


def permuted(value: Json, rng: random.Random) -> Json:
    """The same policy with the conditions of its entries and the parts of every `any` in another order."""
    if isinstance(value, list):
        return [permuted(item, rng) for item in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, item in value.items():
        if key == "value":  # a literal may look like anything
            made[key] = item
            continue
        made[key] = permuted(item, rng)
        if key in ("conditions", "any") and isinstance(item, list):
            rng.shuffle(made[key])
    return made


def _call(rng: random.Random) -> Call:
    kind = rng.random()
    if kind < 0.12:
        uri = rng.choice(tricky_places.URIS)
        return Call(Surface.RESOURCE, uri, {"uri": uri})
    if kind < 0.2:
        return Call(Surface.PROMPT, rng.choice(tricky.PROMPTS), arguments(rng))
    return Call(Surface.TOOL, rng.choice(tricky.NAMES), arguments(rng))


def _facts(rng: random.Random) -> Facts:
    tags = {"team": rng.choice(tricky.STRINGS), "odd tag": rng.choice(tricky.STRINGS)}
    grant = Grant(
        id=rng.choice(["g1", "g2"]),
        label=rng.choice(["", "prod", "dev"]),
        owner=rng.choice([None, "ann@example.com", "dev"]),
        tags={key: tags[key] for key in tags if chance(rng, 0.7)},
    )
    tool = ToolFacts(
        known=chance(rng, 0.97),
        changed=chance(rng, 0.03),
        risk=rng.choice([None, *RISKS]),
        check=rng.choice([None, Needs("amount"), Needs("to"), Needs("to"), Needs(None)]),
    )
    return Facts(
        organisation=rng.choice(["o1", "o2"]),
        server_id=rng.choice(["s1", "s2"]),
        server_name=rng.choice(["prod", "dev-server"]),
        grant=grant,
        session=rng.choice([None, "g1", "main", "main"]),
        client_ip=rng.choice([None, *tricky_places.ADDRESSES]) if chance(rng, 0.7) else "10.1.2.3",
        tool=tool,
        approved=chance(rng, 0.35),
    )


_EDGES: Final = [
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # London, New York and Auckland change their clocks
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 14, tzinfo=UTC),
    datetime(2026, 11, 23, tzinfo=UTC),  # a Monday
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
]


def _now_ns(rng: random.Random) -> int:
    if chance(rng, 0.5):
        return rng.randrange(1_577_836_800 * NS, 1_924_905_600 * NS)
    edge = (rng.choice(_EDGES) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * NS
    return edge + rng.choice([0, 0, -1, 1, NS - 1, 30 * NS, -30 * NS, rng.randrange(-86_400 * NS, 86_400 * NS)])


# --- history -------------------------------------------------------------------------------------------------------


def _history(rng: random.Random, limits: Sequence[Limit], now_ns: int) -> tuple[Charged, ...]:
    """Earlier charges that leave the counters near their limits, now and then out of order or on a neighbour's counter."""
    made: list[Charged] = []
    for limit in limits:
        for amount in _amounts(rng, limit):
            key = _neighbour(rng, limit) if chance(rng, 0.12) else limit.key
            made.append(Charged(_moment(rng, limit.key.window, now_ns), key, amount))
    if chance(rng, 0.85):
        made.sort(key=lambda charged: charged.at_ns)
    return tuple(made)


def _amounts(rng: random.Random, limit: Limit) -> list[Amount]:
    """Parts of a total that is near what would just fit, or just not."""
    maximum, added = limit.body["max"], limit.amount if isinstance(limit.amount, int | Decimal) else 1
    room = Fraction(maximum) - Fraction(added)
    totals: list[Fraction] = [
        Fraction(0),
        Fraction(0),
        room,
        room,
        room + Fraction(1, 100),
        room + 1,
        room / 2,
        Fraction(maximum),
    ]
    total = rng.choice(totals)
    if not 0 < total <= 2**53:
        return []
    parts = rng.randint(1, 4)
    first = [Fraction(int(total / parts * 100), 100) for _ in range(parts - 1)]
    return [_exact(part) for part in [*first, total - sum(first)] if part > 0]


def _exact(part: Fraction) -> Amount:
    if part.denominator == 1:
        return int(part)
    return Decimal(part.numerator) / Decimal(part.denominator)


def _moment(rng: random.Random, window: Window, now_ns: int) -> int:
    """Within the window, at its edges, in the one before, or (after a clock step) ahead of now."""
    here = stretch(window, now_ns)
    length = here.closes_ns - here.opens_ns
    reach = length * (61 if window.sliding else 1)
    edges = [here.opens_ns, here.opens_ns - 1, here.closes_ns, here.closes_ns - 1, now_ns]
    if window.sliding and chance(rng, 0.5):
        return here.opens_ns - rng.choice([60 * length, 60 * length, 60 * length + 1, 61 * length, 59 * length])
    if chance(rng, 0.3):
        return min(rng.choice(edges), now_ns) if chance(rng, 0.8) else rng.choice(edges)
    if chance(rng, 0.06):
        return now_ns + rng.randrange(2 * length + 1)
    oldest = here.opens_ns if not window.sliding else now_ns - reach
    return rng.randint(min(oldest, now_ns), now_ns) if chance(rng, 0.8) else now_ns - rng.randrange(2 * reach)


def _neighbour(rng: random.Random, limit: Limit) -> CounterKey:
    """A counter that differs in one thing."""
    owner, name, scope, window, shadow = (getattr(limit.key, part) for part in ("owner", "name", "scope", "window", "shadow"))
    other = Window("minute" if window.name == "60" else "60")
    return rng.choice(
        [
            CounterKey(owner, name, scope, window, not shadow),
            CounterKey((*owner[:-1], "other"), name, scope, window, shadow),
            CounterKey(owner, f"{name}2", scope, window, shadow),
            CounterKey(owner, name, scope, other, shadow),
        ]
    )
