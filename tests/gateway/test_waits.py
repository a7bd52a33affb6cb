"""Clients carry the wait for people, each in the form of its revision, and can never be the approval."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.asking_rig import ASKING, Asked, asking_gate
from tests.gateway.gate import STDIO_SERVER, decision_of, grant
from tests.support.wire import HANDSHAKE_VERSION, META, Sent, notification, parsed, request
from yett.approvals.model import State
from yett.gateway.http_answers import stream
from yett.gateway.waits import PACE_S, REPORT_S
from yett.ports import Answer

pytestmark = pytest.mark.anyio

LINKS: dict[str, Any] = {"elicitation": {"url": {}}}
ARGUMENTS = {"text": "a"}


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with asking_gate(tmp_path / "state.db") as rig:
        yield rig


def stateless(declared: Any = LINKS, arguments: Any = ARGUMENTS, **rounds: Any) -> Sent:
    params = {"name": "echo", "arguments": arguments, "_meta": {f"{META}clientCapabilities": declared}, **rounds}
    return request("tools/call", params, stateless=True)


def reporting(token: Any = "t-1") -> Sent:
    return request("tools/call", {"name": "echo", "arguments": ARGUMENTS, "_meta": {"progressToken": token}})


async def input_required(asked: Asked, sent: Sent | None = None) -> dict[str, Any]:
    answer = await asked.gate.send(stateless() if sent is None else sent)
    body = answer.body if answer.events is None else (await events(answer))[-1]
    result: dict[str, Any] = parsed(body)["result"]
    assert result["resultType"] == "input_required"
    return result


async def events(answer: Answer) -> list[bytes]:
    assert answer.events is not None
    return [event.data async for event in answer.events]


def id_of(result: dict[str, Any]) -> str:
    id: str = result["_meta"]["dev.yett/decision"]["approval"]["id"]
    return id


async def test_a_stateless_client_that_shows_links_is_given_the_link_and_comes_back_with_the_state(asked: Asked) -> None:
    first = await input_required(asked)
    wanted = first["inputRequests"]["approval"]
    assert wanted["method"] == "elicitation/create"
    assert wanted["params"]["mode"] == "url"
    assert wanted["params"]["url"] == f"https://gate.example/approvals/{id_of(first)}"
    asked.approve(id_of(first))
    back = stateless(requestState=first["requestState"], inputResponses={"approval": {"action": "accept"}})
    answer = await asked.gate.send(back)
    assert parsed(answer.body)["result"].get("isError", False) is False
    sent = parsed(asked.gate.upstream.calls[0].body)["params"]
    assert "requestState" not in sent
    assert "inputResponses" not in sent, "the server asked for nothing"


async def test_a_client_that_accepts_is_no_approval_and_is_held_until_people_have_decided(asked: Asked) -> None:
    first = await input_required(asked)
    back = stateless(requestState=first["requestState"], inputResponses={"approval": {"action": "accept"}})
    reading = asyncio.create_task(events(await asked.gate.send(back)))
    await asyncio.sleep(0.01)
    assert (reading.done(), asked.ran) == (False, 0)
    asked.approve(id_of(first))
    assert parsed((await reading)[-1])["result"].get("isError", False) is False
    assert asked.ran == 1


async def test_a_client_that_comes_back_too_early_is_asked_again_after_a_while(asked: Asked) -> None:
    first = await input_required(asked)
    reading = asyncio.create_task(input_required(asked, stateless(requestState=first["requestState"])))
    await asyncio.sleep(0.01)
    asked.gate.clock.advance(PACE_S)
    second = await reading
    assert (id_of(second), second["requestState"] != first["requestState"]) == (id_of(first), True)


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_user_who_does_not_open_the_link_is_not_asked_again_and_the_request_goes_on_waiting(
    asked: Asked, action: str
) -> None:
    state = (await input_required(asked))["requestState"]
    answer = await asked.gate.send(stateless(requestState=state, inputResponses={"approval": {"action": action}}))
    decision = decision_of(answer)
    assert decision["code"] == "approval_required"
    assert asked.standing(decision["approval"]["id"]) is State.PENDING
    asked.approve(decision["approval"]["id"])
    assert not (await asked.call()).get("isError", False)


async def refused(asked: Asked, sent: Sent, **route: Any) -> Any:
    """The error of an answer to what brings a state that is none."""
    answer = await asked.gate.send(sent, **route)
    return answer.status, parsed(answer.body)["error"]


async def test_forged_replayed_foreign_and_expired_states_are_refused_alike_and_recorded(asked: Asked, tmp_path: Path) -> None:
    asked.gate.publish(ASKING, grants=[grant("g1"), grant("g2")])
    forged = await refused(asked, stateless(requestState="forged"))
    state = (await input_required(asked))["requestState"]
    foreign = await refused(asked, stateless(requestState=state), grant_id="g2")
    other = await refused(asked, stateless(arguments={"text": "b"}, requestState=state))
    reading = asyncio.create_task(input_required(asked, stateless(requestState=state)))
    await asyncio.sleep(0.01)
    replayed = await refused(asked, stateless(requestState=state))
    asked.gate.clock.advance(PACE_S)
    late = (await reading)["requestState"]
    asked.gate.clock.advance(3_600)
    expired = await refused(asked, stateless(requestState=late))
    assert forged == foreign == other == replayed == expired
    await asked.gate.ledger.aclose()
    assert asked.refusals() == 5
    assert asked.ran == 0


async def test_a_handshake_call_with_a_progress_token_is_held_and_told_that_it_waits(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 120
    answer = await asked.gate.send(reporting())
    assert answer.events is not None
    reading = asyncio.ensure_future(anext(answer.events))
    await asyncio.sleep(0.01)
    asked.gate.clock.advance(REPORT_S)
    report = parsed((await reading).data)
    assert (report["method"], report["params"]["progressToken"]) == ("notifications/progress", "t-1")
    [waiting] = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    asked.approve(waiting.id)
    assert parsed((await events(answer))[-1])["result"].get("isError", False) is False
    assert asked.ran == 1


async def test_a_call_is_held_no_longer_than_the_limit_and_loses_nothing(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 30
    reading = asyncio.create_task(events(await asked.gate.send(reporting())))
    await asyncio.sleep(0.01)
    asked.gate.clock.advance(30)
    last = (await reading)[-1]
    decision = decision_of(Answer(body=last))
    assert decision["code"] == "approval_required"
    asked.approve(decision["approval"]["id"])
    assert not (await asked.call()).get("isError", False)
    assert asked.ran == 1


async def test_a_client_that_left_a_held_call_loses_nothing(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 30
    answer = await asked.gate.send(reporting())
    await answer.aclose()
    [waiting] = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    asked.approve(waiting.id)
    assert asked.standing(waiting.id) is State.APPROVED
    assert not (await asked.call()).get("isError", False)


async def test_a_held_call_that_its_client_cancels_does_not_run_and_leaves_the_approval_to_the_next_one(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 30
    held = reporting()
    reading = asyncio.create_task(events(await asked.gate.send(held)))
    await asyncio.sleep(0.01)
    await asked.gate.send(notification("notifications/cancelled", {"requestId": "another"}))
    assert not reading.done()
    await asked.gate.send(notification("notifications/cancelled", {"requestId": parsed(held.body)["id"]}))
    assert await reading == [], "who cancelled is not answered"
    [waiting] = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    asked.approve(waiting.id)
    assert (asked.ran, asked.standing(waiting.id)) == (0, State.APPROVED)
    assert not (await asked.call()).get("isError", False)
    assert asked.ran == 1


class LeavingClient:
    """What a client of HTTP is told, until it goes away."""

    def __init__(self) -> None:
        self.client_gone = asyncio.get_running_loop().create_future()

    def start(self, *_: Any, **__: Any) -> None: ...

    def end(self) -> None: ...


async def test_a_held_call_whose_client_went_away_ends_at_once(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 30
    answer = await asked.gate.send(reporting())
    responder: Any = LeavingClient()
    writing = asyncio.create_task(stream(answer, responder, (), orphaned_s=60.0))
    await asyncio.sleep(0.01)
    responder.client_gone.set_result(None)
    await asyncio.wait_for(writing, 1)
    [waiting] = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    asked.approve(waiting.id)
    assert (asked.ran, asked.standing(waiting.id)) == (0, State.APPROVED)


async def test_a_held_call_that_people_deny_says_why(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 30
    reading = asyncio.create_task(events(await asked.gate.send(reporting())))
    await asyncio.sleep(0.01)
    [waiting] = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    asked.deny(waiting.id, "too much")
    told = parsed((await reading)[-1])["result"]
    assert "too much" in told["content"][0]["text"]
    assert asked.ran == 0


async def test_a_held_call_whose_grant_is_gone_by_then_does_not_run(asked: Asked) -> None:
    asked.gate.dispatcher.waits.hold_s = 30
    asked.gate.dispatcher.waits.renew = lambda _: None
    reading = asyncio.create_task(events(await asked.gate.send(reporting())))
    await asyncio.sleep(0.01)
    [waiting] = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    asked.approve(waiting.id)
    assert decision_of(Answer(body=(await reading)[-1]))["code"] == "approval_required"
    assert asked.ran == 0


async def test_a_handshake_client_that_shows_links_gets_the_error_of_its_revision(asked: Asked) -> None:
    asked.gate.server = STDIO_SERVER
    params = {"protocolVersion": HANDSHAKE_VERSION, "capabilities": LINKS, "clientInfo": {"name": "t", "version": "1"}}
    opened = await asked.gate.send(request("initialize", params))
    assert opened.session is not None
    session = asked.gate.sessions.find(opened.session, grant_id="g1", server_id=STDIO_SERVER.id)
    answer = await asked.gate.send(request("tools/call", {"name": "echo", "arguments": ARGUMENTS}), session=session)
    fault = parsed(answer.body)["error"]
    [elicitation] = fault["data"]["elicitations"]
    assert fault["code"] == -32042
    assert elicitation["url"] == f"https://gate.example/approvals/{elicitation['elicitationId']}"
