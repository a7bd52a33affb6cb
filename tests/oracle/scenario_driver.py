"""Plays scenario files (section 8) against the oracle: the contract must hold for it as for the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.oracle.counting import Charged
from tests.oracle.reference import judge
from yett.policy.decision import ArgumentCheck, Call, Decision, Effect, Facts, Grant, Surface, ToolFacts

GIVEN_BACK = ("unreachable", "rpc_error")
"""What surely did not run."""


def contract_files() -> list[Path]:
    """The shared scenario files, where the shared folder stands beside the repository."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "contract" / "policy"
    return sorted(folder.glob("*.json"))


def scenarios(path: Path) -> list[dict[str, Any]]:
    """The scenarios of a file that have steps, numbers exact."""
    found = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return [one for one in (found if isinstance(found, list) else [found]) if "steps" in one]


@dataclass
class Player:
    """Plays one scenario; remembers the charges and the time."""

    scenario: dict[str, Any]
    now_ns: int = 1_767_225_600 * 10**9
    history: list[Charged] = field(default_factory=list)

    def play(self) -> Iterator[tuple[int, dict[str, Any], Decision]]:
        """Each step's number, what it expects and what the oracle says."""
        for number, step in enumerate(self.scenario["steps"]):
            if "at" in step:
                moment = datetime.fromisoformat(step["at"].replace("Z", "+00:00"))
                self.now_ns = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
            decision = judge(self.scenario["policy"], self._call(step), self._facts(step), self.history, self.now_ns)
            if decision.effect.forwards and step.get("upstream", "ok") not in GIVEN_BACK:
                charges = decision.charges + decision.shadow_charges
                self.history += [Charged(self.now_ns, charge.key, charge.amount) for charge in charges]
            expect = step["expect"]
            yield number, {"decision": expect} if isinstance(expect, str) else expect, decision

    @staticmethod
    def _call(step: dict[str, Any]) -> Call:
        if "resource" in step:
            return Call(Surface.RESOURCE, step["resource"], {"uri": step["resource"]})
        surface, asked = (Surface.TOOL, step["call"]) if "call" in step else (Surface.PROMPT, step["prompt"])
        return Call(surface, asked["name"], asked["arguments"])

    def _facts(self, step: dict[str, Any]) -> Facts:
        grant = step.get("grant", "g1")
        name = step["call"]["name"] if "call" in step else ""
        return Facts(
            organisation="o",
            server_id="srv",
            server_name="srv",
            grant=Grant(grant) if isinstance(grant, str) else Grant(**grant),
            session=step.get("session", "s1"),
            client_ip=step.get("client_ip"),
            tool=self._tool(name, step.get("changed", False)),
            approved=step.get("approve", False),
        )

    def _tool(self, name: str, changed: bool) -> ToolFacts:
        risk = self.scenario.get("risk", {}).get(name)
        if "tools" not in self.scenario:
            return ToolFacts(changed=changed, risk=risk)
        definition = next((tool for tool in self.scenario["tools"] if tool["name"] == name), None)
        check = None if definition is None else _check(definition["inputSchema"])
        return ToolFacts(definition is not None, changed, risk, check)


def _check(schema: dict[str, Any]) -> ArgumentCheck:
    validator = jsonschema_rs.validator_for(json.loads(json.dumps(schema, default=float)))
    return lambda arguments: None if validator.is_valid(json.loads(json.dumps(arguments, default=float))) else "not valid"


def answer(decision: Decision) -> dict[str, Any]:
    """A decision in the words of a scenario's `expect`."""
    return {
        "decision": Effect(decision.effect).value,
        "code": decision.code and decision.code.value,
        "rule": decision.rule,
        "message": decision.message,
        "retry_after_s": decision.retry_after_s,
    }
