"""Names with `*`, and which key rules a name."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.policy.patterns import best_key, by_precedence, literal_characters, matches


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("a", "ab", False),
        ("", "", True),
        ("*", "", True),
        ("*", "anything\nat all", True),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*a", "ba", True),
        ("*a", "ab", False),
        ("a*b", "ab", True),
        ("a*b", "a-b-b", True),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("a**b", "ab", True),
        ("a*b*c", "a-c-b-c", True),
        ("a*b*c", "acb", False),
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
        ("get_?", "get_x", False),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
        ("é*", "e\u0301x", False),
        ("drop_*", "drop_", True),
    ],
)
def test_a_star_is_any_run_of_characters_and_everything_else_is_itself(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits


@examples(300)
@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_fit_what_the_plain_definition_says(pattern: str, name: str) -> None:
    plain = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(pattern, name) is (re.fullmatch(plain, name, re.DOTALL) is not None)


def test_no_pattern_takes_more_than_linear_time() -> None:
    started = time.perf_counter()
    assert not matches("a*" * 5_000 + "b", "a" * 50_000)
    assert time.perf_counter() - started < 2


def test_the_exact_key_rules_then_the_pattern_with_most_literal_characters_then_lexicographic_order() -> None:
    keys = ["*", "get_*", "get_user", "*_user", "get*", "a*", "*a"]
    ordered = by_precedence(keys)
    assert list(ordered) == ["*_user", "get_*", "get*", "*a", "a*", "*"]
    assert best_key("get_user", keys, ordered) == "get_user"
    assert best_key("get_users", keys, ordered) == "get_*"
    assert best_key("del_user", keys, ordered) == "*_user"
    assert best_key("aa", keys, ordered) == "*a"
    assert best_key("zz", keys, ordered) == "*"


def test_the_order_of_keys_does_not_matter() -> None:
    assert list(by_precedence(["a*", "*a"])) == list(by_precedence(["*a", "a*"]))


def test_stars_do_not_make_a_pattern_more_specific() -> None:
    keys = ["a***", "ab*"]
    assert best_key("abx", keys, by_precedence(keys)) == "ab*"


def test_nothing_rules_a_name_that_no_key_fits() -> None:
    assert best_key("x", ["a", "b*"], by_precedence(["a", "b*"])) is None


def test_a_name_with_a_star_is_no_exact_key() -> None:
    assert best_key("a*", ["a*"], by_precedence(["a*"])) == "a*"
    assert best_key("*", ["a*"], by_precedence(["a*"])) is None
    assert best_key("a*", ["a*", "*a*"], by_precedence(["a*", "*a*"])) == "*a*"


@pytest.mark.parametrize(("pattern", "count"), [("", 0), ("*", 0), ("a*b", 2), ("**a", 1), ("é*", 1)])
def test_stars_are_not_literal(pattern: str, count: int) -> None:
    assert literal_characters(pattern) == count
