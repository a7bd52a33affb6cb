"""The policy decision point: `decide`, a pure and total function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from yett.policy import messages
from yett.policy.compile import CompiledEntry, CompiledLimit, CompiledPolicy, Plan, Remembered
from yett.policy.conditions import Judged
from yett.policy.decision import Ask, Call, Code, Decision, Effect, Facts, Surface
from yett.policy.operators import ILL, OUTCOME_NAMES, TRUE, Outcome, both
from yett.policy.outcome import limit_message
from yett.policy.trace import Step, Trace
from yett.quota.charge import Amount, Charge, CounterKey, Usage
from yett.quota.reserve import Refusal, refusal

Look: TypeAlias = Callable[[tuple[CounterKey, ...]], Usage]
"""Reads counters; one that is not in the answer is empty."""

CALLERS_MAX: Final = 1_024
"""Callers of one tool whose charges are remembered."""
_LIMITS_IN_ORDER: Final = 2
"""Before a single limit stands none that could be full."""
_DENYING: Final = (TRUE, ILL)
"""Outcomes of an entry of `deny_if` that deny."""
_RULE_NO_POLICY: Final = "(no policy)"
_RULE_HIDDEN: Final = "(hidden)"
_RULE_UNKNOWN: Final = "(unknown tool)"
_RULE_CHANGED: Final = "(tool changed)"
_RULE_DEFAULT: Final = "(default deny)"


def decide(
    policy: CompiledPolicy | None,
    call: Call,
    facts: Facts,
    usage: Usage,
    *,
    now_ns: int,
    trace: Trace | None = None,
) -> Decision:
    """What becomes of `call`. The first denial wins, in the order of section 5 of the language.

    `usage` holds the present content of the counters that the policy's limits on this call name; a missing counter is empty. The
    answer of an allowed call holds the charges to reserve, all in one step, before anything is forwarded.
    """
    if policy is None:
        return _first(1, _deny(Code.NO_POLICY, _RULE_NO_POLICY, messages.no_policy()), trace)
    plan = policy.plan(call.surface, call.name, facts.tool.risk)
    if plan.plain and trace is None and not usage and (allowed := _allowed(plan, call, facts, now_ns)) is not None:
        return allowed
    if call.surface is Surface.TOOL:
        for number, denial in ((2, _hidden(plan, call)), (3, _unknown(call, facts))):
            if denial is not None:
                return _first(number, denial, trace)
            if trace is not None:
                trace.add(Step(number, _FIRST_STEPS[number], None, "passes"))
    return _Evaluation(plan, Judged(call, call.arguments, facts, now_ns), usage, trace).run()


def judge_plan(plan: Plan, call: Call, facts: Facts, *, now_ns: int) -> Decision:
    """Steps 4 to 9 by one plan, with empty counters."""
    return _Evaluation(plan, Judged(call, call.arguments, facts, now_ns), {}, None).run()


def visible(policy: CompiledPolicy | None, surface: Surface, name: str, risk: str | None = None) -> bool:
    """Whether a list may show `name` to a grant with this policy; without a policy nothing is shown."""
    return policy is not None and policy.visible(surface, name, risk)


_FIRST_STEPS: Final = {1: "policy", 2: "hide", 3: "known"}


def _first(number: int, denial: Decision, trace: Trace | None) -> Decision:
    if trace is not None:
        trace.add(Step(number, _FIRST_STEPS[number], denial.rule, str(denial.message), denies=True))
    return denial


def _allowed(plan: Plan, call: Call, facts: Facts, now_ns: int) -> Decision | None:
    """The decision that allows by a plain plan, before empty counters; None where a closer look must tell.

    Most calls come by here: nothing stands against them, so nothing has to be explained.
    """
    tool = facts.tool
    if (tool.changed or not tool.known) and call.surface is Surface.TOOL:
        return None
    judged = Judged(call, call.arguments, facts, now_ns)
    for judge in plan.required:
        if judge(judged) != TRUE:
            return None
    for judge in plan.denying:
        if judge(judged) in _DENYING:
            return None
    remembered = _remembered(plan, facts)
    if not plan.quick:
        return remembered.allowed
    charges = list(remembered.units)
    for place, amount_of in plan.quick:
        amount, unit = amount_of(judged), charges[place]
        if isinstance(amount, Code) or amount > unit.maximum:
            return None
        charges[place] = Charge(unit.key, amount, unit.maximum, unit.rule, unit.message)
    return Decision(Effect.ALLOW, charges=tuple(charges))


def _hidden(plan: Plan, call: Call) -> Decision | None:
    return _deny(Code.HIDDEN, _RULE_HIDDEN, messages.unknown_tool(call.name)) if plan.hidden else None


def _unknown(call: Call, facts: Facts) -> Decision | None:
    if not facts.tool.known:
        return _deny(Code.UNKNOWN_TOOL, _RULE_UNKNOWN, messages.unknown_tool(call.name))
    if facts.tool.changed:
        return _deny(Code.TOOL_CHANGED, _RULE_CHANGED, messages.tool_changed(call.name))
    return None


def _deny(code: Code, rule: str, message: str, retry_after_s: int | None = None) -> Decision:
    return Decision(Effect.DENY, code, rule, message, retry_after_s)


@dataclass(slots=True)
class _Evaluation:
    """Steps 4 to 9 for one call. `suppressed` is the first denial that only shadow mode let pass."""

    plan: Plan
    judged: Judged
    usage: Usage
    trace: Trace | None
    suppressed: Decision | None = None
    charges: tuple[Charge, ...] = ()
    shadow_charges: tuple[Charge, ...] = ()
    asks: tuple[Ask, ...] = ()

    def run(self) -> Decision:
        denial = self._unlisted() or self._schema() or self._require() or self._deny_if() or self._limits() or self._approvals()
        if denial is not None:
            return denial
        if self.suppressed is None:
            return Decision(Effect.ALLOW, charges=self.charges, shadow_charges=self.shadow_charges, asks=self.asks)
        first = self.suppressed
        effect = Effect.WOULD_ASK if first.code is Code.APPROVAL_REQUIRED else Effect.WOULD_DENY
        return Decision(effect, first.code, first.rule, first.message, first.retry_after_s, self.charges, (), self.asks)

    def _settle(self, denial: Decision, shadow: bool) -> Decision | None:
        """A denial ends the evaluation; in shadow mode the first one is only remembered."""
        if not shadow:
            return denial
        if self.suppressed is None:
            self.suppressed = denial
        return None

    # Step 4
    def _unlisted(self) -> Decision | None:
        plan, call = self.plan, self.judged.call
        if self.trace is not None:
            problem = None if plan.listed else "no rule names it, and the default denies"
            self.trace.pass_or_deny(4, "listed", None, problem, "a rule or the default admits it")
        if plan.listed:
            return None
        return self._settle(_deny(Code.NOT_LISTED, _RULE_DEFAULT, messages.not_listed(call)), plan.unlisted_shadow)

    # Step 5
    def _schema(self) -> Decision | None:
        validation = self.plan.validation
        if validation is None:
            return None
        check = self.judged.facts.tool.check
        problem = messages.no_schema() if check is None else check(self.judged.arguments)
        if self.trace is not None:
            self.trace.pass_or_deny(5, "validate_arguments", validation.rule, problem, "the arguments fit the schema")
        if problem is None:
            return None
        return self._settle(_deny(Code.ARGUMENT_SCHEMA, validation.rule, messages.schema(problem)), validation.shadow)

    # Step 6
    def _require(self) -> Decision | None:
        for entry in self.plan.require:
            outcome = entry.judge(self.judged) if self.trace is None else self._traced(6, "require", entry)
            if outcome != TRUE:
                code = Code.ARGUMENT_TYPE if outcome == ILL else Code.REQUIRE_FAILED
                message = messages.require_failed(entry, outcome)
                if (denial := self._settle(_deny(code, entry.rule, message), entry.shadow)) is not None:
                    return denial
        return None

    # Step 7
    def _deny_if(self) -> Decision | None:
        for entry in self.plan.deny_if:
            outcome = entry.judge(self.judged) if self.trace is None else self._traced(7, "deny_if", entry)
            if outcome in _DENYING:
                code = Code.ARGUMENT_TYPE if outcome == ILL else Code.DENY_IF_MATCHED
                message = messages.deny_if_matched(entry, outcome)
                if (denial := self._settle(_deny(code, entry.rule, message), entry.shadow)) is not None:
                    return denial
        return None

    # Step 8
    def _limits(self) -> Decision | None:
        plan = self.plan
        if not plan.limits:
            return None
        looked = self._look(_remembered(plan, self.judged.facts).units)
        now_ns = self.judged.now_ns
        refused = refusal(self.charges, self.usage, now_ns), refusal(self.shadow_charges, self.usage, now_ns)
        for limit, charge in looked:
            denial = _limit_denial(limit, charge, refused[limit.shadow])
            if self.trace is not None:
                result = "fits" if denial is None else str(denial.message)
                self.trace.add(Step(8, "limits", limit.rule, result, denial is not None, limit.shadow))
            if denial is not None and (settled := self._settle(denial, limit.shadow)) is not None:
                return settled
        return None

    def _look(self, units: Sequence[Charge]) -> list[tuple[CompiledLimit, Charge | Code]]:
        """What the call adds to each limit, or the code of the denial where that cannot be told."""
        looked = [
            (limit, _charge_of(unit, 1 if limit.amount is None else limit.amount(self.judged)))
            for limit, unit in zip(self.plan.limits, units, strict=True)
        ]
        self.charges, self.shadow_charges = _charges(looked, shadow=False), _charges(looked, shadow=True)
        return looked

    # Step 9
    def _approvals(self) -> Decision | None:
        if not self.plan.approvals:
            return None
        judged = [(entry, self._approval(entry)) for entry in self.plan.approvals]
        for entry, outcome in judged:
            if outcome == ILL:
                message = messages.ill(entry)
                if (denial := self._settle(_deny(Code.ARGUMENT_TYPE, entry.rule, message), entry.shadow)) is not None:
                    return denial
        for shadow in (True, False):
            asked = [entry for entry, outcome in judged if outcome == TRUE and entry.shadow is shadow]
            if asked and (decision := self._ask(asked, shadow)) is not None:
                return decision
        return None

    def _ask(self, entries: Sequence[CompiledEntry], shadow: bool) -> Decision | None:
        asks = tuple(entry.ask for entry in entries if entry.ask is not None)
        if self.judged.facts.approved:
            self.asks = self.asks if shadow else asks
            return None
        first = entries[0]
        message = messages.approval_required(first)
        return self._settle(Decision(Effect.APPROVAL, Code.APPROVAL_REQUIRED, first.rule, message, asks=asks), shadow)

    def _approval(self, entry: CompiledEntry) -> Outcome:
        return entry.judge(self.judged) if self.trace is None else self._traced(9, "require_approval", entry)

    def _traced(self, number: int, name: str, entry: CompiledEntry) -> Outcome:
        """Judge an entry condition by condition, and tell what was seen."""
        assert self.trace is not None, "the caller looked"
        seen = tuple(condition.explain(self.judged) for condition in entry.conditions)
        outcome = TRUE
        for part in seen:
            outcome = both(outcome, part.outcome)
        denies = outcome != TRUE if name == "require" else outcome in _DENYING
        self.trace.add(Step(number, name, entry.rule, OUTCOME_NAMES[outcome], denies, entry.shadow, seen))
        return outcome


# --- limits ---------------------------------------------------------------------------------------------------------------


def _charge_of(unit: Charge, amount: Amount | Code) -> Charge | Code:
    return amount if isinstance(amount, Code) else unit._replace(amount=amount)


def _charges(
    looked: Sequence[tuple[CompiledLimit, Charge | Code]] | Sequence[tuple[CompiledLimit, Charge]], *, shadow: bool
) -> tuple[Charge, ...]:
    return tuple(charge for limit, charge in looked if limit.shadow is shadow and not isinstance(charge, Code))


def _remembered(plan: Plan, facts: Facts) -> Remembered:
    """What is the same for every call of this caller, made at the first."""
    caller = (facts.organisation, facts.server_id, facts.grant.id, facts.session)
    remembered = plan.remembered.get(caller)
    if remembered is None:
        if len(plan.remembered) >= CALLERS_MAX:
            plan.remembered.clear()
        units = tuple(_unit(limit, facts) for limit in plan.limits)
        looked = list(zip(plan.limits, units, strict=True))
        allowed = Decision(Effect.ALLOW, charges=_charges(looked, shadow=False), shadow_charges=_charges(looked, shadow=True))
        remembered = plan.remembered[caller] = Remembered(units, allowed)
    return remembered


def _unit(limit: CompiledLimit, facts: Facts) -> Charge:
    return Charge(counter_key(limit, facts), 1, limit.limit.maximum, limit.rule, limit.limit.on_deny)


def counter_key(limit: CompiledLimit, facts: Facts) -> CounterKey:
    """Whose counter a limit charges for a call with these facts."""
    scope = limit.limit.scope
    owner: tuple[str, ...] = (facts.organisation,)
    if scope != "organisation":
        owner = (*owner, facts.server_id)
        if scope != "server":
            owner = (*owner, facts.grant.id)
            if scope == "session":
                owner = (*owner, facts.grant.id if facts.session is None else facts.session)
    return CounterKey(owner, limit.limit.counter, scope, limit.limit.window, limit.shadow)


def decide_in_view(policy: CompiledPolicy | None, call: Call, facts: Facts, look: Look, *, now_ns: int) -> Decision:
    """`decide` with the content of those counters in view that it depends on; most calls need none, for the reservation
    (step 10) says the same.

    They matter where people would be asked for a call that cannot run, and where a full counter comes before a limit whose
    amount cannot be told, since the first denial in the list is the one that is given.
    """
    if policy is None:
        return decide(policy, call, facts, {}, now_ns=now_ns)
    plan = policy.plan(call.surface, call.name, facts.tool.risk)
    if plan.plain and (allowed := _allowed(plan, call, facts, now_ns)) is not None:
        return allowed
    asks = bool(plan.limits and plan.approvals)
    decision = decide(policy, call, facts, look(_counters(plan, facts)) if asks else {}, now_ns=now_ns)
    if decision.code is None or asks or len(plan.limits) < _LIMITS_IN_ORDER:
        return decision
    if all(decision.rule != limit.rule for limit in plan.limits):
        return decision
    return decide(policy, call, facts, look(_counters(plan, facts)), now_ns=now_ns)


def _counters(plan: Plan, facts: Facts) -> tuple[CounterKey, ...]:
    return tuple(unit.key for unit in _remembered(plan, facts).units)


def _limit_denial(limit: CompiledLimit, charge: Charge | Code, refused: Refusal | None) -> Decision | None:
    if isinstance(charge, Code):
        return _deny(charge, limit.rule, messages.bad_amount(limit, charge))
    if refused is None or refused.charge is not charge:
        return None
    return _deny(Code.LIMIT_EXCEEDED, limit.rule, limit_message(refused), refused.retry_after_s)
