"""YAML as an encoding of JSON: its traps are text, or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from yett.policy.yaml_text import YamlError, load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", 1),
        ("a: -0", 0),
        ("a: 1.50", Decimal("1.50")),
        ("a: 1e3", Decimal("1E+3")),
        ("a: -1.0E-3", Decimal("-0.0010")),
        ("a: true", True),
        ("a: false", False),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: ''", ""),
        ("a: '1'", "1"),
        ('a: "true"', "true"),
        ("a: |\n  1\n", "1\n"),
        ("a: >-\n  x\n  y\n", "x y"),
        ("a: [1, b, {c: d}]", [1, "b", {"c": "d"}]),
        ("a: [1, 2,]", [1, 2]),
        ("{a: 5}", 5),
        ('{"a": 5}', 5),
        ("? a\n: 5", 5),
        ("\ufeffa: 5", 5),
        ("---\na: 5\n...\n", 5),
        ("# before\na: 5 # behind\n", 5),
        ('a: "\\uD83D\\uDE00"', "\N{GRINNING FACE}"),
    ],
)
def test_plain_scalars_are_read_as_json_reads_them(text: str, value: Any) -> None:
    assert load(text.encode()) == {"a": value}


@pytest.mark.parametrize(
    "word",
    [
        *("yes", "no", "on", "off", "y", "n", "True", "TRUE", "Null", "NULL"),
        *("010", "0o10", "0x10", "0b1", "1_000", "+1", ".5", "1.", "1e", "١"),
        *(".inf", ".nan", "Infinity", "NaN"),
        *("2026-01-01", "2026-01-01T00:00:00Z", "12:30", "1:2:3"),
    ],
)
def test_what_other_readers_take_for_booleans_dates_or_octals_is_text(word: str) -> None:
    assert load(f"a: {word}".encode()) == {"a": word}
    assert load(f"{word}: 1".encode()) == {word: 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2", "line 2, column 1: duplicate key `a`"),
        ("{a: 1, 'a': 2}", "duplicate key `a`"),
        ('1: a\n"1": b', "duplicate key `1`"),
        ('"\\uD83D\\uDE00": 1\n"\N{GRINNING FACE}": 2', "duplicate key"),
        ("a: &x 1", "anchors and aliases"),
        ("&x a: 1", "anchors and aliases"),
        ("a: [&x 1]", "anchors and aliases"),
        ("a: *x", "anchors and aliases"),
        ("a: !!str 1", "tags are not allowed"),
        ("a: ! x", "tags are not allowed"),
        ("!!map {a: 1}", "tags are not allowed"),
        ("a: !<tag:yaml.org,2002:int> 3", "tags are not allowed"),
        ("a: !!python/object/apply:os.system [id]", "tags are not allowed"),
        ("!x a: 1", "tags are not allowed"),
        ("<<: {a: 1}", "merge keys"),
        ("? [a]\n: b", "a key must be text"),
        ("? {a: 1}\n: b", "a key must be text"),
        ("a: 1\n---\nb: 2", "expected one document"),
        ("", "expected one document"),
        ("# nothing", "expected one document"),
        ("%YAML 1.1\n---\na: 1", "directives"),
        ("%TAG !e! tag:e,2000:\n---\na: 1", "directives"),
        ('a: "\\ud800"', "lone surrogate"),
        ('"\\udc00": 1', "lone surrogate"),
        ("a: " + "9" * 5_000, "out of range"),
        ("a: \x07", "special characters"),
        ("a:\t1", "line 1"),
        ("a: [1", "line 1"),
        ("[" * 300 + "]" * 300, "nested too deep"),
    ],
)
def test_what_two_readers_may_take_differently_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(YamlError) as refused:
        load(text.encode())
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_text_that_is_not_utf_8_is_refused() -> None:
    for data in (b"a: \xff", "a: 1".encode("utf-16")):
        with pytest.raises(YamlError):
            load(data)


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert load(b"'<<': 1") == {"<<": 1}
