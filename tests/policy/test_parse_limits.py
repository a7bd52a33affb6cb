"""Limits: every defect at its place, and one window, scope and `sliding` for one counter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.policies import policy, problems_of, read
from yett.policy.model import Limit
from yett.policy.paths import parse_path
from yett.quota.windows import Window

LIMIT = {"counter": "n", "window": "day", "max": 1}


def limit_problems(limit: Any, *, place: str = "/tools/t") -> list[str]:
    rule = {"limits": [limit]}
    document = policy(all_tools=rule) if place == "/all_tools" else policy(tools={"t": rule})
    return [pointer.removeprefix(f"{place}/limits/0") for pointer in problems_of(document)]


def test_a_limit_with_all_its_words() -> None:
    written = {
        **LIMIT,
        "max": 99.5,
        "window": "hour",
        "scope": "organisation",
        "sliding": True,
        "increment_from": "args.amount",
        "increment_default": 0,
        "on_deny": "enough",
    }
    (limit,) = read(policy(tools={"t": {"limits": [written]}})).tools["t"].limits
    assert limit == Limit(
        "n", Window("hour", True), Decimal("99.5"), "organisation", parse_path("args.amount"), None, 0, "enough"
    )


@pytest.mark.parametrize(
    ("window", "name"),
    [*((word, word) for word in ("minute", "hour", "day", "week", "month")), (1, "1"), (31_536_000, "31536000"), (60.0, "60")],
)
def test_windows(window: Any, name: str) -> None:
    (limit,) = read(policy(tools={"t": {"limits": [{**LIMIT, "window": window}]}})).tools["t"].limits
    assert limit.window == Window(name)


def wrong(word: str, values: list[Any]) -> list[tuple[dict[str, Any], list[str]]]:
    """Values that a word of a limit must not have."""
    return [({word: value}, [f"/{word}"]) for value in values]


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"counter": ""}, ["/counter"]),
        ({"counter": 1}, ["/counter"]),
        *wrong("window", ["Day", "60", "year", "", 0, -60, 1.5, 31_536_001, True, None, [], {}]),
        *wrong("max", [-1, -0.5, "1", True, None, 2**53 + 1, 1e300]),
        *wrong("scope", ["user", "Grant", "", None, 1]),
        ({"sliding": 1}, ["/sliding"]),
        ({"sliding": True, "window": "week"}, ["/sliding"]),
        ({"sliding": True, "window": "month"}, ["/sliding"]),
        ({"sliding": True, "window": 86_401}, ["/sliding"]),
        ({"increment_from": "amount"}, ["/increment_from"]),
        ({"increment_from": "args.v[*]"}, ["/increment_from"]),
        ({"increment_from": 1}, ["/increment_from"]),
        ({"increment_size_of": "args.v[*].x"}, ["/increment_size_of"]),
        ({"increment_from": "args.a", "increment_size_of": "args.b"}, ["/increment_size_of"]),
        ({"increment_default": 1}, ["/increment_default"]),
        ({"increment_default": -1, "increment_from": "args.a"}, ["/increment_default"]),
        ({"on_deny": 1}, ["/on_deny"]),
        ({"per": "day"}, ["/per"]),
        ({"action": "deny"}, ["/action"]),
    ],
)
def test_each_defect_of_a_limit_is_reported_at_its_place(members: dict[str, Any], pointers: list[str]) -> None:
    assert limit_problems({**LIMIT, **members}) == pointers


def test_missing_words_are_reported_where_they_would_be() -> None:
    assert limit_problems({}) == ["/counter", "/window", "/max"]
    assert limit_problems([]) == [""]
    assert list(problems_of(policy(tools={"t": {"limits": LIMIT}}))) == ["/tools/t/limits"]


def test_a_maximum_may_be_nothing_and_the_longest_sliding_window_is_a_day() -> None:
    assert limit_problems({**LIMIT, "max": 0}) == []
    assert limit_problems({**LIMIT, "sliding": True}) == []
    assert limit_problems({**LIMIT, "sliding": True, "window": 86_400}) == []
    assert limit_problems({**LIMIT, "sliding": False, "window": "month"}) == []


def test_under_all_tools_every_call_counts_as_one() -> None:
    written = {**LIMIT, "increment_from": "args.a", "increment_size_of": "args.b"}
    assert limit_problems(written, place="/all_tools") == ["/increment_from", "/increment_size_of"]


# --- one counter ----------------------------------------------------------------------------------------------------------


def declared(*limits: dict[str, Any]) -> list[str]:
    """Problems of a document whose tools a, b, c … declare these limits."""
    tools = {chr(97 + number): {"limits": [{**LIMIT, **limit}]} for number, limit in enumerate(limits)}
    return list(problems_of(policy(tools=tools)))


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        ({}, {"window": "hour"}, "/window"),
        ({"window": 60}, {"window": "minute"}, "/window"),
        ({"window": 60}, {"window": 61}, "/window"),
        ({}, {"scope": "session"}, "/scope"),
        ({"scope": "session"}, {}, "/scope"),
        ({}, {"sliding": True}, "/sliding"),
        ({"sliding": True}, {}, "/sliding"),
    ],
)
def test_a_counter_that_is_declared_differently_is_an_error_at_the_later_declaration(first: Any, second: Any, place: str) -> None:
    assert declared(first, second) == [f"/tools/b/limits/0{place}"]


def test_each_difference_and_each_later_declaration_is_reported() -> None:
    assert declared({}, {"window": 5, "scope": "server"}, {}, {"sliding": True}) == [
        "/tools/b/limits/0/window",
        "/tools/b/limits/0/scope",
        "/tools/d/limits/0/sliding",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"max": 1}, {"max": 2}),
        ({"window": 60}, {"window": 60.0}),
        ({"scope": "grant"}, {}),
        ({"sliding": False}, {}),
        ({"on_deny": "x"}, {"increment_from": "args.a"}),
        ({"counter": "n"}, {"counter": "N", "window": "hour"}),
    ],
)
def test_what_does_not_make_another_counter(first: Any, second: Any) -> None:
    assert declared(first, second) == []


def test_counters_are_compared_across_the_whole_document() -> None:
    document = policy(
        all_tools={"limits": [LIMIT]},
        risk={"Read": {"limits": [{**LIMIT, "window": "hour"}]}},
        resources={"a:*": {"limits": [LIMIT]}},
        prompts={"p": {"limits": [{**LIMIT, "scope": "server"}]}},
    )
    assert list(problems_of(document)) == ["/risk/Read/limits/0/window", "/prompts/p/limits/0/scope"]


def test_a_rate_limit_declares_its_counter_like_any_other() -> None:
    rate = {"rate_limit": {"max": 1, "window": 60}}
    clash = {"limits": [{"counter": "t_rate", "window": 60, "max": 5}]}
    assert list(problems_of(policy(tools={"t": rate, "u": clash}))) == ["/tools/u/limits/0/scope"]
    assert list(problems_of(policy(tools={"u": clash, "t": rate}))) == ["/tools/t/rate_limit"]
    other = {"limits": [{"counter": "t_rate", "window": 61, "max": 5, "scope": "session"}]}
    assert list(problems_of(policy(tools={"u": other, "t": rate}))) == ["/tools/t/rate_limit/window"]


def test_the_message_names_what_differs() -> None:
    rate = {"rate_limit": {"max": 1, "window": 60}}
    clash = {"limits": [{"counter": "t_rate", "window": 60, "max": 5}]}
    (message,) = problems_of(policy(tools={"u": clash, "t": rate})).values()
    assert message.startswith("counter `t_rate` is declared elsewhere with another scope")
