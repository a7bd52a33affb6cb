"""Arguments: read strictly, all problems at once."""

from __future__ import annotations

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.server.arguments import Arguments

KNOWN = ("name", "pages", "count", "flag", "inner", "words")


def message(arguments: Arguments) -> str:
    with pytest.raises(RedBookError) as caught:
        arguments.done()
    assert caught.value.code is Code.INVALID_INPUT
    return caught.value.message


def test_what_is_right_is_read() -> None:
    arguments = Arguments({"name": "a\nb", "pages": [1, 2.0], "count": 3, "flag": True, "words": ["x"]}, KNOWN)
    assert arguments.text("name", characters_max=3, lines=True) == "a\nb"
    assert arguments.integers("pages", 2) == (1, 2)
    assert arguments.integer("count", 1, 3) == 3
    assert arguments.flag("flag", False) is True
    assert arguments.texts("words", most=1, characters_max=1) == ("x",)
    arguments.done()


def test_what_is_left_out_or_null_is_the_default() -> None:
    arguments = Arguments({"name": None, "flag": None}, KNOWN)
    assert arguments.text("name", characters_max=3) is None
    assert arguments.flag("flag", True) is True
    assert arguments.integers("pages", 3) is None
    assert arguments.member("inner", ()) is None
    arguments.done()


def test_all_problems_are_told_at_once() -> None:
    arguments = Arguments({"nmae": 1, "pages": [1, "2"], "count": 9, "flag": 1}, KNOWN)
    arguments.required("name")
    arguments.integers("pages", 5)
    arguments.integer("count", 1, 3)
    arguments.flag("flag", False)
    told = message(arguments)
    for part in (
        "`nmae` is unknown; did you mean `name`?",
        "`name` is missing",
        "`pages[1]` is '2'",
        "`count` is 9",
        "`flag` is 1",
    ):
        assert part in told


def test_a_place_within_is_named() -> None:
    inner = Arguments({"inner": {"x": 1}}, KNOWN).member("inner", ("name",))
    assert inner is not None
    assert "`inner.x` is unknown" in message(inner)


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\0", "\ud800", "toolong", 5, [], {}])
def test_texts_that_will_not_do(value: object) -> None:
    arguments = Arguments({"name": value}, KNOWN)
    arguments.text("name", characters_max=5)
    assert "`name`" in message(arguments)


@pytest.mark.parametrize("value", [True, 1.5, "1", 0, 4, float("inf"), float("nan"), [1], 10**400])
def test_numbers_that_will_not_do(value: object) -> None:
    arguments = Arguments({"count": value}, KNOWN)
    arguments.integer("count", 1, 3)
    assert "a whole number from 1 to 3" in message(arguments)


def test_a_long_value_or_name_is_not_told_back_whole() -> None:
    arguments = Arguments({"count": "x" * 1_000_000, "y" * 1_000_000: 1}, KNOWN)
    arguments.integer("count", 1, 3)
    assert len(message(arguments)) < 500


def test_very_many_problems_are_summed_up() -> None:
    told = message(Arguments({f"a{number}": 1 for number in range(10_000)}, ()))
    assert told.endswith("and 9990 more")
    assert len(told) < 1000
