"""The canonical form says the same as what was written, and is its own canonical form."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.oracle.generate import pair, permuted
from tests.support.effort import times
from tests.support.policies import ALLOW_ALL, policy, read, text_of
from yett.policy.canonical import canonical_document, canonical_json, json_ready, revision_digest
from yett.policy.document import read_json, read_policy
from yett.policy.parse import parse_policy

LEAF = {"path": "args.a", "op": "eq", "value": 1}


def canonical(document: Any) -> Any:
    return json.loads(canonical_json(read(document)))


def test_sugar_and_defaults_are_left_out() -> None:
    written = {
        "default": "deny",
        "tools": {
            "a": {"action": "deny", "reason": "no"},
            "b": {"action": "hide"},
            "c": {"rate_limit": {"max": 10.0, "window": 60}},
            "d": {"action": "allow"},
            "e": {"require_approval": True},
            "f": {"deny_if": [LEAF, {**LEAF, "on_deny": "x"}]},
        },
        "hide": [],
        "mode": "enforce",
        "timezone": "UTC",
        "hide_unpermitted": False,
        "resources": {},
        "server_requests": {},
        "version": "1",
    }
    assert canonical(written) == {
        "version": "1",
        "default": "deny",
        "hide": ["b"],
        "tools": {
            "a": {"deny_if": [{"conditions": [], "on_deny": "no"}]},
            "b": {},
            "c": {"limits": [{"counter": "c_rate", "window": 60, "max": 10, "scope": "session"}]},
            "d": {},
            "e": {"require_approval": [{"conditions": []}]},
            "f": {"deny_if": [{"conditions": [LEAF]}, {"conditions": [LEAF], "on_deny": "x"}]},
        },
    }


def test_keys_stand_in_one_order_whatever_order_they_were_written_in() -> None:
    document = {**policy(tools={"b": {}, "a": {}}), "description": "x", "mode": "shadow"}
    reordered = dict(reversed(document.items()))
    assert canonical_json(read(document)) == canonical_json(read(reordered))
    assert list(canonical(document)) == ["version", "description", "mode", "default", "tools"]
    assert list(canonical(document)["tools"]) == ["b", "a"]


def test_an_empty_risk_says_something_and_stays() -> None:
    assert canonical({**ALLOW_ALL, "risk": {}}) == {**ALLOW_ALL, "risk": {}}
    assert read({**ALLOW_ALL, "risk": {}}) != read(ALLOW_ALL)


def test_an_empty_all_tools_and_false_of_a_rule_stay() -> None:
    document = policy(all_tools={}, tools={"a": {"validate_arguments": False, "mode": "enforce"}})
    assert canonical(document) == document


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"1.0", "1.0"),
        (b"1e3", "1000.0"),
        (b"0.10", "0.1"),
        (b"5e-324", "5e-324"),
        (b"-0.0", "-0.0"),
        (b"9007199254740992", "9007199254740992"),
    ],
)
def test_numbers_keep_their_value(written: bytes, text: str) -> None:
    document = text_of(policy(tools={"t": {"deny_if": [{**LEAF, "value": "@"}]}})).replace(b'"@"', written)
    shown = canonical_json(read_policy(document))
    assert f'"value":{text}}}' in shown
    assert read_policy(shown.encode()) == read_policy(document)


@pytest.mark.parametrize("seconds", [1, 59, 60, 90, 3_600, 5_400, 86_400, 604_800])
def test_a_timeout_is_written_in_its_largest_whole_unit(seconds: int) -> None:
    document = policy(tools={"t": {"require_approval": [{"conditions": [], "timeout": f"{seconds}s"}]}})
    found = read_policy(canonical_json(read(document)).encode())
    assert found.tools["t"].require_approval[0].timeout_s == seconds
    assert found == read(document)


def test_text_is_kept_as_it_is() -> None:
    document = {**policy(tools={'odd/~"key\u2028': {"deny_if": [{"conditions": [], "on_deny": 'Ä\n"\\😀'}]}}), "description": ""}
    assert canonical(document) == document


def test_the_digest_depends_on_what_is_said_and_not_on_how() -> None:
    short, long = policy(tools={"a": {"action": "deny"}}), policy(tools={"a": {"deny_if": [{"conditions": []}]}})
    assert revision_digest(read(short)) == revision_digest(read(long))
    assert revision_digest(read(short)) != revision_digest(read({**short, "default": "allow"}))
    assert len(revision_digest(read(short))) == 64


def test_an_indented_form_means_the_same() -> None:
    found = read(policy(tools={"a": {"deny_if": [LEAF]}}))
    assert read_policy(canonical_json(found, indent=2).encode()) == found


def test_generated_policies_parse_back_equal_and_their_canonical_form_is_a_fixpoint() -> None:
    for index in range(times(400)):
        document = pair(11, index).document
        if document is None:
            continue
        found = parse_policy(document)
        text = canonical_json(found)
        again = read_policy(text.encode())
        assert again == found, document
        assert canonical_json(again) == text, document
        assert parse_policy(canonical_document(found)) == found


def test_generated_policies_mean_the_same_with_their_json_written_out() -> None:
    for index in range(times(100)):
        document = pair(12, index).document
        if document is not None:
            text = json.dumps(json_ready(document)).encode()
            assert parse_policy(read_json(text)) == parse_policy(document)


def test_reordered_conditions_are_another_text_of_the_same_length() -> None:
    for index in range(50):
        document = pair(13, index).document
        if document is not None:
            shuffled = permuted(document, random.Random(index))
            assert len(canonical_json(parse_policy(shuffled))) == len(canonical_json(parse_policy(document)))
