"""The oracle: what the policy language says about one call, read off the text of design/policy.md sentence by sentence.

Slow and plain on purpose. It never imports the engine; it shares value types with it and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tests.oracle.conditions import (
    ABSENT,
    FALSE,
    ILL,
    TRUE,
    Asked,
    Json,
    Where,
    is_clear,
    judge_conditions,
    kind,
    value_at,
)
from tests.oracle.counting import Charged, Counter, added_in_all
from tests.oracle.texts import is_normal_uri
from yett.policy.decision import Ask, Call, Code, Decision, Effect, Facts, Surface
from yett.quota.charge import Amount, Charge, CounterKey
from yett.quota.windows import Window

__all__ = ["Charged", "judge", "limits_of", "rule_places"]

REQUIRE: Final = {TRUE: None, FALSE: Code.REQUIRE_FAILED, ABSENT: Code.REQUIRE_FAILED, ILL: Code.ARGUMENT_TYPE}
DENY_IF: Final = {TRUE: Code.DENY_IF_MATCHED, FALSE: None, ABSENT: None, ILL: Code.ARGUMENT_TYPE}
APPROVAL: Final = {TRUE: Code.APPROVAL_REQUIRED, FALSE: None, ABSENT: None, ILL: Code.ARGUMENT_TYPE}
TIMEOUT_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Rule:
    """A rule that applies to the call, in canonical form."""

    place: str
    """`/tools/<key>`, escaped."""
    body: dict[str, Any]
    shadow: bool


@dataclass(frozen=True)
class Denial:
    """One reason to stop the call; in shadow it is noted and not enforced."""

    code: Code
    rule: str
    shadow: bool = False
    message: str | None = None
    retry_after_s: int | None = None


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
    if name in keys:
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
    for rule in _rules(document, call, facts):
        for listed in ("require", "deny_if", "require_approval"):
            for index, (one, _) in enumerate(entries_with_ids(rule, listed)):
                places[one] = (rule.place, listed, index)
    return places


def _rules(document: Json, call: Call, facts: Facts) -> list[Rule]:
    return [rule for rule in (rule_of(document, call, facts), all_tools_of(document, call)) if rule is not None]


# --- limits --------------------------------------------------------------------------------------------------------


def limits_of(document: Json, call: Call, facts: Facts, now_ns: int) -> list[Limit]:
    """Every limit of the call: the rule's, then those of all_tools."""
    asked = Asked(call, facts, now_ns, document.get("timezone", "UTC"))
    found = []
    for rule in _rules(document, call, facts):
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


# --- the steps of section 5 ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """All that one judgement is about."""

    document: Json
    call: Call
    facts: Facts
    history: Sequence[Charged]
    now_ns: int

    @property
    def asked(self) -> Asked:
        """What conditions may look at."""
        return Asked(self.call, self.facts, self.now_ns, self.document.get("timezone", "UTC"))

    @property
    def rules(self) -> list[Rule]:
        """The rules that apply, in order; none for a resource whose URI is not normal."""
        return [] if _un_normal(self.call) else _rules(self.document, self.call, self.facts)

    @property
    def limits(self) -> list[Limit]:
        """The limits that apply, in order."""
        return limits_of(self.document, self.call, self.facts, self.now_ns) if self.rules else []


def _un_normal(call: Call) -> bool:
    return call.surface is Surface.RESOURCE and not is_normal_uri(call.name)


def step_hide(case: Case) -> Iterator[Denial]:
    """Step 2, with what `hide_unpermitted` adds."""
    document, facts = case.document, case.facts
    hide = list(document.get("hide", []))
    hide += [key for key, body in document.get("tools", {}).items() if body.get("action") == "hide"]
    hide += [{"risk": name} for name, body in document.get("risk", {}).items() if body.get("action") == "hide"]
    for entry in hide:
        if fits_pattern(entry, case.call.name) if isinstance(entry, str) else entry["risk"] == (facts.tool.risk or "Unknown"):
            yield Denial(Code.HIDDEN, "(hidden)")
    if document.get("hide_unpermitted"):
        unlisted = is_unlisted(document, rule_of(document, case.call, facts)) and not is_shadow(document, {})
        always = any(
            not entry["conditions"] for rule in case.rules if not rule.shadow for entry in entries(rule.body.get("deny_if", []))
        )
        if unlisted or always:
            yield Denial(Code.HIDDEN, "(hidden)")


def step_known(case: Case) -> Iterator[Denial]:
    """Step 3."""
    if not case.facts.tool.known:
        yield Denial(Code.UNKNOWN_TOOL, "(unknown tool)")
    if case.facts.tool.changed:
        yield Denial(Code.TOOL_CHANGED, "(tool changed)")


