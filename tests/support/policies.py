"""Policies and questions about them, in one line each."""

from __future__ import annotations

import json
from typing import Any

from tests.support.clock import START_NS
from yett.gateway.snapshot import PolicyEntry
from yett.policy.compile import CompiledPolicy, compile_policy
from yett.policy.decision import Call, Decision, Facts, Grant, Surface, ToolFacts
from yett.policy.document import read_json, read_policy
from yett.policy.errors import PolicyErrors
from yett.policy.evaluate import decide
from yett.policy.json_value import JsonObject
from yett.policy.model import Policy
from yett.policy.operators import OUTCOME_NAMES
from yett.policy.trace import Trace
from yett.quota.charge import Usage

ALLOW_ALL: dict[str, Any] = {"version": "1", "default": "allow"}
DENY_ALL: dict[str, Any] = {"version": "1", "default": "deny"}


def policy(**members: Any) -> dict[str, Any]:
    """A document that denies what it does not name."""
    return {**DENY_ALL, **members}


def text_of(document: Any) -> bytes:
    """The document as JSON."""
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def read(document: Any) -> Policy:
    """The policy that a document, or JSON text, means."""
    return read_policy(text_of(document))


def compiled(document: Any) -> CompiledPolicy:
    """Ready to decide."""
    return compile_policy(read(document))


def entry(document: Any, *, name: str = "p", revision: str = "1-000000000000") -> PolicyEntry:
    """A published revision."""
    return PolicyEntry(id=name, organisation="o", name=name, revision=revision, document=text_of(document).decode())


def problems_of(document: Any) -> dict[str, str]:
    """What is wrong with a document: pointer to message and hint."""
    try:
        read(document)
    except PolicyErrors as errors:
        return {error.pointer: f"{error.message}; {error.hint}" for error in errors.errors}
    return {}


def arguments_of(value: Any) -> JsonObject:
    """Arguments as the gate reads them; `value` is JSON text, or what can be written as JSON."""
    read_value = read_json(value if isinstance(value, bytes) else json.dumps(value).encode())
    assert isinstance(read_value, dict)
    return read_value


def facts(*, tool: ToolFacts | None = None, grant: Grant | None = None, **members: Any) -> Facts:
    """The context of a call."""
    defaults: dict[str, Any] = {"organisation": "o", "server_id": "srv", "server_name": "srv", "client_ip": "127.0.0.1"}
    return Facts(**{**defaults, **members}, grant=grant or Grant("g1"), tool=tool or ToolFacts())


def ask(
    document: Any,
    arguments: Any = None,
    *,
    name: str = "t",
    surface: Surface = Surface.TOOL,
    about: Facts | None = None,
    usage: Usage | None = None,
    now_ns: int = START_NS,
    trace: Trace | None = None,
) -> Decision:
    """What the policy says to one call."""
    call = Call(surface, name, arguments_of(arguments or {}))
    policy = None if document is None else compiled(document)
    return decide(policy, call, about or facts(), usage or {}, now_ns=now_ns, trace=trace)


def outcome_of(condition: dict[str, Any], arguments: Any, *, about: Facts | None = None, now_ns: int = START_NS) -> str:
    """What one condition comes to: TRUE, FALSE, ABSENT or ILL."""
    trace = Trace()
    ask(policy(tools={"t": {"deny_if": [condition]}}), arguments, about=about, now_ns=now_ns, trace=trace)
    (step,) = [step for step in trace.steps if step.name == "deny_if"]
    return OUTCOME_NAMES[step.seen[0].outcome]
