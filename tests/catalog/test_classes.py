"""Classes that are bound to definitions."""

from __future__ import annotations

import json
from typing import Any

from yett.catalog.classes import classes_of
from yett.catalog.fingerprint import fingerprint

GET: dict[str, Any] = {"name": "get_order", "description": "Look at an order."}
REFUND: dict[str, Any] = {"name": "refund_order", "description": "Refund an order."}


def test_each_tool_has_its_class_with_the_fingerprint_of_its_definition() -> None:
    found = classes_of([GET, REFUND], "shop")
    assert {name: one.risk.value for name, one in found.items()} == {"get_order": "Read", "refund_order": "Financial"}
    assert [one.definition for one in found.values()] == [fingerprint(GET), fingerprint(REFUND)]


def test_what_is_no_definition_has_no_class_and_leaves_the_others_alone() -> None:
    assert list(classes_of([7, {}, {"name": ""}, {"name": "x", "annotations": 3}, GET], "shop")) == ["get_order"]


def test_a_definition_does_not_say_of_which_server_it_is() -> None:
    send: dict[str, Any] = {"name": "send", "description": "Do it."}
    assert [classes_of([send], server)["send"].risk.value for server in ("wallet", "shop")] == ["Financial", "Write"]
    assert classes_of([{**send, "server": "shop"}], "wallet")["send"].risk.value == "Financial"


def test_a_name_of_two_definitions_has_no_class_and_one_that_is_listed_twice_alike_has_one() -> None:
    assert classes_of([GET, {**GET, "title": "Delete"}, GET], "shop") == {}
    assert list(classes_of([GET, GET], "shop")) == ["get_order"]


def test_a_fingerprint_is_the_same_after_the_definition_was_kept_as_json() -> None:
    value: dict[str, Any] = {**GET, "inputSchema": {"b": [1, 1.0, 1e300, 10**30], "a": "ü\u2028"}, "annotations": None}
    assert fingerprint(json.loads(json.dumps(value, ensure_ascii=False))) == fingerprint(value)
    swapped: dict[str, Any] = {**value, "inputSchema": {"b": [1.0, 1, 1e300, 10**30], "a": "ü\u2028"}}
    assert fingerprint(value) != fingerprint(swapped)


def test_a_member_that_is_absent_is_not_one_that_is_null() -> None:
    assert fingerprint(GET) != fingerprint({**GET, "annotations": None})


def test_what_cannot_be_written_out_has_no_fingerprint() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert fingerprint({**GET, "inputSchema": deep}) is None
    assert fingerprint("get_order") is None
    assert classes_of([{**GET, "inputSchema": 10**5000}], "shop") == {}
