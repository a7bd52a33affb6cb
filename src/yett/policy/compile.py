"""A policy becomes plans: for each tool, resource or prompt, everything that applies to it, in the order of evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from yett.policy.amounts import AmountOf, amount_of
from yett.policy.conditions import CompiledCondition, Judge, compile_condition, conjunction
from yett.policy.decision import Ask, Decision, Surface
from yett.policy.errors import escape_token
from yett.policy.locations import is_normal_uri
from yett.policy.model import ApprovalEntry, Entry, HiddenClass, Limit, Mode, Policy, Rule
from yett.policy.patterns import best_key, by_precedence, matches, overlap
from yett.policy.templates import parts_of, stands_for_uris
from yett.policy.vocabulary import RISK_CLASSES
from yett.quota.charge import Charge

PLANS_MAX: Final = 4_096
"""Names whose plan is remembered; a client that makes up names must not fill the memory."""


@dataclass(frozen=True, slots=True)
class CompiledEntry:
    """One entry, ready to be judged."""

    rule: str
    judge: Judge
    shadow: bool
    conditions: tuple[CompiledCondition, ...]
    on_deny: str | None
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class CompiledLimit:
    """One limit, ready to be charged."""

    rule: str
    limit: Limit
    shadow: bool
    amount: AmountOf | None
    """What a call adds; None where each adds one."""


@dataclass(frozen=True, slots=True)
class Validation:
    """That arguments must satisfy the tool's schema, and which place of the policy says so."""

    rule: str
    shadow: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is the same for every call of one caller."""

    units: tuple[Charge, ...]
    """A charge of one for each limit, in their order."""
    allowed: Decision
    """The decision that allows with these charges."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that applies to one name."""

    listed: bool
    unlisted_shadow: bool
    """Where not listed: whether the document's shadow mode lets the call go on."""
    hidden: bool = False
    validation: Validation | None = None
    require: tuple[CompiledEntry, ...] = ()
    deny_if: tuple[CompiledEntry, ...] = ()
    limits: tuple[CompiledLimit, ...] = ()
    approvals: tuple[CompiledEntry, ...] = ()
    quick: tuple[tuple[int, AmountOf], ...] | None = None
    """Where a call that says all its amounts fits into empty counters unless an amount is more than its limit holds: the
    limits that do not count calls, by their place. None where that takes a closer look."""
    remembered: dict[tuple[str | None, ...], Remembered] = field(default_factory=dict)
    """By caller."""
    plain: bool = field(init=False)
    """Whether a call that nothing stands against is simply allowed: nothing is in shadow mode, nobody is asked, no schema."""
    required: tuple[Judge, ...] = field(init=False)
    denying: tuple[Judge, ...] = field(init=False)
    """What a plain plan judges by."""

    def __post_init__(self) -> None:
        entries = (*self.require, *self.deny_if)
        passes = self.listed and not self.hidden and self.validation is None and not self.approvals
        # Worked out once: a plan is made for a name and asked at every call.
        object.__setattr__(self, "plain", passes and self.quick is not None and not any(entry.shadow for entry in entries))
        object.__setattr__(self, "required", tuple(entry.judge for entry in self.require))
        object.__setattr__(self, "denying", tuple(entry.judge for entry in self.deny_if))


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule with its entries compiled; shared by all names that it applies to."""

    pointer: str
    rule: Rule
    shadow: bool
    require: tuple[CompiledEntry, ...]
    deny_if: tuple[CompiledEntry, ...]
    limits: tuple[CompiledLimit, ...]
    approvals: tuple[CompiledEntry, ...]

    @property
    def always_denies(self) -> bool:
        """Whether an enforced `deny_if` entry of empty conditions denies every call."""
        return not self.shadow and any(not entry.conditions for entry in self.deny_if)


PlanKey: TypeAlias = tuple[Surface, str, str | None]
"""What a plan is made for: surface, name, class."""


@dataclass(slots=True)
class CompiledPolicy:
    """A policy in the form that decides. Immutable but for its memory of plans."""

    policy: Policy
    all_tools: CompiledRule | None
    rules: Mapping[Surface, Mapping[str, CompiledRule]]
    risk: Mapping[str, CompiledRule] | None
    patterns: Mapping[Surface, Sequence[str]]
    by_class: bool = False
    """Whether the class of a tool says which rule applies to it, or whether it is shown."""
    _plans: dict[PlanKey, Plan] = field(default_factory=dict)

    def plan(self, surface: Surface, name: str, risk: str | None) -> Plan:
        """What applies to `name`; `risk` is a tool's catalogue class, None for one without."""
        key = (surface, name, risk)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._tool_plan(name, risk or "Unknown") if surface is Surface.TOOL else self._plan(surface, name)
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            self._plans[key] = plan
        return plan

    def asked(self, most: int) -> tuple[PlanKey, ...]:
        """For what plans were made last, `most` at most."""
        return tuple(islice(reversed(self._plans), most))

    def visible(self, surface: Surface, name: str, risk: str | None = None) -> bool:
        """Whether a list shows `name`. For resources and prompts: what the policy lists or allows by default."""
        plan = self.plan(surface, name, risk)
        return not plan.hidden if surface is Surface.TOOL else plan.listed or plan.unlisted_shadow

    def may_show_tool(self, name: str) -> bool:
        """Whether a list shows a tool of this name, if it has the class for it."""
        classes = (*RISK_CLASSES, None) if self.by_class else (None,)
        return any(self.visible(Surface.TOOL, name, risk) for risk in classes)

    def _matched(self, surface: Surface, name: str) -> CompiledRule | None:
        rules = self.rules[surface]
        key = best_key(name, rules, self.patterns[surface])
        return None if key is None else rules[key]

    def _tool_plan(self, name: str, risk: str) -> Plan:
        rule = self._matched(Surface.TOOL, name)
        if rule is None and self.risk is not None:
            rule = self.risk.get(risk)
        listed = rule is not None or (self.policy.default_allows and self.risk is None)
        applied = tuple(part for part in (rule, self.all_tools) if part is not None)
        limits: tuple[CompiledLimit, ...] = _joined(part.limits for part in applied)
        return Plan(
            listed=listed,
            unlisted_shadow=self._shadow,
            hidden=self._hides(name, risk) or (self.policy.hide_unpermitted and self._never_allows(listed, applied)),
            validation=self._validation(rule),
            require=_joined(part.require for part in applied),
            deny_if=_joined(part.deny_if for part in applied),
            limits=limits,
            approvals=_joined(part.approvals for part in applied),
            quick=_quick(limits),
        )

    def _plan(self, surface: Surface, name: str) -> Plan:
        if surface is Surface.RESOURCE and not is_normal_uri(name):
            return Plan(listed=False, unlisted_shadow=self._shadow)
        return self._rule_plan(self._matched(surface, name))

    def _rule_plan(self, rule: CompiledRule | None) -> Plan:
        """The plan of a resource or prompt that this rule applies to."""
        if rule is None:
            return Plan(listed=self.policy.default_allows, unlisted_shadow=self._shadow)
        return Plan(
            listed=True,
            unlisted_shadow=self._shadow,
            require=rule.require,
            deny_if=rule.deny_if,
            limits=rule.limits,
            approvals=rule.approvals,
            quick=_quick(rule.limits),
        )

    def template_plans(self, template: str) -> list[Plan]:
        """Everything that applies to one of the URIs that a template stands for; first what applies to those that nothing
        more exact names."""
        parts = parts_of(template)
        if not stands_for_uris(parts):
            return [Plan(listed=False, unlisted_shadow=self._shadow)]
        rules, patterns = self.rules[Surface.RESOURCE], self.patterns[Surface.RESOURCE]
        usual = best_key("\0".join(parts), (), patterns)
        before = patterns if usual is None else patterns[: patterns.index(usual)]
        exact = (key for key in rules if "*" not in key)
        others = [key for key in (*exact, *before) if overlap(key.split("*"), parts)]
        return [self._rule_plan(None if usual is None else rules[usual]), *(self._rule_plan(rules[key]) for key in others)]

    @property
    def _shadow(self) -> bool:
        return self.policy.mode is Mode.SHADOW

    def _hides(self, name: str, risk: str) -> bool:
        return any(item.risk == risk if isinstance(item, HiddenClass) else matches(item, name) for item in self.policy.hide)

    def _never_allows(self, listed: bool, applied: Iterable[CompiledRule]) -> bool:
        return (not listed and not self._shadow) or any(rule.always_denies for rule in applied)

    def _validation(self, rule: CompiledRule | None) -> Validation | None:
        for part in (rule, self.all_tools):
            if part is not None and part.rule.validate_arguments is not None:
                return Validation(f"{part.pointer}/validate_arguments", part.shadow) if part.rule.validate_arguments else None
        return Validation("/validate_arguments", self._shadow) if self.policy.validate_arguments else None


