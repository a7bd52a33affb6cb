"""Questions that people ask of a tool or a server, answered. Policies in answers are ones that `yett policy check` accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from yett.catalog.model import Brief, RiskClass, ShownVerdict, ToolDefinition
from yett.catalog.page_model import CataloguedServer, Question
from yett.catalog.quoting import json_text
from yett.policy.json_value import JsonObject

LIMITS: Final = {
    RiskClass.READ: 60,
    RiskClass.WRITE: 30,
    RiskClass.EXECUTE: 10,
    RiskClass.DESTRUCTIVE: 1,
    RiskClass.FINANCIAL: 1,
}
"""Calls a minute that are worth beginning with."""


def tool_questions(server: CataloguedServer, tool: ToolDefinition, shown: ShownVerdict, policy: str) -> tuple[Question, ...]:
    """What it does, how to enforce, risk, rate, block, which server."""
    name, risk, most = tool.name, shown.risk, LIMITS[shown.risk]
    said = tool.description.strip()
    first = said.split("\n", 1)[0][:300]
    does = f"Its server says: “{first}”" if first else "Its server does not say; the name and the arguments have to do."
    blocked: JsonObject = {"version": "1", "default": "allow", "tools": {name: {"deny_if": [{"conditions": []}]}}}
    return (
        Question(f"What does {name} do?", f"{does} Yett takes it for {_article(risk)} tool."),
        Question(
            f"How do I enforce a policy on {name}?",
            "Put its server behind Yett and give the agent a grant with this policy: each call is judged before it goes on,"
            " and recorded. The server's own credential never reaches the agent.",
            policy,
        ),
        Question(f"What is the risk level of {name}?", f"{risk.value}, {shown.severity.value}. {shown.verdict.rationale}"),
        Question(
            f"Can I rate limit {name}?",
            f"Yes: at most {most} a minute for each grant, exact also for concurrent calls, kept over restarts.",
            json_text(limited(name, most)),
        ),
        Question(
            f"How do I block {name}?",
            "Leave it out under `default: deny`, or hide it, or refuse each call of it, as here where all else is allowed.",
            json_text(blocked),
        ),
        Question(f"Which server provides {name}?", f"{server.name}, with {len(server.tools)} tools."),
    )


def server_questions(server: CataloguedServer, tools: Sequence[Brief], policy: str) -> tuple[Question, ...]:
    """How to hold it, what is most dangerous, what it costs."""
    worst = [tool.name for tool in tools if tool.risk is RiskClass.DESTRUCTIVE or tool.risk is RiskClass.FINANCIAL]
    named = ", ".join(f"`{name}`" for name in worst[:5]) or "none"
    more = f" and {len(worst) - 5} more" if len(worst) > 5 else ""
    return (
        Question(
            f"How do I let an agent use {server.name} safely?",
            "Begin with the recommended policy, run it in shadow mode for a day, and loosen what turns out to be needed.",
            policy,
        ),
        Question(f"Which tools of {server.name} destroy or pay?", f"{named}{more}."),
        Question(
            f"Does Yett change what {server.name} answers?",
            "No. Lists are filtered by the policy, everything else passes byte for byte.",
        ),
    )


def limited(name: str, most: int) -> JsonObject:
    """A policy that allows the tool, so many times a minute for each grant."""
    limit: JsonObject = {"counter": f"{name}_rate", "window": "minute", "max": most, "scope": "grant"}
    return {"version": "1", "default": "deny", "tools": {name: {"limits": [limit]}}}


def _article(risk: RiskClass) -> str:
    return f"an {risk.value}" if risk is RiskClass.EXECUTE else f"a {risk.value}"
