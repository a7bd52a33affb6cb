"""Secrets of arguments are masked before they are kept; everything else is shown in full."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from yett.approvals.masking import MASK, masked, masks
from yett.policy.json_value import JsonValue


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "db_password", "api_key", "apiKey", "X-API-Key", "client_secret", "access_token"),
        *("Authorization", "Set-Cookie", "private_key", "credentials", "otp", "passphrase"),
    ],
)
def test_what_is_called_a_secret_is_masked_whatever_it_is(name: str) -> None:
    values: list[Any] = ["s", 5, ["s"], {"a": "s"}]
    for value in values:
        assert masked({"deep": [{name: value}]}) == {"deep": [{name: "***"}]}


@pytest.mark.parametrize("name", ["passenger", "token_count", "keyboard", "secretary", "author", "key", "tokenizer", "spinning"])
def test_what_only_sounds_like_one_is_shown(name: str) -> None:
    assert masked({name: "s"}) == {name: "s"}


@pytest.mark.parametrize("empty", ["", None, True])
def test_what_tells_nothing_is_shown(empty: Any) -> None:
    assert masked({"password": empty}) == {"password": empty}


@pytest.mark.parametrize("number", [4_000, Decimal("0.5")])
def test_how_many_tokens_is_no_secret_and_which_ones_is(number: Any) -> None:
    assert masked({"max_tokens": number, "token": number, "tokens": "t"}) == {
        "max_tokens": number,
        "token": "***",
        "tokens": "***",
    }


def test_the_value_beside_a_name_that_says_so_is_masked() -> None:
    said: Any = [
        {"name": "Authorization", "value": "Bearer s"},
        {"key": "api_key", "value": ["s"]},
        {"name": "Accept", "value": "x"},
    ]
    shown: Any = masked({"headers": said})
    assert [one["value"] for one in shown["headers"]] == ["***", "***", "x"]


def test_configured_places_are_masked_beside_them() -> None:
    places = masks(["headers.*", "cards.*.number", "note"])
    value: Any = {"headers": {"x": "1"}, "cards": [{"number": 4, "name": "n"}], "note": "n", "deep": {"note": "m"}}
    assert masked(value, places) == {
        "headers": {"x": "***"},
        "cards": [{"number": "***", "name": "n"}],
        "note": "***",
        "deep": {"note": "m"},
    }


@pytest.mark.parametrize(
    ("place", "given", "expected"),
    [
        (r"card\.number", {"card.number": "1", "card": {"number": "2"}}, {"card.number": MASK, "card": {"number": "2"}}),
        (r"a.x\.y.z", {"a": {"x.y": {"z": "1", "w": "2"}}}, {"a": {"x.y": {"z": MASK, "w": "2"}}}),
        (r"\*", {"*": "1", "b": "2"}, {"*": MASK, "b": "2"}),
        (r"back\\slash", {"back\\slash": "1"}, {"back\\slash": MASK}),
        (r"C:\dir", {"C:\\dir": "1"}, {"C:\\dir": MASK}),
        ("a.", {"a": {"": "1", "b": "2"}}, {"a": {"": MASK, "b": "2"}}),
        ("end\\", {"end\\": "1"}, {"end\\": MASK}),
    ],
)
def test_a_place_may_name_a_member_with_a_dot_or_a_star_in_it(place: str, given: JsonValue, expected: JsonValue) -> None:
    assert masked(given, masks([place])) == expected
