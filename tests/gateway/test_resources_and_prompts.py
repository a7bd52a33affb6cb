"""Resources, prompts and completions through the gate, in both eras; their lists are in `test_lists.py`.

Rows of the reference: `resources/read`, `resources/subscribe` (and its opposite), `prompts/get`, `completion/complete`, and the
capabilities in `initialize` and `server/discover`. AZ4: what is not allowed by name is denied, and a resource by its exact URI.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import Gate
from tests.support.fake_upstream import WELCOME, Chunks, result, rpc_error, streamed
from tests.support.policies import ALLOW_ALL, DENY_ALL, policy
from tests.support.wire import Sent, initialize, parsed, request
from yett.audit.record import Result
from yett.errors import OperatorFault, StoreFault, UpstreamNotReached
from yett.policy.decision import Code, Effect
from yett.ports import Answer
from yett.protocol.replies import DECISION_KEY

pytestmark = pytest.mark.anyio

ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])
A, B = "file:///srv/a", "file:///srv/b"
NEVER: dict[str, Any] = {"deny_if": [{"conditions": [], "on_deny": "not this one"}]}
DAILY = {"limits": [{"counter": "reads", "window": "day", "max": 1}]}
ARGUMENT = {"name": "topic", "value": "a"}

# A request of each judged method about something of the name `x`, and the key of a policy that concerns it.
ABOUT: dict[str, Any] = {
    "resources/read": lambda name: {"uri": name},
    "resources/subscribe": lambda name: {"uri": name},
    "resources/unsubscribe": lambda name: {"uri": name},
    "prompts/get": lambda name: {"name": name, "arguments": {"topic": "x"}},
    "completion/complete": lambda name: {"ref": {"type": "ref/prompt", "name": name}, "argument": ARGUMENT},
}
SECTION = {method: "resources" if method.startswith("resources/") else "prompts" for method in ABOUT}
CASES = [(method, stateless) for method in ABOUT for stateless in (False, True) if not (stateless and "subscribe" in method)]
JUDGED = pytest.mark.parametrize(("method", "stateless"), CASES)
CHARGED = pytest.mark.parametrize(("method", "stateless"), [case for case in CASES if case[0] != "completion/complete"])


def asking(method: str, stateless: bool, name: str = A, *, id: Any = 1) -> Sent:
    return request(method, ABOUT[method](name), id=id, stateless=stateless)


def admitting(method: str, rule: Any, name: str = A) -> dict[str, Any]:
    return policy(**{SECTION[method]: {name: rule}})


def error_of(answer: Answer) -> dict[str, Any]:
    error: dict[str, Any] = parsed(answer.body)["error"]
    return error


def absent(method: str, stateless: bool) -> int:
    """The code of what does not exist."""
    return -32002 if method.startswith("resources/") and not stateless else -32602


# --- judged ---------------------------------------------------------------------------------------------------------------


@JUDGED
async def test_what_the_policy_admits_is_forwarded_with_identical_bytes(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, {}))
    sent = asking(method, stateless)
    answer = await gate.send(sent)
    (forwarded,) = gate.upstream.sent
    assert (forwarded.body, forwarded.method) == (sent.body, method)
    assert "result" in parsed(answer.body)


@JUDGED
async def test_it_is_recorded_and_settled_like_a_call(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, {}))
    await gate.send(asking(method, stateless))
    (record,) = gate.ledger.records
    assert (record.method, record.target, record.decision.effect) == (method, A, Effect.ALLOW)
    keys = {"prompts/get": ("topic",), "completion/complete": ()}.get(method, ("uri",))
    assert record.argument_keys == keys
    assert gate.ledger.results == [Result.OK]


@JUDGED
async def test_what_the_policy_does_not_list_reads_as_absent_and_never_reaches_the_server(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, {}, "other:*"))
    answer = await gate.send(asking(method, stateless))
    error = error_of(answer)
    assert error["code"] == absent(method, stateless)
    assert (error["message"], error.get("data")) in (("Resource not found", {"uri": A}), (f"Unknown prompt: {A}", None))
    assert answer.status == (400 if stateless else 200)
    assert not gate.upstream.sent
    assert [decision.code for decision in gate.ledger.decisions] == [Code.NOT_LISTED]


@JUDGED
async def test_a_denial_says_why_under_the_code_of_what_is_absent(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, NEVER))
    error = error_of(await gate.send(asking(method, stateless)))
    assert (error["code"], error["message"]) == (absent(method, stateless), "[POLICY DENIED] not this one")
    decision = error["data"][DECISION_KEY]
    assert decision["code"] == "deny_if_matched"
    assert decision["rule"] == f"/{SECTION[method]}/{A.replace('/', '~1')}/deny_if/always"
    assert decision["request_id"] == gate.ledger.records[0].request_id
    assert not gate.upstream.sent


@JUDGED
async def test_what_people_must_approve_is_denied_until_they_do(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, {"require_approval": True}))
    error = error_of(await gate.send(asking(method, stateless)))
    assert error["data"][DECISION_KEY]["code"] == "approval_required"
    assert not gate.upstream.sent


@JUDGED
async def test_without_a_policy_nothing_is_served(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish()
    error = error_of(await gate.send(asking(method, stateless)))
    assert error["data"][DECISION_KEY]["code"] == "no_policy"
    assert not gate.upstream.sent


@CHARGED
async def test_a_limit_counts_and_stops_it(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, DAILY))
    answers = [await gate.send(asking(method, stateless, id=number)) for number in range(2)]
    assert "result" in parsed(answers[0].body)
    decision = error_of(answers[1])["data"][DECISION_KEY]
    assert (decision["code"], decision["retry_after_s"] > 0) == ("limit_exceeded", True)
    assert len(gate.upstream.sent) == 1


@CHARGED
async def test_what_surely_did_not_run_gives_its_units_back(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish(admitting(method, DAILY))
    gate.upstream.replies[method] = UpstreamNotReached("refused")
    assert (await gate.send(asking(method, stateless))).status == 502
    assert gate.ledger.results == [Result.NOT_SENT]
    del gate.upstream.replies[method]
    assert "result" in parsed((await gate.send(asking(method, stateless))).body)


@ERAS
async def test_a_completion_takes_nothing_from_a_limit(stateless: bool) -> None:
    gate = Gate()
    gate.publish(policy(prompts={A: DAILY}))
    for number in range(3):
        assert "result" in parsed((await gate.send(asking("completion/complete", stateless, id=number))).body)
    assert "result" in parsed((await gate.send(asking("prompts/get", stateless))).body)


@ERAS
async def test_a_template_is_completed_if_all_that_it_stands_for_may_be_read(stateless: bool) -> None:
    gate = Gate()
    gate.publish(policy(resources={"file:///srv/*": {}}))
    for uri, admitted in (("file:///srv/{name}", True), ("file:///{+path}", False)):
        ref = {"ref": {"type": "ref/resource", "uri": uri}, "argument": ARGUMENT}
        answer = parsed((await gate.send(request("completion/complete", ref, stateless=stateless))).body)
        assert ("result" in answer) is admitted
    assert (answer["error"]["code"], answer["error"]["message"]) == (-32602, "Resource not found")
    assert [record.target for record in gate.ledger.records] == ["file:///srv/{name}", "file:///{+path}"]


@ERAS
@pytest.mark.parametrize(
    "uri", ["FILE:///srv/a", "file:///srv/x/../a", "file:///srv/%61", "file:///srv/a%5Cb", "srv/a", "file:///srv/a\n"]
)
async def test_a_uri_that_is_not_in_normal_form_is_never_read(uri: str, stateless: bool) -> None:
    gate = Gate()
    sent = request("resources/read", {"uri": uri}, stateless=stateless)
    if stateless and "\n" in uri:
        return  # no header field can repeat it
    assert error_of(await gate.send(sent))["code"] == absent("resources/read", stateless)
    assert [decision.code for decision in gate.ledger.decisions] == [Code.NOT_LISTED]
    assert not gate.upstream.sent


@JUDGED
async def test_no_list_of_tools_is_asked_for(method: str, stateless: bool) -> None:
    gate = Gate()
    await gate.send(asking(method, stateless))
    assert not gate.upstream.of("tools/list")


@JUDGED
async def test_shadow_lets_it_pass_and_writes_down_what_it_would_have_done(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.publish({**admitting(method, NEVER), "mode": "shadow"})
    assert "result" in parsed((await gate.send(asking(method, stateless))).body)
    assert [decision.effect for decision in gate.ledger.decisions] == [Effect.WOULD_DENY]


@JUDGED
async def test_a_store_that_fails_denies(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.ledger.fault = StoreFault("disk")
    error = error_of(await gate.send(asking(method, stateless)))
    assert error["data"][DECISION_KEY]["code"] == "audit_unavailable"
    assert not gate.upstream.sent


@JUDGED
async def test_without_the_servers_credential_nothing_is_sent(method: str, stateless: bool) -> None:
    gate = Gate(credential=OperatorFault("no such variable"))
    error = error_of(await gate.send(asking(method, stateless)))
    assert error["data"][DECISION_KEY]["code"] == "credential_unavailable"
    assert not gate.upstream.sent


@JUDGED
async def test_the_servers_own_error_passes_and_is_recorded(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.upstream.replies[method] = Answer(body=rpc_error(b"1", -32602, "no such thing"))
    assert error_of(await gate.send(asking(method, stateless))) == {"code": -32602, "message": "no such thing"}
    assert gate.ledger.results == [Result.RPC_ERROR]


@JUDGED
async def test_a_result_that_asks_for_more_is_not_passed_on_in_the_stateless_era(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.upstream.replies[method] = Answer(body=result(b"1", {"resultType": "later"}))
    answer = parsed((await gate.send(asking(method, stateless))).body)
    assert ("error" in answer) is stateless


@JUDGED
@pytest.mark.parametrize("task", [{"resultType": "task", "taskId": "x"}, {"task": {"taskId": "x"}}])
async def test_only_a_tool_is_answered_with_a_task(method: str, stateless: bool, task: Any) -> None:
    gate = Gate()
    gate.upstream.replies[method] = Answer(body=result(b"1", task))
    assert error_of(await gate.send(asking(method, stateless)))["code"] == -32603


# --- what was read for one grant ------------------------------------------------------------------------------------------

READ = {"contents": [{"uri": A, "text": "x"}], "resultType": "complete", "ttlMs": 9, "cacheScope": "public"}


async def test_in_the_stateless_era_what_is_read_is_labelled_private_whatever_form_the_answer_has() -> None:
    body = result(b"1", READ)
    for reply in (Answer(body=body), streamed(body), Answer(chunks=Chunks([body[:9], body[9:]]))):
        gate = Gate()
        gate.upstream.replies["resources/read"] = reply
        answer = await gate.send(asking("resources/read", True))
        if answer.events is not None:
            (event,) = [event async for event in answer.events]
            assert event.raw is None, "the event is written anew"
            answer.body = event.data
        assert parsed(answer.body)["result"] == {**READ, "cacheScope": "private"}
        assert gate.ledger.results == [Result.OK]


async def test_in_the_handshake_era_what_is_read_keeps_its_bytes() -> None:
    gate = Gate()
    pieces = [b'{"jsonrpc":"2.0", "id":1, "result":', b' {"contents": [ ]}}']
    gate.upstream.replies["resources/read"] = Answer(chunks=Chunks(pieces))
    answer = await gate.send(asking("resources/read", False))
    assert answer.chunks is not None
    assert [chunk async for chunk in answer.chunks] == pieces


async def test_what_was_read_and_can_be_taken_in_two_ways_does_not_pass() -> None:
    gate = Gate()
    gate.upstream.replies["resources/read"] = Answer(body=b'{"jsonrpc":"2.0","id":1,"result":{"contents":[],"Contents":[]}}')
    assert (await gate.send(asking("resources/read", True))).status == 502
    assert gate.ledger.results == [Result.MALFORMED]


# --- capabilities ---------------------------------------------------------------------------------------------------------

OFFERED = {
    "tools": {},
    "resources": {"subscribe": True, "listChanged": True},
    "prompts": {"listChanged": True},
    "completions": {},
}


@pytest.mark.parametrize("document", [ALLOW_ALL, DENY_ALL])
async def test_what_the_server_offers_is_announced_as_it_is(document: Any) -> None:
    gate = Gate()
    gate.publish(document)
    gate.upstream.replies["initialize"] = Answer(body=result(b"1", {**WELCOME, "capabilities": {**OFFERED, "experimental": {}}}))
    assert parsed((await gate.send(initialize())).body)["result"]["capabilities"] == OFFERED
    discovered = {"supportedVersions": ["2026-07-28"], "capabilities": {**OFFERED, "extensions": {"x/y": {}}}}
    gate.upstream.replies["server/discover"] = Answer(body=result(b"1", discovered))
    answer = await gate.send(request("server/discover", stateless=True))
    assert parsed(answer.body)["result"]["capabilities"] == OFFERED
