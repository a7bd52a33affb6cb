"""The JSON Schema for editors: generated from the parser's tables, never stricter than the parser."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from tests.oracle.generate import pair
from tests.policy.test_contract import FILES
from yett.lab.scenario import read_scenarios
from yett.policy import vocabulary as words
from yett.policy.canonical import canonical_document, json_ready
from yett.policy.errors import PolicyErrors
from yett.policy.parse import parse_policy
from yett.policy.schema import DRAFT, MEANINGS, policy_schema

Json = Any
SCHEMA: Json = policy_schema()
VALIDATOR = jsonschema_rs.Draft7Validator(SCHEMA, pattern_options=jsonschema_rs.RegexOptions())
SCENARIOS = [scenario for path in FILES for scenario in read_scenarios(path.read_bytes())]


def fits(document: Json) -> bool:
    return VALIDATOR.is_valid(document)


def is_policy(document: Json) -> bool:
    try:
        parse_policy(document)
    except PolicyErrors:
        return False
    return True


EVERYTHING: Json = {
    "$schema": "x",
    "version": "1",
    "default": "deny",
    "description": "every key there is",
    "mode": "shadow",
    "timezone": "Europe/Berlin",
    "hide": ["drop_*", {"risk": "Destructive"}],
    "hide_unpermitted": True,
    "validate_arguments": True,
    "all_tools": {
        "limits": [{"counter": "all", "window": 3_600, "max": Decimal("1.5"), "scope": "organisation", "on_deny": "x"}],
        "mode": "enforce",
    },
    "tools": {
        "a": {"action": "deny", "reason": "no", "rate_limit": {"max": 1, "window": "week"}, "validate_arguments": False},
        "b*": {"require_approval": True},
        "c": {
            "require": [
                {"conditions": [{"path": "args.a[0].b[*]", "op": "lte", "value": 5, "match": "every"}], "on_deny": "x"},
                {"path": 'args["odd.key [*]"]', "op": "neq", "value": None},
                {"any": [{"not": {"path": 'grant.tags["a b"]', "op": "in", "value": [1, "a"]}}], "on_deny": "x"},
                {"not": {"path": "now.hour", "op": "lt", "value": 8}},
            ],
            "deny_if": [{"conditions": []}, {"path": "client.ip", "op": "cidr_in", "value": ["10.0.0.0/8"]}],
            "require_approval": [
                {"conditions": [], "timeout": "90s", "approvers": ["admin", "a@b.example"], "quorum": 2},
                {
                    "path": "args.sql",
                    "op": "sql_any",
                    "value": {"dialect": "mysql", "kinds": ["drop"]},
                    "timeout": "7d",
                    "on_deny": "x",
                },
                {"any": [{"path": "args.x", "op": "exists", "value": False}], "quorum": 3},
            ],
            "limits": [
                {"counter": "c", "window": "day", "max": 0, "sliding": True, "increment_from": "args.n", "increment_default": 1},
                {"counter": "d", "window": Decimal("60.0"), "max": 5, "scope": "server", "increment_size_of": 'args["l"]'},
            ],
        },
        "d": {
            "require": [
                {"path": "args.t", "op": "type_is", "value": ["string", "array"]},
                {"path": "args.t", "op": "type_is", "value": "string"},
                {"path": "args.t", "op": "regex", "value": "^a$"},
                {"path": "args.t", "op": "contains", "value": {"any": "value"}},
                {"path": "args.t", "op": "starts_with", "value": ""},
                {"path": "args.t", "op": "ends_with", "value": "a"},
                {"path": "args.t", "op": "size_lte", "value": 5},
                {"path": "args.t", "op": "size_gte", "value": 0},
                {"path": "args.t", "op": "host_in", "value": ["*.example.com"]},
                {"path": "args.t", "op": "path_within", "value": ["/srv"]},
                {"path": "args.t", "op": "sql_only", "value": {"dialect": "postgres", "kinds": ["select"]}},
                {"path": "args.t", "op": "eq", "value": [1, {"a": None}]},
            ]
        },
    },
    "risk": {"Read": {}, "Unknown": {"action": "hide"}},
    "resources": {"file:///srv/*": {"require": [{"path": "args.uri", "op": "ends_with", "value": ".md"}]}},
    "prompts": {"greet": {"deny_if": [{"path": "args.lang", "op": "not_in", "value": ["en"]}]}},
    "server_requests": {"sampling": "deny", "elicitation": "allow", "roots": "deny"},
}


def test_the_schema_is_a_schema_of_draft_07() -> None:
    assert SCHEMA["$schema"] == DRAFT
    jsonschema_rs.meta.validate(SCHEMA)


def test_every_valid_policy_of_the_contract_fits() -> None:
    valid = [scenario.policy for scenario in SCENARIOS if scenario.invalid is None and scenario.policy is not None]
    assert all(fits(document) for document in valid)
    assert valid or not FILES


STRUCTURAL = {
    "version is required",
    "default is required and checked",
    "every error is reported",
    "unknown operator",
    "a path must start with a known root",
    "literal types are checked",
    "empty conditions in require",
    "no dynamic increment under all_tools",
    "sugar and canonical keys do not mix",
    "[*] needs match, and only [*] takes it",
    "a negative max",
}


@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if one.invalid is not None], ids=lambda scenario: scenario.name)
def test_an_invalid_policy_of_the_contract_does_not_fit_where_a_schema_can_tell(scenario: Json) -> None:
    assert fits(scenario.policy) is (scenario.name not in STRUCTURAL)


def test_a_policy_with_every_key_fits() -> None:
    assert is_policy(EVERYTHING)
    VALIDATOR.validate(EVERYTHING)
    used = json.dumps(json_ready(EVERYTHING))
    tables = (words.POLICY, words.RULE, words.SUGAR, words.ENTRY, words.APPROVAL, words.LEAF, words.ANY, words.NOT, words.LIMIT)
    assert [key for table in tables for key in table if f'"{key}"' not in used] == []


def test_a_canonical_policy_fits() -> None:
    VALIDATOR.validate(json_ready(canonical_document(parse_policy(EVERYTHING))))


def objects(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        yield from objects(member, (*path, step))


@pytest.mark.parametrize("path", list(objects(EVERYTHING)), ids=str)
def test_an_unknown_key_fits_nowhere_but_where_keys_are_patterns_or_values(path: tuple[Any, ...]) -> None:
    document = copy.deepcopy(EVERYTHING)
    place = document
    for step in path:
        place = place[step]
    place["unknown"] = {}
    assert fits(document) is is_policy(document)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("default", "block"),
        ("version", 1),
        ("mode", "audit"),
        ("hide", "drop_*"),
        ("hide", [""]),
        ("hide", [{"risk": "read"}]),
        ("tools", {"": {}}),
        ("tools", {"t": {"reason": "x"}}),
        ("tools", {"t": {"action": "allow", "limits": []}}),
        ("tools", {"t": {"rate_limit": {"max": 1}}}),
        ("tools", {"t": {"rate_limit": {"max": 1, "window": "day"}, "limits": []}}),
        ("risk", {"read": {}}),
        ("resources", {"a": {"action": "deny"}}),
        ("server_requests", {"sampling": True}),
        ("server_requests", {"ping": "allow"}),
        ("tools", {"t": {"require": [{"conditions": []}]}}),
        ("tools", {"t": {"require": [{"path": "args.a"}]}}),
        ("tools", {"t": {"require": [{"path": "args", "op": "eq", "value": 1}]}}),
        ("tools", {"t": {"require": [{"path": "args.a[01]", "op": "eq", "value": 1}]}}),
        ("tools", {"t": {"require": [{"path": "args.1a", "op": "eq", "value": 1}]}}),
        ("tools", {"t": {"require": [{"path": "grant.tags", "op": "eq", "value": 1}]}}),
        ("tools", {"t": {"require": [{"path": "args.a", "op": "in", "value": []}]}}),
        ("tools", {"t": {"require": [{"path": "args.a", "op": "size_lte", "value": -1}]}}),
        ("tools", {"t": {"require": [{"path": "args.a", "op": "type_is", "value": "integer"}]}}),
        (
            "tools",
            {"t": {"require": [{"path": "args.a", "op": "sql_only", "value": {"dialect": "klingon", "kinds": ["select"]}}]}},
        ),
        ("tools", {"t": {"require": [{"path": "args.a", "op": "path_within", "value": ["srv"]}]}}),
        ("tools", {"t": {"require": [{"path": "args.a", "op": "eq", "value": 1, "timeout": "30m"}]}}),
        ("tools", {"t": {"require_approval": False}}),
        ("tools", {"t": {"require_approval": [{"conditions": [], "timeout": "30"}]}}),
        ("tools", {"t": {"require_approval": [{"conditions": [], "quorum": 0}]}}),
        ("tools", {"t": {"require_approval": [{"conditions": [], "approvers": []}]}}),
        ("tools", {"t": {"deny_if": [{"any": []}]}}),
        ("tools", {"t": {"limits": [{"counter": "", "window": "day", "max": 1}]}}),
        ("tools", {"t": {"limits": [{"counter": "c", "window": 0, "max": 1}]}}),
        ("tools", {"t": {"limits": [{"counter": "c", "window": "week", "max": 1, "sliding": True}]}}),
        ("tools", {"t": {"limits": [{"counter": "c", "window": 86_401, "max": 1, "sliding": True}]}}),
        ("tools", {"t": {"limits": [{"counter": "c", "window": "day", "max": 1, "increment_default": 1}]}}),
        ("tools", {"t": {"limits": [{"counter": "c", "window": "day", "max": 1, "increment_from": "args.a[*]"}]}}),
        (
            "tools",
            {
                "t": {
                    "limits": [
                        {"counter": "c", "window": "day", "max": 1, "increment_from": "args.a", "increment_size_of": "args.b"}
                    ]
                }
            },
        ),
        ("all_tools", {"action": "deny"}),
    ],
    ids=str,
)
def test_what_the_parser_refuses_by_its_shape_does_not_fit(place: str, value: Json) -> None:
    document = {"version": "1", "default": "deny", place: value}
    assert not is_policy(document)
    assert not fits(document)


@pytest.mark.parametrize("index", range(300))
def test_a_generated_policy_fits(index: int) -> None:
    document = pair(11, index).document
    assert document is None or not is_policy(document) or fits(json_ready(document))


def test_every_word_of_a_closed_set_is_explained() -> None:
    sets = {
        "default": words.DEFAULTS,
        "mode": words.MODES,
        "risk class": words.RISK_CLASSES,
        "action": words.ACTIONS,
        "window": words.WINDOWS,
        "scope": words.SCOPES,
        "match": words.MATCHES,
        "operator": tuple(words.OPERATORS),
    }
    assert {name: tuple(told) for name, told in MEANINGS.items()} == sets


def test_the_schema_is_small_enough_for_an_editor() -> None:
    assert len(json.dumps(SCHEMA)) < 64_000
