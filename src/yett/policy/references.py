"""What is decided before the arguments are known: which templates a list shows, and what may be completed.

A completion follows what it refers to, as far as that can be told: conditions on arguments that are not settled yet are left
out, and limits are neither looked at nor charged.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

from yett.policy.compile import CompiledEntry, CompiledPolicy, Plan
from yett.policy.conditions import conjunction
from yett.policy.decision import Call, Decision, Facts, Surface
from yett.policy.evaluate import decide, judge_plan
from yett.policy.templates import parts_of


def template_visible(policy: CompiledPolicy | None, template: str) -> bool:
    """Whether a list may show a resource template: the policy lists something that it stands for."""
    return policy is not None and any(plan.listed or plan.unlisted_shadow for plan in policy.template_plans(template))


def decide_completion(policy: CompiledPolicy | None, call: Call, facts: Facts, *, now_ns: int) -> Decision:
    """Whether arguments of a prompt or of a resource template may be completed. `call` names it, or its template.

    A template may be completed only if everything that it stands for may be read: what is suggested are names of it, and a
    list would not show those of the rest.
    """
    if policy is None:
        return decide(None, call, facts, {}, now_ns=now_ns)
    template = call.surface is Surface.RESOURCE and len(parts_of(call.name)) > 1
    plans = policy.template_plans(call.name) if template else [policy.plan(call.surface, call.name, None)]
    settled: Set[str] = set() if template else call.arguments.keys()
    decisions = [judge_plan(_settled_part(plan, settled), call, facts, now_ns=now_ns) for plan in plans]
    return next((decision for decision in decisions if not decision.effect.forwards), decisions[0])


def _settled_part(plan: Plan, arguments: Set[str]) -> Plan:
    """The plan without what depends on other arguments than these, and without limits."""
    return replace(
        plan,
        require=tuple(_required(plan.require, arguments)),
        deny_if=_whole(plan.deny_if, arguments),
        approvals=_whole(plan.approvals, arguments),
        limits=(),
        quick=None,
    )


def _required(entries: tuple[CompiledEntry, ...], arguments: Set[str]) -> Iterator[CompiledEntry]:
    """What must hold in any case: each entry's conditions on what is settled."""
    for entry in entries:
        conditions = tuple(condition for condition in entry.conditions if condition.reads_only(arguments))
        if len(conditions) == len(entry.conditions):
            yield entry
        elif conditions:
            yield replace(entry, conditions=conditions, judge=conjunction(tuple(part.judge for part in conditions)))


def _whole(entries: tuple[CompiledEntry, ...], arguments: Set[str]) -> tuple[CompiledEntry, ...]:
    """Entries that can be judged as a whole."""
    return tuple(entry for entry in entries if all(condition.reads_only(arguments) for condition in entry.conditions))
