"""The tables of the language: whole, and of one mind with those who read them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.policies import policy, problems_of
from yett.policy import vocabulary as words
from yett.policy.model import Mode
from yett.policy.operators import compile_test
from yett.policy.paths import parse_path
from yett.quota.windows import Window

OBJECTS = (words.POLICY, words.RULE, words.SUGAR, words.ENTRY, words.APPROVAL, words.LEAF, words.LIMIT, words.RATE_LIMIT)
SAMPLES: dict[words.Literal, Any] = {
    words.Literal.ANY: 1,
    words.Literal.LIST: ["a"],
    words.Literal.NUMBER: 1,
    words.Literal.PATTERN: "a",
    words.Literal.STRING: "a",
    words.Literal.SIZE: 1,
    words.Literal.TYPES: "string",
    words.Literal.BOOLEAN: True,
    words.Literal.HOSTS: ["example.com"],
    words.Literal.DIRECTORIES: ["/srv"],
    words.Literal.CIDRS: ["10.0.0.0/8"],
    words.Literal.SQL: {"dialect": "sqlite", "kinds": ["select"]},
}


def test_every_key_says_what_it_means() -> None:
    assert all(key.meaning for table in OBJECTS for key in table.values())


@pytest.mark.parametrize("op", words.OPERATORS)
def test_every_operator_can_be_written_and_judges(op: str) -> None:
    literal = SAMPLES[words.OPERATORS[op]]
    assert problems_of(policy(tools={"t": {"deny_if": [{"path": "args.a", "op": op, "value": literal}]}})) == {}
    assert compile_test(op, literal)("text") in range(4)


def test_every_context_path_is_a_path() -> None:
    assert [parse_path(path).root for path in words.CONTEXT_PATHS] == list(words.CONTEXT_PATHS)


def test_every_window_and_mode_is_known_to_those_who_use_it() -> None:
    assert [Window(name).name for name in words.WINDOWS] == list(words.WINDOWS)
    assert [mode.value for mode in Mode] == list(words.MODES)


def test_the_tables_cannot_be_changed() -> None:
    for table in OBJECTS:
        with pytest.raises(TypeError):
            table["new"] = None  # type: ignore[index]  # that is the point
