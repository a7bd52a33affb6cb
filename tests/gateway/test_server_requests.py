"""What a server asks of a client: judged, relayed, and answered at most once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import Gate
from tests.gateway.test_from_server import answers, during_a_call, message, response, session_of
from tests.support.policies import ALLOW_ALL
from yett.audit.record import Refused
from yett.errors import UpstreamNotReached
from yett.gateway.conversation import ASKED_MAX, ASKED_S
from yett.ports import Answer
from yett.protocol.server_messages import KIND_OF

pytestmark = pytest.mark.anyio

KINDS = pytest.mark.parametrize(("method", "kind"), list(KIND_OF.items()))


def kinds(gate: Gate) -> list[Refused]:
    return [record.kind for record in gate.ledger.security]


@KINDS
async def test_an_allowed_request_reaches_the_client_and_its_answer_the_server_once(method: str, kind: str) -> None:
    gate = Gate()
    session = await session_of(gate, kind)
    asked = message(method, id="s-1")
    assert await during_a_call(gate, asked, session=session) == [asked]
    route = gate.route(session=session)
    assert (await gate.dispatcher.respond(route, response("s-1"))).status == 202
    assert answers(gate) == [{"jsonrpc": "2.0", "id": "s-1", "result": {"roots": []}}]
    assert (await gate.dispatcher.respond(route, response("s-1"))).status == 202
    assert len(answers(gate)) == 1
    assert kinds(gate) == [Refused.RESPONSE]


async def test_a_ping_of_the_server_reaches_the_client() -> None:
    gate = Gate()
    session = await session_of(gate)
    asked = message("ping", id=1)
    assert await during_a_call(gate, asked, session=session) == [asked]
    await gate.dispatcher.respond(gate.route(session=session), response(1, result={}))
    assert len(answers(gate)) == 1


@KINDS
@pytest.mark.parametrize("by", ["key", "default"])
async def test_a_denied_request_is_answered_in_the_clients_place_and_written_down(method: str, kind: str, by: str) -> None:
    gate = Gate()
    session = await session_of(gate, kind)
    document: Any = {"version": "1", "default": "deny", "tools": {"echo": {}}}
    if by == "key":
        document = {"version": "1", "default": "allow", "server_requests": {kind: "deny"}}
    gate.publish(document)
    asked = message(method, id=1)
    assert await during_a_call(gate, asked, session=session) == []
    (answer,) = answers(gate)
    assert (answer["id"], answer["error"]) == (1, {"code": -32600, "message": f"{kind} is denied by policy"})
    (record,) = gate.ledger.security
    rule = f"/server_requests/{kind}" if by == "key" else "(default deny)"
    assert (record.kind, record.reason) == (Refused.SERVER_REQUEST, f"{method} is denied by {rule}")
    await gate.dispatcher.respond(gate.route(session=session), response(1))
    assert len(answers(gate)) == 1


@KINDS
async def test_a_key_that_allows_beats_the_default(method: str, kind: str) -> None:
    gate = Gate()
    gate.publish({"version": "1", "default": "deny", "tools": {"echo": {}}, "server_requests": {kind: "allow"}, "mode": "shadow"})
    session = await session_of(gate, *KIND_OF.values())
    asked = message(method, id=1)
    others = [message(other, id=2) for other in KIND_OF if other != method]
    assert await during_a_call(gate, asked, *others, session=session) == [asked]


@KINDS
async def test_what_the_client_did_not_offer_is_not_asked_of_it(method: str, kind: str) -> None:
    gate = Gate()
    session = await session_of(gate, *(other for other in KIND_OF.values() if other != kind))
    assert await during_a_call(gate, message(method, id=1), session=session) == []
    assert [answer["error"]["code"] for answer in answers(gate)] == [-32601]
    assert kinds(gate) == [Refused.SERVER_REQUEST]


@pytest.mark.parametrize("id", [2, "1", 0, -1])
async def test_an_answer_to_nothing_that_was_asked_goes_no_further(id: Any) -> None:
    gate = Gate()
    session = await session_of(gate, "roots")
    await during_a_call(gate, message("roots/list", id=1), session=session)
    assert (await gate.dispatcher.respond(gate.route(session=session), response(id))).status == 202
    assert answers(gate) == []
    assert kinds(gate) == [Refused.RESPONSE]


async def test_an_answer_without_a_session_goes_no_further() -> None:
    gate = Gate()
    assert (await gate.dispatcher.respond(gate.route(), response(1))).status == 202
    assert not gate.upstream.sent
    assert kinds(gate) == [Refused.RESPONSE]


async def test_another_session_of_the_same_grant_cannot_answer() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL)
    session, other = await session_of(gate, "roots"), await session_of(gate, "roots")
    await during_a_call(gate, message("roots/list", id=1), session=session)
    await gate.dispatcher.respond(gate.route(session=other), response(1))
    assert answers(gate) == []


async def test_a_request_is_not_waited_for_longer_than_people_think() -> None:
    gate = Gate()
    session = await session_of(gate, "roots")
    await during_a_call(gate, message("roots/list", id=1), session=session)
    gate.clock.advance(ASKED_S + 1)
    await gate.dispatcher.respond(gate.route(session=session), response(1))
    assert answers(gate) == []


async def test_a_server_cannot_ask_more_than_can_be_remembered() -> None:
    gate = Gate()
    session = await session_of(gate, "roots")
    asked = [message("roots/list", id=number) for number in range(ASKED_MAX + 1)]
    assert await during_a_call(gate, *asked, session=session) == asked[:-1]
    assert [(answer["id"], answer["error"]["code"]) for answer in answers(gate)] == [(ASKED_MAX, -32603)]
    await gate.dispatcher.respond(gate.route(session=session), response(0))
    assert await during_a_call(gate, asked[-1], session=session) == [asked[-1]]


async def test_an_error_of_the_client_is_an_answer_too() -> None:
    gate = Gate()
    session = await session_of(gate, "sampling")
    await during_a_call(gate, message("sampling/createMessage", id=1), session=session)
    error = {"code": -1, "message": "the user declined"}
    await gate.dispatcher.respond(gate.route(session=session), response(1, error=error))
    assert answers(gate) == [{"jsonrpc": "2.0", "id": 1, "error": error}]


@pytest.mark.parametrize(
    ("reply", "status"), [(Answer(status=404), 404), (Answer(status=500), 202), (UpstreamNotReached("x"), 502)]
)
async def test_what_becomes_of_an_answer_is_told_where_it_concerns_the_client(reply: Any, status: int) -> None:
    gate = Gate()
    session = await session_of(gate, "roots")
    await during_a_call(gate, message("roots/list", id=1), session=session)
    gate.upstream.replies[""] = reply
    assert (await gate.dispatcher.respond(gate.route(session=session), response(1))).status == status
