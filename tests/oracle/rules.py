"""Which rules apply to a call, what their parts are called, and what their limits ask: sections 1, 2 and 4 of the text.

Part of the oracle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.oracle.conditions import Asked, Json, Where, is_clear, kind, value_at
from yett.policy.decision import Call, Code, Facts, Surface
from yett.quota.charge import Amount, Charge, CounterKey
from yett.quota.windows import Window


@dataclass(frozen=True)
class Rule:
    """A rule that applies to the call, in canonical form."""

    place: str
    """`/tools/<key>`, escaped."""
    body: dict[str, Any]
    shadow: bool


@dataclass(frozen=True)
class Limit:
    """One limit of a rule with what the call adds, or the code why that cannot be said."""

    rule: Rule
    id: str
    body: dict[str, Any]
    key: CounterKey
    amount: Amount | Code


# --- finding the rule ----------------------------------------------------------------------------------------------


def fits_pattern(pattern: str, name: str) -> bool:
    """Whether `*` (any run of characters) can be filled so that the pattern reads as the name."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(fits_pattern(pattern[1:].lstrip("*"), name[start:]) for start in range(len(name) + 1))
    return name[:1] == pattern[0] and fits_pattern(pattern[1:], name[1:])


def best_key(keys: Sequence[str], name: str) -> str | None:
    """The exact key; else the matching pattern with the most literal characters; ties by lexicographic order."""
    if name in keys and "*" not in name:  # a key with `*` is a pattern, also for a tool that is called so
        return name
    matching = [key for key in keys if "*" in key and fits_pattern(key, name)]
    return min(matching, key=lambda key: (-len(key.replace("*", "")), key), default=None)


def is_shadow(document: Json, body: Json) -> bool:
    """Whether a rule (or, with an empty body, the document) decides without enforcing."""
    return bool(body.get("mode", document.get("mode", "enforce")) == "shadow")


def canonical(key: str, body: Json) -> dict[str, Any]:
    """A rule without sugar; `hide` is dealt with elsewhere."""
    plain = {name: value for name, value in body.items() if name not in ("action", "reason", "rate_limit")}
    entry: dict[str, Any] = {"conditions": []}
    if "reason" in body:
        entry["on_deny"] = body["reason"]
    if body.get("action") == "deny":
        plain["deny_if"] = [entry]
    if body.get("action") == "require_approval":
        plain["require_approval"] = [entry]
    if "rate_limit" in body:
        plain["limits"] = [{"counter": f"{key}_rate", "scope": "session", **body["rate_limit"]}]
    return plain


def rule_of(document: Json, call: Call, facts: Facts) -> Rule | None:
    """The one rule that the call's own name or class finds."""
    section = document.get(call.surface.value, {})
    key = best_key(list(section), call.name)
    where = call.surface.value
    if key is None and call.surface is Surface.TOOL:
        risk = facts.tool.risk or "Unknown"
        section, where, key = document.get("risk", {}), "risk", risk if risk in document.get("risk", {}) else None
    if key is None:
        return None
    escaped = key.replace("~", "~0").replace("/", "~1")
    return Rule(f"/{where}/{escaped}", canonical(key, section[key]), is_shadow(document, section[key]))


def all_tools_of(document: Json, call: Call) -> Rule | None:
    """The rule for every tool call."""
    if call.surface is not Surface.TOOL or "all_tools" not in document:
        return None
    return Rule("/all_tools", document["all_tools"], is_shadow(document, document["all_tools"]))


def is_unlisted(document: Json, rule: Rule | None) -> bool:
    """Step 4, but for resource URIs."""
    return rule is None and (document["default"] == "deny" or "risk" in document)


# --- entries and their ids -----------------------------------------------------------------------------------------


def entries(listed: Json) -> list[dict[str, Any]]:
    """Entries in canonical form: bare conditions wrapped, `true` spelt out."""
    if listed is True:
        return [{"conditions": []}]
    beside = ("on_deny", "timeout", "approvers", "quorum")
    return [
        entry
        if "conditions" in entry
        else {"conditions": [{k: v for k, v in entry.items() if k not in beside}], **{k: entry[k] for k in beside if k in entry}}
        for entry in listed
    ]