def step_listed(case: Case) -> Iterator[Denial]:
    """Step 4."""
    rule = rule_of(case.document, case.call, case.facts)
    by_default = rule is None and case.document["default"] == "deny"
    unlisted = is_unlisted(case.document, rule) if case.call.surface is Surface.TOOL else by_default or _un_normal(case.call)
    if unlisted:
        yield Denial(Code.NOT_LISTED, "(default deny)", is_shadow(case.document, {}))


def step_schema(case: Case) -> Iterator[Denial]:
    """Step 5: the first place that says anything decides."""
    places = [*case.rules, Rule("", case.document, is_shadow(case.document, {}))]
    place = next((one for one in places if "validate_arguments" in one.body), None)
    if place is None or not place.body["validate_arguments"]:
        return
    check = case.facts.tool.check
    if check is None or check(case.call.arguments) is not None:
        yield Denial(Code.ARGUMENT_SCHEMA, f"{place.place}/validate_arguments", place.shadow)


def step_entries(case: Case, listed: str, table: dict[Any, Code | None]) -> Iterator[Denial]:
    """Steps 6, 7 and 9: what each entry of a list says by its table."""
    for rule in case.rules:
        for one, entry in entries_with_ids(rule, listed):
            code = table[judge_conditions(entry["conditions"], case.asked)]
            if code is not None:
                yield Denial(code, one, rule.shadow, entry.get("on_deny"))


def step_limits(case: Case) -> Iterator[Denial]:
    """Step 8: looked at, not reserved."""
    charges = [charge for limit in case.limits if (charge := charge_of(limit)) is not None]
    for limit in case.limits:
        charge, message = charge_of(limit), limit.body.get("on_deny")
        if charge is None:
            assert isinstance(limit.amount, Code)
            yield Denial(limit.amount, limit.id, limit.rule.shadow, message)
            continue
        counter, added = Counter(limit.key, case.history), added_in_all(charges, limit.key)
        if not counter.fits(charge, added, case.now_ns):
            retry = counter.retry_after_s(charge, added, case.now_ns)
            yield Denial(Code.LIMIT_EXCEEDED, limit.id, limit.rule.shadow, message, retry)


def step_approval(case: Case) -> Iterator[Denial]:
    """Step 9: an ILL entry denies before anyone is asked."""
    found = list(step_entries(case, "require_approval", APPROVAL))
    yield from (denial for denial in found if denial.code is Code.ARGUMENT_TYPE)
    if not case.facts.approved:
        yield from (denial for denial in found if denial.code is Code.APPROVAL_REQUIRED)


def denials(case: Case) -> Iterator[Denial]:
    """Every reason to stop the call, in the order of section 5."""
    if case.call.surface is Surface.TOOL:
        yield from step_hide(case)
        yield from step_known(case)
    yield from step_listed(case)
    if case.call.surface is Surface.TOOL:
        yield from step_schema(case)
    yield from step_entries(case, "require", REQUIRE)
    yield from step_entries(case, "deny_if", DENY_IF)
    yield from step_limits(case)
    yield from step_approval(case)


def asks(case: Case) -> tuple[Ask, ...]:
    """The approvals that people must give: of enforced rules only."""
    enforced = {denial.rule for denial in step_entries(case, "require_approval", APPROVAL) if not denial.shadow}
    return tuple(
        Ask(one, _timeout_s(entry), tuple(entry.get("approvers", ())), entry.get("quorum", 1), entry.get("on_deny"))
        for rule in case.rules
        for one, entry in entries_with_ids(rule, "require_approval")
        if one in enforced
    )


def _timeout_s(entry: Json) -> int:
    text = entry.get("timeout", "30m")
    return int(text[:-1]) * TIMEOUT_UNITS[text[-1]]


def judge(document: Json, call: Call, facts: Facts, history: Sequence[Charged], now_ns: int) -> Decision:
    """What the policy says about the call; `message` is None where the text leaves the sentence to the engine."""
    if document is None:
        return Decision(Effect.DENY, Code.NO_POLICY, "(no policy)")
    case = Case(document, call, facts, history, now_ns)
    found = list(denials(case))
    enforced = next((denial for denial in found if not denial.shadow), None)
    if enforced is not None:
        asking = enforced.code is Code.APPROVAL_REQUIRED
        return Decision(
            Effect.APPROVAL if asking else Effect.DENY,
            enforced.code,
            enforced.rule,
            enforced.message,
            enforced.retry_after_s,
            asks=asks(case) if asking else (),
        )
    made = [(limit.rule.shadow, charge) for limit in case.limits if (charge := charge_of(limit)) is not None]
    charges = tuple(charge for shadow, charge in made if not shadow)
    spent = asks(case) if facts.approved else ()
    if not found:
        return Decision(Effect.ALLOW, charges=charges, shadow_charges=tuple(c for shadow, c in made if shadow), asks=spent)
    first = found[0]
    effect = Effect.WOULD_ASK if first.code is Code.APPROVAL_REQUIRED else Effect.WOULD_DENY
    return Decision(effect, first.code, first.rule, first.message, first.retry_after_s, charges=charges, asks=spent)
