"""The oracle: what the policy language says about one call, read off the text of design/policy.md sentence by sentence.

Slow and plain on purpose. It never imports the engine; it shares value types with it and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.oracle.conditions import ABSENT, FALSE, ILL, TRUE, Asked, Json, judge_conditions
from tests.oracle.counting import Charged, Counter, added_in_all
from tests.oracle.rules import (
    Limit,
    Rule,
    charge_of,
    entries,
    entries_with_ids,
    fits_pattern,
    is_shadow,
    is_unlisted,
    limits_of,
    rule_of,
    rules_of,
)
from tests.oracle.texts import is_normal_uri
from yett.policy.decision import Ask, Call, Code, Decision, Effect, Facts, Surface

REQUIRE: Final = {TRUE: None, FALSE: Code.REQUIRE_FAILED, ABSENT: Code.REQUIRE_FAILED, ILL: Code.ARGUMENT_TYPE}
DENY_IF: Final = {TRUE: Code.DENY_IF_MATCHED, FALSE: None, ABSENT: None, ILL: Code.ARGUMENT_TYPE}
APPROVAL: Final = {TRUE: Code.APPROVAL_REQUIRED, FALSE: None, ABSENT: None, ILL: Code.ARGUMENT_TYPE}
TIMEOUT_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Denial:
    """One reason to stop the call; in shadow it is noted and not enforced."""

    code: Code
    rule: str
    shadow: bool = False
    message: str | None = None
    retry_after_s: int | None = None


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
        return [] if _un_normal(self.call) else rules_of(self.document, self.call, self.facts)

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
    """Step 8: looked at, not reserved, in list order; a limit of unknown amount adds nothing to those that share its counter."""
    charges = [charge for limit in case.limits if (charge := charge_of(limit)) is not None]
    for limit in case.limits:
        charge, message = charge_of(limit), limit.body.get("on_deny")
        if isinstance(limit.amount, Code):
            yield Denial(limit.amount, limit.id, limit.rule.shadow, message)
        if charge is None:
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


def shows(document: Json, call: Call, facts: Facts) -> bool:
    """Whether a list shows what the call names: tools are filtered by what hides, resources and prompts by what lists them."""
    if document is None:
        return False
    case = Case(document, call, facts, (), 0)
    found = step_hide(case) if call.surface is Surface.TOOL else step_listed(case)
    return all(denial.shadow for denial in found)