def _joined(parts: Iterable[tuple[object, ...]]) -> tuple:  # type: ignore[type-arg]  # the element type is the caller's
    return tuple(element for part in parts for element in part)


def _quick(limits: Sequence[CompiledLimit]) -> tuple[tuple[int, AmountOf], ...] | None:
    shared = len({limit.limit.counter for limit in limits}) < len(limits)
    if shared or any(limit.shadow or limit.limit.maximum < 1 for limit in limits):
        return None
    return tuple((place, limit.amount) for place, limit in enumerate(limits) if limit.amount is not None)


# --- compiling ------------------------------------------------------------------------------------------------------------


def compile_policy(policy: Policy) -> CompiledPolicy:
    """The form that decides, built once for all grants that use the policy."""
    compiler = _Compiler(policy.mode, ZoneInfo(policy.timezone))
    written = {Surface.TOOL: policy.tools, Surface.RESOURCE: policy.resources, Surface.PROMPT: policy.prompts}
    return CompiledPolicy(
        policy=policy,
        all_tools=None if policy.all_tools is None else compiler.rule("/all_tools", policy.all_tools),
        rules={surface: compiler.rules(surface.value, rules) for surface, rules in written.items()},
        risk=None if policy.risk is None else compiler.rules("risk", policy.risk),
        patterns={surface: by_precedence(rules) for surface, rules in written.items()},
        by_class=policy.risk is not None or any(isinstance(item, HiddenClass) for item in policy.hide),
    )


