"""The engine, asked the same questions as the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from pprint import pformat
from typing import Any

from tests.oracle import reference
from tests.oracle.counting import Charged
from tests.oracle.generate import Pair
from yett.policy import evaluate
from yett.policy.compile import CompiledPolicy, compile_policy
from yett.policy.decision import Decision
from yett.policy.outcome import after_reserve
from yett.policy.parse import parse_policy
from yett.quota.charge import Amount, CounterKey, Usage, add
from yett.quota.reserve import current_bucket, refusal


def usage_after(history: Sequence[Charged]) -> dict[CounterKey, dict[int, Amount]]:
    """What counters hold after these charges, made one after the other."""
    usage: dict[CounterKey, dict[int, Amount]] = {}
    for charged in history:
        buckets = usage.setdefault(charged.key, {})
        bucket = current_bucket(charged.key.window, buckets, charged.at_ns)
        buckets[bucket] = add(buckets.get(bucket, 0), charged.amount)
    return usage


def compiled(pair: Pair) -> CompiledPolicy | None:
    """The pair's policy, as the engine takes it."""
    return None if pair.document is None else compile_policy(parse_policy(pair.document))


def engine_says(pair: Pair) -> Decision:
    """What `decide` answers, with every counter in view."""
    return decided(compiled(pair), pair)


def decided(policy: CompiledPolicy | None, pair: Pair) -> Decision:
    """What `decide` answers with this policy."""
    return evaluate.decide(policy, pair.call, pair.facts, usage_after(pair.history), now_ns=pair.now_ns)


def gateway_says(pair: Pair) -> Decision:
    """What comes of a call on its way through the gate: judged with the counters it asks to look at, then reserved."""
    policy, usage = compiled(pair), usage_after(pair.history)

    def look(keys: tuple[CounterKey, ...]) -> Usage:
        return {key: usage[key] for key in keys if key in usage}

    decision = evaluate.decide_in_view(policy, pair.call, pair.facts, look, now_ns=pair.now_ns)
    if not decision.effect.forwards:
        return decision
    refused = refusal(decision.charges, usage, pair.now_ns)
    shadow_refused = None if refused else refusal(decision.shadow_charges, usage, pair.now_ns)
    return after_reserve(decision, refused, shadow_refused)


def oracle_says(pair: Pair) -> Decision:
    """What the text says."""
    return reference.judge(pair.document, pair.call, pair.facts, pair.history, pair.now_ns)


def comparable(decision: Decision, oracle: Decision) -> Decision:
    """`decision` without the sentence that the text leaves to the engine."""
    return decision._replace(message=None) if oracle.message is None else decision


def differ(pair: Pair) -> str | None:
    """None if both sides agree; else the pair and both answers, for a person."""
    engine, oracle = engine_says(pair), oracle_says(pair)
    if comparable(engine, oracle) == oracle:
        return None
    return report(pair, engine=engine, oracle=oracle)


def report(pair: Pair, **answers: Any) -> str:
    """A pair and what was said about it."""
    parts = {name: getattr(pair, name) for name in ("document", "call", "facts", "history", "now_ns")} | answers
    return "\n".join(f"{name} = {pformat(value, width=120, sort_dicts=False)}" for name, value in parts.items())
