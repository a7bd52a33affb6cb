"""What callers wrote, as people see it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.approvals.shown import NAMED_MAX, explained, inert, inert_json, inert_members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2J",
        "a\nb",
        "a\r",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\U000e0041",
        "\u2028",
        "\u00ad",
        "\u3164",
        "\u2800",
        "\ufe0f",
        "\x9b",
    ],
)
def test_what_does_not_show_itself_is_written_out(text: str) -> None:
    shown = inert(f"pay {text} now")
    assert shown.isprintable()
    assert "\\u" in shown
    assert json.loads(f'"{shown}"') == f"pay {text} now"


def test_what_shows_itself_stays_as_it_is() -> None:
    assert inert("Zahlung an Müller, 支払い, שלום 😀") == "Zahlung an Müller, 支払い, שלום 😀"


def test_json_is_shown_one_member_a_line_with_numbers_as_they_are_written() -> None:
    text = '{"a":[1,2.50],"b":{},"c":[],"d":{"e":123456789012345678901234567890.10}}'
    lines = ["{", '  "a": [', "    1,", "    2.50", "  ],", '  "b": {},', '  "c": [],', '  "d": {']
    assert inert_json(text).split("\n") == [*lines, '    "e": 123456789012345678901234567890.10', "  }", "}"]


@given(VALUES)
def test_inert_json_is_the_same_value_and_every_line_of_it_prints(value: object) -> None:
    shown = inert_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert json.loads(shown) == value
    assert all(line.isprintable() for line in shown.split("\n"))


@given(st.dictionaries(st.text(), VALUES))
def test_members_are_shown_apart_each_with_its_own_value(value: dict[str, object]) -> None:
    shown = inert_members(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert [(json.loads(f'"{name}"'), json.loads(text)) for name, text in shown] == list(value.items())


def test_letters_that_look_like_others_are_written_out_and_named() -> None:
    text = json.dumps({"to": "p\u0430ypal", "note": "a\u202e b\u200b"}, ensure_ascii=False, separators=(",", ":"))
    assert '"p\\u0430ypal"' in inert_json(text)
    assert json.loads(inert_json(text)) == json.loads(text)
    names = ["CYRILLIC SMALL LETTER A", "RIGHT-TO-LEFT OVERRIDE", "ZERO WIDTH SPACE"]
    assert [told.partition(" is ")[2] for told in explained(text)] == names
    assert explained('{"note":"fine"}') == []


def test_so_many_characters_are_named_and_the_others_counted() -> None:
    many = "".join(chr(0x1D400 + number) for number in range(NAMED_MAX + 3))
    assert explained(json.dumps({"a": many}, ensure_ascii=False))[-1] == "and 3 more"
    assert len(explained(json.dumps({"a": many}, ensure_ascii=False))) == NAMED_MAX + 1


def test_the_letter_of_an_escape_belongs_to_no_word() -> None:
    text = json.dumps({"a": "да\nпривет\tмир\\нет"}, ensure_ascii=False)
    assert "привет" in inert_json(text) and "мир" in inert_json(text) and "нет" in inert_json(text)
    assert explained(text) == []
    assert "\\u0430" in inert_json(json.dumps({"a": "\np\u0430y"}, ensure_ascii=False))
