"""The canonical form of a policy: without sugar, keys in the vocabulary's order, defaults left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Final

from yett.policy.json_value import JsonValue
from yett.policy.model import AnyOf, ApprovalEntry, Condition, Entry, HiddenClass, Leaf, Limit, Mode, Not, Policy, Rule
from yett.policy.vocabulary import TIMEOUT_DEFAULT_S, TIMEOUT_UNITS, VERSION


def canonical_document(policy: Policy) -> dict[str, JsonValue]:
    """The document that parses to `policy` again, and says no more than it must."""
    document: dict[str, JsonValue] = {} if policy.schema is None else {"$schema": policy.schema}
    document |= {"version": VERSION, "default": "allow" if policy.default_allows else "deny"}
    optional: dict[str, JsonValue] = {
        "description": policy.description,
        "mode": None if policy.mode is Mode.ENFORCE else policy.mode.value,
        "timezone": None if policy.timezone == "UTC" else policy.timezone,
        "hide": [{"risk": item.risk} if isinstance(item, HiddenClass) else item for item in policy.hide] or None,
        "hide_unpermitted": policy.hide_unpermitted,
        "validate_arguments": policy.validate_arguments,
        "all_tools": None if policy.all_tools is None else _rule(policy.all_tools),
        "tools": _rules(policy.tools) or None,
        "resources": _rules(policy.resources) or None,
        "prompts": _rules(policy.prompts) or None,
        "server_requests": {name: "allow" if allowed else "deny" for name, allowed in policy.server_requests.items()} or None,
    }
    if policy.risk is not None:  # an empty `risk` says something: no class has a rule
        document["risk"] = _rules(policy.risk)
    document |= {name: value for name, value in optional.items() if value is not None and value is not False}
    return {name: document[name] for name in _ORDER if name in document}


_ORDER: Final = (
    *("$schema", "version", "description", "mode", "timezone", "default", "hide", "hide_unpermitted", "validate_arguments"),
    *("all_tools", "tools", "risk", "resources", "prompts", "server_requests"),
)


def canonical_json(policy: Policy, *, indent: int | None = None) -> str:
    """The canonical document as JSON text; compact unless `indent` is given."""
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(json_ready(canonical_document(policy)), ensure_ascii=False, indent=indent, separators=separators)


def revision_digest(policy: Policy) -> str:
    """SHA-256 in hex of the canonical text: equal for policies that say the same in the same order."""
    return sha256(canonical_json(policy).encode()).hexdigest()


def json_ready(value: JsonValue) -> object:
    """`value` with decimals in a form that the standard library writes as JSON numbers.

    Every number of a policy is exact (`is_exact`), so the shortest text of its double is its value.
    """
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [json_ready(element) for element in value]
    if isinstance(value, dict):
        return {name: json_ready(member) for name, member in value.items()}
    return value


def _rules(rules: Mapping[str, Rule]) -> dict[str, JsonValue]:
    return {key: _rule(rule) for key, rule in rules.items()}


def _rule(rule: Rule) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {
        "require": [_entry(entry) for entry in rule.require],
        "deny_if": [_entry(entry) for entry in rule.deny_if],
        "require_approval": [_approval(entry) for entry in rule.require_approval],
        "limits": [_limit(limit) for limit in rule.limits],
    }
    written = {name: entries for name, entries in written.items() if entries}
    if rule.validate_arguments is not None:
        written["validate_arguments"] = rule.validate_arguments
    if rule.mode is not None:
        written["mode"] = rule.mode.value
    return written


def _entry(entry: Entry) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {"conditions": [_condition(condition) for condition in entry.conditions]}
    if entry.on_deny is not None:
        written["on_deny"] = entry.on_deny
    return written


def _approval(entry: ApprovalEntry) -> dict[str, JsonValue]:
    written = _entry(entry)
    if entry.timeout_s != TIMEOUT_DEFAULT_S:
        written["timeout"] = _duration(entry.timeout_s)
    if entry.approvers:
        written["approvers"] = list(entry.approvers)
    if entry.quorum != 1:
        written["quorum"] = entry.quorum
    return written


def _duration(seconds: int) -> str:
    unit, length = next((unit, length) for unit, length in reversed(tuple(TIMEOUT_UNITS.items())) if seconds % length == 0)
    return f"{seconds // length}{unit}"


def _condition(condition: Condition) -> dict[str, JsonValue]:
    match condition:
        case AnyOf(conditions):
            return {"any": [_condition(part) for part in conditions]}
        case Not(inner):
            return {"not": _condition(inner)}
        case Leaf(path, operator, value, every_or_some):
            written: dict[str, JsonValue] = {"path": path.text, "op": operator, "value": value}
            if every_or_some is not None:
                written["match"] = every_or_some
            return written


def _limit(limit: Limit) -> dict[str, JsonValue]:
    window: JsonValue = int(limit.window.name) if limit.window.name.isdecimal() else limit.window.name
    written: dict[str, JsonValue] = {"counter": limit.counter, "window": window, "max": limit.maximum, "scope": limit.scope}
    optional: dict[str, JsonValue] = {
        "sliding": True if limit.window.sliding else None,
        "increment_from": None if limit.increment_from is None else limit.increment_from.text,
        "increment_size_of": None if limit.increment_size_of is None else limit.increment_size_of.text,
        "increment_default": limit.increment_default,
        "on_deny": limit.on_deny,
    }
    return written | {name: value for name, value in optional.items() if value is not None}
