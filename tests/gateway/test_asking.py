"""Calls that people must approve, through the gate and over the real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.asking_rig import ASKING, Asked, asking_gate
from tests.gateway.gate import decision_of
from tests.support.policies import policy
from tests.support.wire import parsed, request
from yett.approvals.model import State
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.gateway.asking import ARGUMENTS_MAX
from yett.stores.state_reader import LogFilter, StateReader

pytestmark = pytest.mark.anyio

LIMITED = policy(
    default="allow",
    tools={
        "echo": {
            "require_approval": True,
            "limits": [{"counter": "echoes", "window": "day", "max": 1}],
        }
    },
)


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with asking_gate(tmp_path / "state.db") as rig:
        yield rig


async def test_the_first_call_is_answered_at_once_with_what_to_do(asked: Asked) -> None:
    result = await asked.call()
    decision = result["_meta"]["dev.yett/decision"]
    assert result["isError"] is True
    assert decision["code"] == "approval_required"
    assert set(decision["approval"]) == {"id", "url", "expires_at"}
    assert decision["approval"]["expires_at"].endswith("Z")
    told = result["content"][1]["text"]
    assert decision["approval"]["id"] in told and "make the same call again" in told and "yett approvals show" in told
    assert asked.ran == 0


async def test_after_approval_the_same_call_runs_once_and_the_one_after_asks_anew(asked: Asked) -> None:
    first = await asked.asked()
    assert await asked.asked() == first, "the same call comes to the same request"
    asked.approve(first)
    assert not (await asked.call()).get("isError", False)
    assert (asked.ran, asked.standing(first)) == (1, State.RUNNING), "the outcome is written with the next group"
    assert await asked.asked() != first
    assert (asked.ran, asked.standing(first)) == (1, State.DONE)


@pytest.mark.parametrize(
    "change",
    [
        lambda rig: rig.asked({"text": "b"}),
        lambda rig: rig.asked({"text": "a", "more": 1}),
        lambda rig: rig.asked({"Text": "a"}),
    ],
)
async def test_an_approval_fits_no_other_arguments(asked: Asked, change: Callable[[Asked], Any]) -> None:
    first = await asked.asked()
    asked.approve(first)
    assert await change(asked) != first
    assert asked.ran == 0


async def test_an_approved_completion_is_of_what_people_saw(asked: Asked) -> None:
    asked.gate.publish(policy(default="allow", prompts={"p": {"require_approval": True}}))

    async def complete(value: str) -> str | None:
        params = {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "to", "value": value}}
        answer = await asked.gate.send(request("completion/complete", params))
        denial: dict[str, Any] = parsed(answer.body).get("error", {}).get("data", {}).get("dev.yett/decision", {})
        return None if "approval" not in denial else str(denial["approval"]["id"])

    first = await complete("a")
    assert first is not None
    found = asked.desk.get(first, asked.gate.clock.now_ns())
    assert found is not None and '"value":"a"' in found.request.arguments
    asked.approve(first)
    assert await complete("b") not in {None, first}
    assert (asked.ran, asked.standing(first)) == (0, State.APPROVED)
    assert await complete("a") is None


async def test_arguments_are_the_same_whatever_their_order_and_the_writing_of_their_numbers(asked: Asked) -> None:
    first = await asked.asked({"a": 1, "b": {"x": [1.50]}})
    asked.approve(first)
    await asked.call({"b": {"x": [1.5]}, "a": 1})
    assert asked.ran == 1


async def test_another_revision_of_the_policy_asks_anew(asked: Asked) -> None:
    first = await asked.asked()
    asked.approve(first)
    asked.gate.publish(ASKING)
    assert await asked.asked() != first
    assert asked.ran == 0
    assert asked.note(first) == "the policy was changed since it was approved: people are asked anew"


async def test_an_approved_call_that_no_limit_lets_pass_any_more_is_denied_and_the_approver_sees_why(asked: Asked) -> None:
    asked.gate.publish(LIMITED)
    first, second = await asked.asked({"text": "1"}), await asked.asked({"text": "2"})
    asked.approve(first)
    asked.approve(second)
    await asked.call({"text": "1"})
    denied = await asked.call({"text": "2"})
    assert denied["_meta"]["dev.yett/decision"]["code"] == "limit_exceeded"
    assert asked.ran == 1
    await asked.settled()
    assert asked.standing(second) is State.APPROVED
    assert asked.note(second).startswith("denied when it came: limit `echoes` (1 a day for this grant) would be exceeded")


async def test_a_call_whose_approval_has_expired_asks_anew(asked: Asked) -> None:
    first = await asked.asked()
    asked.approve(first)
    asked.gate.clock.advance(31 * 60)
    assert await asked.asked() != first
    assert asked.standing(first) is State.EXPIRED


async def test_arguments_that_nobody_can_read_are_not_asked_about(asked: Asked) -> None:
    answer = await asked.gate.call("echo", {"text": "x" * ARGUMENTS_MAX})
    decision = decision_of(answer)
    assert decision["code"] == "approval_required"
    assert "approval" not in decision


async def test_secrets_are_neither_kept_nor_shown(asked: Asked) -> None:
    id = await asked.asked({"to": "a", "api_key": "sk-live-1", "deep": [{"password": "hunter2"}]})
    found = asked.desk.get(id, asked.gate.clock.now_ns())
    assert found is not None
    assert found.request.arguments == '{"api_key":"***","deep":[{"password":"***"}],"to":"a"}'
    assert b"hunter2" not in asked.path.read_bytes()


async def test_every_step_is_in_the_log_with_who_took_it(asked: Asked) -> None:
    asked.approve(await asked.asked())
    await asked.call()
    await asked.gate.ledger.aclose()
    with StateReader(asked.path) as reader:
        events = [entry for entry in reader.entries(LogFilter(), 100) if entry.stream.value == "events"]
    assert [event.code for event in events] == ["approval_requested", "approval_given", "approval_spent", "approval_done"]
    assert events[1].more["actor"] == "m-1"
    assert events[1].more["detail"]["approver"] == "ann@example.com"


async def test_a_call_that_a_person_denied_is_denied_with_the_reason_and_asks_nobody_again(asked: Asked) -> None:
    asked.deny(await asked.asked(), "not on a Friday")
    result = await asked.call()
    decision = result["_meta"]["dev.yett/decision"]
    assert (decision["code"], "approval" in decision) == ("approval_denied", False)
    assert result["content"][0]["text"].startswith("[POLICY DENIED] a person denied this very call: not on a Friday")
    asked.gate.clock.advance(31 * 60)
    assert (await asked.asked()).startswith("ap_"), "when its time is over, people can be asked once more"


async def test_a_grant_may_have_only_so_many_calls_waiting(asked: Asked) -> None:
    for number in range(20):
        await asked.asked({"text": str(number)})
    denied = await asked.call({"text": "20"})
    assert denied["_meta"]["dev.yett/decision"]["code"] == "approvals_full"
    assert (await asked.asked({"text": "3"})).startswith("ap_"), "what waits already can be asked about again"


async def test_of_many_identical_calls_at_once_exactly_one_runs(asked: Asked) -> None:
    id = await asked.asked()
    asked.approve(id)
    results: list[dict[str, Any]] = []

    async def call() -> None:
        results.append(await asked.call())

    async with asyncio.TaskGroup() as calls:
        for _ in range(20):
            calls.create_task(call())
    assert asked.ran == 1
    codes = [result.get("_meta", {}).get("dev.yett/decision", {}).get("code") for result in results]
    assert sorted(str(code) for code in codes) == ["None"] + ["approval_required"] * 19


async def test_a_call_that_surely_was_not_sent_may_be_made_again_under_the_same_approval(asked: Asked) -> None:
    id = await asked.asked()
    asked.approve(id)
    asked.gate.upstream.replies["tools/call"] = UpstreamNotReached("refused")
    answer = await asked.gate.call("echo", {"text": "a"})
    assert "error" in parsed(answer.body)
    del asked.gate.upstream.replies["tools/call"]
    await asked.asked({"text": "another call, with which the outcome is written"})
    assert asked.standing(id) is State.APPROVED
    assert not (await asked.call()).get("isError", False)


async def test_a_call_whose_outcome_nobody_knows_is_not_tried_again(asked: Asked) -> None:
    id = await asked.asked()
    asked.approve(id)
    asked.gate.upstream.replies["tools/call"] = UpstreamFault("broke off")
    await asked.gate.call("echo", {"text": "a"})
    del asked.gate.upstream.replies["tools/call"]
    await asked.asked({"text": "another call, with which the outcome is written"})
    assert asked.standing(id) is State.UNKNOWN
    assert await asked.asked() != id


async def test_an_exemption_lets_the_same_call_pass_with_what_was_freed(asked: Asked) -> None:
    asked.approve(await asked.asked(), exempt_s=600, free=("text",))
    for text in ("a", "b", "c"):
        assert not (await asked.call({"text": text})).get("isError", False)
    assert asked.ran == 3
    assert (await asked.asked({"text": "a", "other": 1})).startswith("ap_"), "what was not freed must be the same"
    asked.gate.clock.advance(600)
    assert (await asked.asked({"text": "b"})).startswith("ap_")
    assert asked.ran == 3