@dataclass(frozen=True, slots=True)
class _Compiler:
    mode: Mode
    zone: ZoneInfo

    def rules(self, section: str, rules: Mapping[str, Rule]) -> dict[str, CompiledRule]:
        return {key: self.rule(f"/{section}/{escape_token(key)}", rule) for key, rule in rules.items()}

    def rule(self, pointer: str, rule: Rule) -> CompiledRule:
        shadow = (rule.mode or self.mode) is Mode.SHADOW
        return CompiledRule(
            pointer=pointer,
            rule=rule,
            shadow=shadow,
            require=self._entries(f"{pointer}/require", rule.require, shadow),
            deny_if=self._entries(f"{pointer}/deny_if", rule.deny_if, shadow),
            limits=tuple(self._limits(f"{pointer}/limits", rule.limits, shadow)),
            approvals=self._entries(f"{pointer}/require_approval", rule.require_approval, shadow),
        )

    def _entries(self, pointer: str, entries: Sequence[Entry], shadow: bool) -> tuple[CompiledEntry, ...]:
        conditions = [tuple(compile_condition(condition, self.zone) for condition in entry.conditions) for entry in entries]
        names = ["+".join(condition.id for condition in parts) or "always" for parts in conditions]
        return tuple(
            CompiledEntry(
                rule=rule,
                judge=conjunction(tuple(condition.judge for condition in parts)),
                shadow=shadow,
                conditions=parts,
                on_deny=entry.on_deny,
                ask=_ask(rule, entry),
            )
            for rule, entry, parts in zip(_numbered(pointer, names), entries, conditions, strict=True)
        )

    def _limits(self, pointer: str, limits: Sequence[Limit], shadow: bool) -> Iterator[CompiledLimit]:
        for rule, limit in zip(_numbered(pointer, [limit.counter for limit in limits]), limits, strict=True):
            yield CompiledLimit(rule, limit, shadow, amount_of(limit, self.zone))


def _ask(rule: str, entry: Entry) -> Ask | None:
    if not isinstance(entry, ApprovalEntry):
        return None
    return Ask(rule, entry.timeout_s, entry.approvers, entry.quorum, entry.on_deny)


def _numbered(pointer: str, names: Sequence[str]) -> Iterator[str]:
    """Rule ids; the second of the same name in a list ends in `#2`, the third in `#3`."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield f"{pointer}/{name}" if seen[name] == 1 else f"{pointer}/{name}#{seen[name]}"
