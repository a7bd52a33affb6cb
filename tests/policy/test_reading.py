"""Reading objects by tables, collecting every problem."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from yett.policy.reading import (
    Problems,
    article,
    depth_of,
    inexact_numbers,
    one_of,
    read_boolean,
    read_list,
    read_name,
    read_number,
    read_object,
    read_text,
    whole,
)
from yett.policy.vocabulary import Key, Kind

KEYS = {"a": Key(Kind.TEXT, "the a", required=True), "b": Key(Kind.BOOLEAN, "the b")}
READERS: Any = {Kind.TEXT: read_text, Kind.BOOLEAN: read_boolean}


def found(problems: Problems) -> list[tuple[str, str]]:
    return [(error.pointer, error.message) for error in problems.found]


def test_an_object_is_read_as_far_as_it_can_be() -> None:
    problems = Problems()
    assert read_object({"b": 1, "a": "x", "c/d": 1}, "/r", KEYS, READERS, problems) == {"a": "x"}
    assert found(problems) == [("/r/b", "expected true or false, not a number"), ("/r/c~1d", "unknown key `c/d`")]


def test_a_missing_key_is_reported_where_it_would_be() -> None:
    problems = Problems()
    assert read_object({}, "/r", KEYS, READERS, problems) == {}
    assert found(problems) == [("/r/a", "`a` is missing")]


@pytest.mark.parametrize("value", [None, True, 1, "x", []])
def test_what_is_no_object_is_said_to_be_what_it_is(value: Any) -> None:
    problems = Problems()
    assert read_object(value, "/r", KEYS, READERS, problems) == {}
    assert found(problems) == [("/r", f"expected an object, not {article(value)}")]


def test_an_error_in_a_list_stands_at_the_element() -> None:
    problems = Problems()
    assert read_list(["a", 1, "", "b"], "/r", read_name, problems) == ("a", "b")
    assert found(problems) == [("/r/1", "expected a string, not a number"), ("/r/2", "must not be empty")]
    assert read_list({}, "/r", read_name, problems) == ()


@pytest.mark.parametrize(
    ("value", "integer"),
    [
        (1, 1),
        (-1, -1),
        (Decimal("1.0"), 1),
        (Decimal("1E+3"), 1000),
        (Decimal("1.5"), None),
        (True, None),
        ("1", None),
        (None, None),
        (2**53 + 1, None),
        (Decimal("1E+400"), None),
    ],
)
def test_what_is_a_whole_number(value: Any, integer: int | None) -> None:
    assert whole(value) == integer


@pytest.mark.parametrize(("value", "read"), [(1, 1), (Decimal("2.0"), 2), (Decimal("0.5"), Decimal("0.5")), (Decimal("-0.0"), 0)])
def test_a_number_is_read_exactly(value: Any, read: Any) -> None:
    problems = Problems()
    number = read_number(value, "", problems)
    assert (number, type(number)) == (read, type(read))
    assert not problems.found


@pytest.mark.parametrize("value", [True, "1", None, 2**53 + 1, Decimal("0.30000000000000001"), Decimal("1E-400")])
def test_a_number_that_readers_see_differently_is_refused(value: Any) -> None:
    problems = Problems()
    assert read_number(value, "/n", problems) is None
    assert [error.pointer for error in problems.found] == ["/n"]


def test_inexact_numbers_are_found_at_their_places() -> None:
    value: Any = {"a": [1, 2**60, {"b/c": Decimal("1E+400")}], "d": True}
    assert list(inexact_numbers(value, "/v")) == ["/v/a/1", "/v/a/2/b~1c"]


@pytest.mark.parametrize(("value", "depth"), [(1, 0), ([], 1), ({"a": 1}, 1), ([[], {"a": [1]}], 3)])
def test_how_deep_a_value_is(value: Any, depth: int) -> None:
    assert depth_of(value) == depth


def test_a_word_of_a_closed_set() -> None:
    problems = Problems()
    read = one_of(("allow", "deny"))
    assert read("allow", "/d", problems) == "allow"
    values: list[Any] = ["Allow", "allow ", "", None, True, ["allow"]]
    for value in values:
        assert read(value, "/d", problems) is None
    assert len(problems.found) == 6
    assert problems.found[0].hint == "did you mean `allow`?"


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "null"), (True, "a boolean"), (1, "a number"), ("", "a string"), ([], "an array"), ({}, "an object")],
)
def test_values_are_named_in_sentences(value: Any, words: str) -> None:
    assert article(value) == words
