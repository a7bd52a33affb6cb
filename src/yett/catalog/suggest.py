"""The recommended policy of a tool and of a server: a function of the class, to begin with; never laid over an operator's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from yett.catalog.model import Proposal, RiskClass, ServerSuggestion, ShownVerdict, Suggestion, ToolDefinition, Verdict
from yett.catalog.proposals import proposals
from yett.policy.json_value import JsonObject, JsonValue
from yett.policy.vocabulary import RULES_MAX

WRITES_A_MINUTE: Final = 30
RUNS_A_MINUTE: Final = 10
_WHY: Final = {
    RiskClass.READ: "reads are allowed",
    RiskClass.WRITE: (
        f"writes are allowed {WRITES_A_MINUTE} times a minute for each grant: enough for work, too few for a runaway loop"
    ),
    RiskClass.EXECUTE: (
        f"runs are allowed {RUNS_A_MINUTE} times a minute for each grant, since their effect depends on the arguments"
    ),
    RiskClass.DESTRUCTIVE: "tools that remove or end something are hidden: what an agent does not see it does not try",
    RiskClass.FINANCIAL: "each call that moves or commits money or assets is first approved by a person",
}


@dataclass(frozen=True, slots=True)
class Classified:
    """A tool with the class that counts for it: the classifier's, or an administrator's."""

    tool: ToolDefinition
    risk: RiskClass

    @classmethod
    def of(cls, tool: ToolDefinition, verdict: Verdict | ShownVerdict) -> Classified:
        """The tool with the class of its verdict."""
        return cls(tool, verdict.risk)


class TooManyToolsError(ValueError):
    """The server has more tools than a policy may have rules."""


def suggest(classified: Classified, *, conditions: bool = False) -> Suggestion:
    """The recommended policy of one tool; with `conditions`, what is proposed for its arguments is in the rule."""
    tool, risk = classified.tool, classified.risk
    proposed = proposals(tool)
    rule = rule_for(tool.name, risk, proposed if conditions else ())
    policy: JsonObject = {"version": "1", "default": "deny"}
    policy |= {"hide": [tool.name]} if rule is None else {"tools": {tool.name: rule}}
    if not _nameable(tool.name):
        policy, rule = {"version": "1", "default": "deny"}, None
    return Suggestion(tool.name, risk, policy, rule, _WHY[risk], proposed)


def rule_for(name: str, risk: RiskClass, proposed: Sequence[Proposal] = ()) -> JsonObject | None:
    """The recommended rule under `tools`; None where the tool is to be hidden."""
    if risk is RiskClass.DESTRUCTIVE:
        return None
    rule: JsonObject = {"require": [{"conditions": [proposal.condition]} for proposal in proposed]} if proposed else {}
    if risk is RiskClass.FINANCIAL:
        return rule | {"require_approval": [{"conditions": []}]}
    most = {RiskClass.WRITE: WRITES_A_MINUTE, RiskClass.EXECUTE: RUNS_A_MINUTE}.get(risk)
    if most is None:
        return rule
    return rule | {"limits": [{"counter": f"{name}_rate", "window": "minute", "max": most, "scope": "grant"}]}


def suggest_server(tools: Iterable[Classified], *, conditions: bool = False) -> ServerSuggestion:
    """The recommended policy of a whole server. Of tools of one name the highest class counts.

    Errors: `TooManyToolsError`.
    """
    worst = _worst(tools)
    suggestions = tuple(suggest(each, conditions=conditions) for each in worst.values())
    return ServerSuggestion(_document((each.name, each.rule) for each in suggestions), suggestions)


def _worst(tools: Iterable[Classified]) -> dict[str, Classified]:
    worst: dict[str, Classified] = {}
    for each in tools:
        known = worst.get(each.tool.name)
        if known is None or each.risk.rank > known.risk.rank:
            worst[each.tool.name] = each
    return worst


def _document(rules: Iterable[tuple[str, JsonObject | None]]) -> JsonObject:
    """A policy of rules by tool; where the rule is None, the tool is hidden."""
    nameable = [(name, rule) for name, rule in rules if _nameable(name)]
    hidden: list[JsonValue] = [name for name, rule in nameable if rule is None]
    allowed: JsonObject = {name: rule for name, rule in nameable if rule is not None}
    if len(allowed) > RULES_MAX:
        raise TooManyToolsError(
            f"the server has {len(allowed)} tools to allow, and a policy holds {RULES_MAX} rules; write patterns by hand"
        )
    policy: JsonObject = {"version": "1", "default": "deny"}
    if hidden:
        policy["hide"] = hidden
    if allowed:
        policy["tools"] = allowed
    return policy


def suggest_by_class() -> JsonObject:
    """The recommended policy of a server that has more tools than a policy has rules: the same, by class."""
    policy: JsonObject = {"version": "1", "default": "deny", "hide": [{"risk": RiskClass.DESTRUCTIVE.value}]}
    allowed = (risk for risk in RiskClass if risk is not RiskClass.DESTRUCTIVE)
    rules: JsonObject = {risk.value: rule_for(risk.value.lower(), risk) for risk in allowed}
    return policy | {"risk": rules}


def recommended_policy(tools: Sequence[Classified]) -> JsonObject:
    """What a page recommends for a server, however many tools it has."""
    return recommended_for((each.tool.name, each.risk) for each in tools)


def recommended_for(tools: Iterable[tuple[str, RiskClass]]) -> JsonObject:
    """The same by names and classes."""
    worst: dict[str, RiskClass] = {}
    for name, risk in tools:
        known = worst.get(name)
        if known is None or risk.rank > known.rank:
            worst[name] = risk
    try:
        return _document((name, rule_for(name, risk)) for name, risk in worst.items())
    except TooManyToolsError:
        return suggest_by_class()


def _nameable(name: str) -> bool:
    """Whether a policy can name this very tool: `*` is a pattern there. What cannot be named stays denied."""
    return bool(name) and "*" not in name
