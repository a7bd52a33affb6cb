"""Running scenarios: the engine, a ledger in memory, and a clock that is what each step says. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yett.lab.memory_ledger import MemoryLedger
from yett.lab.scenario import START_NS, Scenario, ScenarioStep
from yett.policy.arguments import compile_check
from yett.policy.canonical import json_ready
from yett.policy.compile import CompiledPolicy, compile_policy
from yett.policy.decision import ArgumentCheck, Decision, Facts, Surface, ToolFacts
from yett.policy.errors import PolicyError, PolicyErrors
from yett.policy.evaluate import decide_in_view
from yett.policy.json_value import JsonValue
from yett.policy.model import Policy
from yett.policy.parse import parse_policy
from yett.policy.vocabulary import DOCUMENT_BYTES_MAX

ORGANISATION = "organisation"
SERVER = "server"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one scenario."""

    name: str
    failures: tuple[str, ...] = ()
    """One sentence for each step, or place, that was not as expected."""
    decisions: tuple[Decision, ...] = ()
    """The final decision of each step."""

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


def run_scenario(scenario: Scenario) -> Result:
    """Ask the policy every step in order, with counters that start empty."""
    try:
        policy = None if scenario.policy is None and scenario.invalid is None else parse_document(scenario.policy)
    except PolicyErrors as refused:
        return Result(scenario.name, tuple(_wrong_errors(scenario, refused.errors)))
    if scenario.invalid is not None:
        return Result(scenario.name, (f"the policy is accepted; expected errors at {_listed(scenario.invalid)}",))
    return _Run(scenario, None if policy is None else compile_policy(policy)).run()


def parse_document(document: JsonValue) -> Policy:
    """The policy of a document that came inside another file, held to the same size. Errors: `PolicyErrors`."""
    if len(json.dumps(json_ready(document), ensure_ascii=False).encode("utf-8", "surrogatepass")) > DOCUMENT_BYTES_MAX:
        raise PolicyErrors([PolicyError("", f"larger than {DOCUMENT_BYTES_MAX} bytes")])
    return parse_policy(document)


def _wrong_errors(scenario: Scenario, errors: tuple[PolicyError, ...]) -> Iterator[str]:
    found = {error.pointer for error in errors}
    if scenario.invalid is None:
        yield from (f"the policy is refused {error}" for error in errors)
        return
    for error in errors:
        if error.pointer not in scenario.invalid:
            yield f"an error that is not expected {error}" if error.pointer else f"an error that is not expected: {error}"
    if missing := scenario.invalid - found:
        yield f"no error at {_listed(missing)}"


def _listed(pointers: frozenset[str]) -> str:
    return ", ".join(f"`{pointer}`" for pointer in sorted(pointers))


class _Run:
    """One scenario while it runs."""

    def __init__(self, scenario: Scenario, policy: CompiledPolicy | None) -> None:
        self._scenario = scenario
        self._policy = policy
        self._ledger = MemoryLedger()
        self._checks = None if scenario.tools is None else _checks(scenario)
        self._now_ns = START_NS

    def run(self) -> Result:
        decisions, failures = [], list[str]()
        for index, step in enumerate(self._scenario.steps):
            decision = self._take(step)
            decisions.append(decision)
            failures.extend(f"step {index + 1} ({_asked(step)}): {problem}" for problem in differences(step.expected, decision))
        return Result(self._scenario.name, tuple(failures), tuple(decisions))

    def _take(self, step: ScenarioStep) -> Decision:
        if step.at_ns is not None:
            self._now_ns = step.at_ns
        facts = self._facts(step)
        now_ns = self._now_ns
        judged = decide_in_view(self._policy, step.call, facts, lambda keys: self._ledger.usage(keys, now_ns), now_ns=now_ns)
        decision = self._ledger.admit_now(judged, self._now_ns)
        if decision.effect.forwards:
            self._ledger.settle(self._ledger.holds, ran=step.upstream.ran)
        return decision

    def _facts(self, step: ScenarioStep) -> Facts:
        name = step.call.name
        tool = ToolFacts()
        if step.call.surface is Surface.TOOL:
            tool = ToolFacts(
                known=self._checks is None or name in self._checks,
                changed=step.changed,
                risk=self._scenario.risk.get(name),
                check=None if self._checks is None else self._checks.get(name),
            )
        return Facts(
            organisation=ORGANISATION,
            server_id=SERVER,
            server_name=SERVER,
            grant=step.grant,
            session=step.session,
            client_ip=step.client_ip,
            tool=tool,
            approved=step.approved,
        )


def _checks(scenario: Scenario) -> dict[str, ArgumentCheck | None]:
    tools = scenario.tools or ()
    return {tool.name: None if tool.input_schema is None else compile_check(tool.input_schema) for tool in tools}


def _asked(step: ScenarioStep) -> str:
    return f"{step.call.surface.value.removesuffix('s')} `{step.call.name}`"


def differences(expected: Mapping[str, JsonValue], decision: Decision) -> Iterator[str]:
    """Where the decision is not as expected, one sentence each; silent about what nothing is expected of."""
    found: dict[str, JsonValue] = {
        "decision": decision.effect.value,
        "code": None if decision.code is None else decision.code.value,
        "rule": decision.rule,
        "message": decision.message,
        "retry_after_s": decision.retry_after_s,
    }
    for name, wanted in expected.items():
        if found[name] != wanted:
            why = f" ({_why(decision)})" if name == "decision" and decision.code is not None else ""
            yield f"{name} is {_shown(found[name])}{why}, expected {_shown(wanted)}"


def _why(decision: Decision) -> str:
    return f"{'' if decision.code is None else decision.code.value} by {decision.rule}: {decision.message}"


def _shown(value: JsonValue) -> str:
    return "absent" if value is None else f"`{value}`"