def condition_id(condition: Json) -> str:
    """`path-op`, `any(a,b)`, `not(a)`."""
    if "any" in condition:
        return f"any({','.join(condition_id(part) for part in condition['any'])})"
    if "not" in condition:
        return f"not({condition_id(condition['not'])})"
    return f"{condition['path']}-{condition['op']}"


def numbered(ids: Sequence[str]) -> list[str]:
    """The second identical id in a list gets `#2`, the third `#3`."""
    return [one if one not in ids[:at] else f"{one}#{ids[:at].count(one) + 1}" for at, one in enumerate(ids)]


def entries_with_ids(rule: Rule, listed: str) -> list[tuple[str, dict[str, Any]]]:
    """The entries of one list of a rule, each with its rule id."""
    found = entries(rule.body.get(listed, []))
    ids = ["+".join(condition_id(one) for one in entry["conditions"]) or "always" for entry in found]
    return [(f"{rule.place}/{listed}/{one}", entry) for one, entry in zip(numbered(ids), found, strict=True)]


def rule_places(document: Json, call: Call, facts: Facts) -> dict[str, tuple[str, str, int]]:
    """Every rule id that this call may meet → rule, list and index: what stays when ids change with the order of conditions."""
    places = {}
    for rule in rules_of(document, call, facts):
        for listed in ("require", "deny_if", "require_approval"):
            for index, (one, _) in enumerate(entries_with_ids(rule, listed)):
                places[one] = (rule.place, listed, index)
    return places


def rules_of(document: Json, call: Call, facts: Facts) -> list[Rule]:
    """The rules of a tool call, prompt or resource: its own, then all_tools."""
    return [rule for rule in (rule_of(document, call, facts), all_tools_of(document, call)) if rule is not None]


# --- limits --------------------------------------------------------------------------------------------------------


def limits_of(document: Json, call: Call, facts: Facts, now_ns: int) -> list[Limit]:
    """Every limit of the call: the rule's, then those of all_tools."""
    asked = Asked(call, facts, now_ns, document.get("timezone", "UTC"))
    found = []
    for rule in rules_of(document, call, facts):
        limits = rule.body.get("limits", [])
        for name, body in zip(numbered([limit["counter"] for limit in limits]), limits, strict=True):
            key = _counter_key(body, facts, rule.shadow)
            found.append(Limit(rule, f"{rule.place}/limits/{name}", body, key, _amount(body, asked)))
    return found


def _counter_key(body: Json, facts: Facts, shadow: bool) -> CounterKey:
    scope = body.get("scope", "grant")
    grant = facts.grant.id
    owner = {
        "organisation": (facts.organisation,),
        "server": (facts.organisation, facts.server_id),
        "grant": (facts.organisation, facts.server_id, grant),
        "session": (facts.organisation, facts.server_id, grant, grant if facts.session is None else facts.session),
    }[scope]
    return CounterKey(owner, body["counter"], scope, Window(str(body["window"]), body.get("sliding", False)), shadow)


def _amount(body: Json, asked: Asked) -> Amount | Code:
    """What the call adds, or the code why nobody can say."""
    path = body.get("increment_from") or body.get("increment_size_of")
    if path is None:
        return 1
    value = value_at(path, asked)
    if value is Where.MISSING:
        default: Amount | Code = body.get("increment_default", Code.REQUIRE_FAILED)
        return default
    if "increment_size_of" in body:
        return len(value) if isinstance(value, list) else Code.ARGUMENT_TYPE
    if isinstance(value, Where) or kind(value) != "number" or not is_clear(value) or value < 0:
        return Code.ARGUMENT_TYPE
    exact: Amount = value
    return exact


def charge_of(limit: Limit) -> Charge | None:
    """The charge that a limit with a known amount asks for."""
    if isinstance(limit.amount, Code):
        return None
    maximum: int | Decimal = limit.body["max"]
    return Charge(limit.key, limit.amount, maximum, limit.id, limit.body.get("on_deny"))
