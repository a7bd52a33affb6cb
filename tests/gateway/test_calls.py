"""Judging one call, reserving, recording, and settling it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import Gate, decision_of
from tests.support.policies import DENY_ALL, policy
from tests.support.wire import call, parsed
from yett.audit.record import Result
from yett.errors import StoreFault
from yett.gateway.calls import Admitted, Refused
from yett.policy.decision import Code, Effect, ToolFacts

pytestmark = pytest.mark.anyio

LIMITED = policy(tools={"pay": {"limits": [{"counter": "n", "window": "day", "max": 2}]}})
DISK_FULL = StoreFault("the disk is full")


async def admit(gate: Gate, name: str = "echo", arguments: dict[str, Any] | None = None) -> Admitted | Refused:
    return await gate.calls.admit(gate.route().caller, call(name, arguments).message, ToolFacts())


async def test_an_allowed_call_is_recorded_before_it_is_admitted() -> None:
    gate = Gate()
    admitted = await admit(gate, "echo", {"text": "hello", "b": 1})
    (record,) = gate.ledger.records
    assert isinstance(admitted, Admitted)
    assert (record.request_id, record.grant_id, record.server_name) == (admitted.request_id, "g1", "files")
    assert (record.method, record.target, record.policy, record.policy_revision) == (
        "tools/call",
        "echo",
        "p",
        "1-000000000001",
    )
    assert record.argument_keys == ("b", "text")
    assert record.client_ip == "127.0.0.1"


async def test_values_of_arguments_are_in_no_record() -> None:
    gate = Gate()
    await admit(gate, "echo", {"text": "hunter2-secret"})
    assert "hunter2-secret" not in repr(gate.ledger.records)


async def test_the_digest_of_arguments_depends_on_their_value_and_not_on_how_they_are_written() -> None:
    gate = Gate()
    for arguments in ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, {"a": 1, "b": 3}):
        await admit(gate, "echo", arguments)
    first, same, other = (record.arguments_digest for record in gate.ledger.records)
    assert first == same != other


async def test_a_denied_call_is_recorded_with_its_reason() -> None:
    gate = Gate()
    gate.publish(DENY_ALL)
    refused = await admit(gate)
    assert isinstance(refused, Refused)
    (record,) = gate.ledger.records
    assert (record.decision.effect, record.decision.code, record.decision.rule) == (
        Effect.DENY,
        Code.NOT_LISTED,
        "(default deny)",
    )
    assert refused.denial.request_id == record.request_id


async def test_every_request_has_a_name_of_its_own() -> None:
    gate = Gate()
    await admit(gate)
    await admit(gate)
    assert len({record.request_id for record in gate.ledger.records} | {gate.calls.request_id()}) == 3


async def test_the_last_units_of_a_limit_are_given_out_once() -> None:
    gate = Gate()
    gate.publish(LIMITED)
    verdicts = [await admit(gate, "pay") for _ in range(3)]
    assert [isinstance(verdict, Admitted) for verdict in verdicts] == [True, True, False]
    assert isinstance(verdicts[2], Refused)
    assert verdicts[2].denial.code == "limit_exceeded"
    assert verdicts[2].denial.retry_after_s == 86_400


async def test_a_counter_store_that_cannot_answer_denies_a_call_with_limits() -> None:
    gate = Gate()
    gate.publish(LIMITED)
    gate.ledger.fault = DISK_FULL
    verdict = await admit(gate, "pay")
    assert isinstance(verdict, Refused)
    assert verdict.denial.code == "counter_unavailable"


async def test_a_log_that_cannot_be_written_denies_a_call_without_limits() -> None:
    gate = Gate()
    gate.ledger.fault = DISK_FULL
    verdict = await admit(gate)
    assert isinstance(verdict, Refused)
    assert verdict.denial.code == "audit_unavailable"


async def test_a_counter_that_cannot_be_looked_at_before_people_are_asked_denies() -> None:
    gate = Gate()
    rule = {"require_approval": True, "limits": [{"counter": "n", "window": "day", "max": 2}]}
    gate.publish(policy(tools={"pay": rule}))
    gate.ledger.fault = DISK_FULL
    verdict = await admit(gate, "pay")
    assert isinstance(verdict, Refused)
    assert verdict.denial.code == "counter_unavailable"


async def test_what_a_fault_of_the_store_says_is_not_told_to_the_client() -> None:
    gate = Gate()
    gate.ledger.fault = StoreFault("cannot write `/var/lib/yett/state.db`")
    verdict = await admit(gate)
    assert isinstance(verdict, Refused)
    assert "state.db" not in verdict.denial.message


async def test_a_denial_that_cannot_be_recorded_is_a_denial_all_the_same() -> None:
    gate = Gate()
    gate.publish(DENY_ALL)
    gate.ledger.note_fault = DISK_FULL
    verdict = await admit(gate)
    assert isinstance(verdict, Refused)
    assert verdict.denial.code == "not_listed"


async def test_nothing_passes_while_the_store_neither_admits_nor_notes() -> None:
    gate = Gate()
    gate.ledger.fault = gate.ledger.note_fault = DISK_FULL
    answer = await gate.call()
    assert decision_of(answer)["code"] == "audit_unavailable"
    assert not gate.upstream.calls


async def test_latency_and_sizes_are_settled_with_the_outcome() -> None:
    gate = Gate()
    admitted = await admit(gate, "echo", {"text": "x"})
    assert isinstance(admitted, Admitted)
    gate.clock.advance(0.5)
    gate.calls.settle(admitted, Result.OK, status=200, size=77)
    outcome = gate.ledger.outcome
    assert (outcome.latency_us, outcome.response_bytes, outcome.http_status) == (500_000, 77, 200)
    assert outcome.request_bytes == len(call("echo", {"text": "x"}).body)


async def test_a_denial_names_rule_request_and_revision() -> None:
    gate = Gate()
    gate.publish(policy(tools={"echo": {"action": "deny", "reason": "not today"}}))
    answer = await gate.call()
    assert decision_of(answer) == {
        "code": "deny_if_matched",
        "rule": "/tools/echo/deny_if/always",
        "request_id": gate.ledger.records[0].request_id,
        "policy_revision": "2-000000000002",
    }
    assert parsed(answer.body)["result"]["content"] == [{"type": "text", "text": "[POLICY DENIED] not today"}]


async def test_context_paths_see_the_grant_the_server_and_the_session() -> None:
    gate = Gate(upstream=Gate().upstream)
    gate.upstream.session = "up-1"
    session = await gate.open()
    conditions = [
        {"path": "grant.id", "op": "eq", "value": "g1"},
        {"path": "server.name", "op": "eq", "value": "files"},
        {"path": "session.id", "op": "eq", "value": session.id},
        {"path": "client.ip", "op": "eq", "value": "127.0.0.1"},
    ]
    gate.publish(policy(tools={"echo": {"require": [{"conditions": conditions}]}}))
    answer = await gate.send(call("echo"), session=session)
    assert "isError" not in parsed(answer.body)["result"]
