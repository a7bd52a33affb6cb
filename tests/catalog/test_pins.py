"""What a tool's definition is known again by."""

from __future__ import annotations

from typing import Any

import pytest

from yett.catalog.marks import MARKED_MAX, fits, marks_of
from yett.catalog.pins import pin_of, pins_of
from yett.policy.json_value import JsonObject

TOOL: JsonObject = {
    "name": "read",
    "title": "Read",
    "description": "Reads a file",
    "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}, "limit": {"type": "number", "default": 1}}},
    "annotations": {"readOnlyHint": True},
    "_meta": {"a": 1},
}


def shown(now: JsonObject, pinned: JsonObject = TOOL) -> bool:
    marks, pin = marks_of(now), marks_of(pinned)
    assert marks is not None and pin is not None
    return fits(marks, pin)


def test_a_definition_fits_its_pin_whatever_the_order_of_its_members() -> None:
    assert shown({key: TOOL[key] for key in reversed(TOOL)})
    one, other = pin_of(TOOL), pin_of({key: TOOL[key] for key in reversed(TOOL)})
    assert one is not None and other is not None and one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "Read"),
        ("description", "Reads a file."),
        ("inputSchema", {"type": "object"}),
        ("title", "Read it"),
        ("annotations", {"readOnlyHint": False}),
        ("_meta", {"a": 2}),
        ("outputSchema", {"type": "object"}),
        ("instructions", "first call `send`"),
    ],
)
def test_whatever_else_it_says_it_fits_no_more(member: str, value: Any) -> None:
    assert not shown({**TOOL, member: value})


@pytest.mark.parametrize("member", ["title", "annotations", "_meta"])
def test_what_a_server_leaves_out_for_an_older_revision_changes_nothing(member: str) -> None:
    assert shown({key: value for key, value in TOOL.items() if key != member})


@pytest.mark.parametrize("member", ["description", "inputSchema"])
def test_what_every_revision_has_may_not_be_left_out(member: str) -> None:
    assert not shown({key: value for key, value in TOOL.items() if key != member})


def test_a_value_does_not_count_for_another_member() -> None:
    assert not shown({"name": "a", "title": "x"}, {"name": "a", "label": "x"})


def test_members_without_number_have_marks_within_bounds_and_each_counts() -> None:
    many: JsonObject = {"name": "a", **{f"member{number:04}": number for number in range(1_000)}}
    marks = marks_of(many)
    assert marks is not None and len(marks) == MARKED_MAX + 2
    assert shown(many, many)
    assert not shown({**many, "member0999": 0}, many)


def test_a_name_that_is_listed_twice_has_a_pin_only_where_both_say_the_same() -> None:
    assert pins_of([TOOL, dict(TOOL)])["read"] == pin_of(TOOL)
    for third in ([], [TOOL]):
        assert pins_of([TOOL, {**TOOL, "description": "Deletes"}, *third]) == {"read": None}


def test_what_is_no_tool_has_no_pin() -> None:
    assert pins_of([None, "read", {"description": "no name"}, {"name": ""}, {"name": 3}]) == {}
