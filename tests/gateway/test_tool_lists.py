"""Lists of tools through the gate (`tools/list`): filtered on every page, asked for when needed, never passed unread."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, decision_of, grant
from tests.support.fake_upstream import DROP, ECHO, PAY, listing, result, rpc_error, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import Sent, call, parsed, request
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.gateway.tool_fetch import PAGES_MAX
from yett.ports import Answer, Outbound

pytestmark = pytest.mark.anyio

SCOPE = ("srv", "")


# --- through the gate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stateless", [False, True])
async def test_a_tool_that_only_page_two_lists_can_be_called_at_once(stateless: bool) -> None:
    gate = Gate()
    gate.upstream.pages = [[ECHO], [PAY]]
    await gate.call("pay", stateless=stateless)
    assert len(gate.upstream.calls) == 1
    assert [parsed(page.body)["params"].get("cursor") for page in gate.upstream.of("tools/list")] == [None, "1"]


async def test_the_gates_own_question_for_tools_says_whose_it_is_and_states_no_capability() -> None:
    gate = Gate()
    await gate.send(call("pay", {"amount": 1}, stateless=True))
    asked, called = gate.upstream.sent
    body = parsed(asked.body)
    assert body["id"].startswith("yett-")
    assert body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] == {}
    assert dict(asked.headers)[b"mcp-method"] == b"tools/list"
    assert b"mcp-name" not in dict(asked.headers)
    assert dict(called.headers)[b"mcp-name"] == b"pay"
    assert asked.credential == called.credential


@pytest.mark.parametrize("stateless", [False, True])
async def test_what_a_client_sends_beside_its_call_has_no_say_in_the_list_of_all(stateless: bool) -> None:
    gate = Gate()
    own = call("pay", {"amount": 1}, stateless=stateless)
    fields = [*own.fields, (b"baggage", b"tools=all"), (b"traceparent", b"00-1"), (b"mcp-param-x", b"1")]
    await gate.send(Sent(own.body, fields))
    asked, called = gate.upstream.sent
    assert (b"baggage", b"tools=all") in called.headers
    kept = {b"mcp-protocol-version", b"mcp-method"} & dict(own.fields).keys()
    assert dict(asked.headers).keys() == kept
    assert not stateless or dict(asked.headers)[b"mcp-method"] == b"tools/list"


async def test_a_list_whose_cursor_never_ends_is_not_followed_for_ever() -> None:
    gate = Gate()

    async def endless(message: Outbound) -> Answer:
        return Answer(body=result(message.id, listing([ECHO], "again")))

    gate.upstream.replies["tools/list"] = endless
    answer = await gate.call("pay")
    assert answer.status == 502
    assert len(gate.upstream.of("tools/list")) == PAGES_MAX
    assert not gate.upstream.calls


@pytest.mark.parametrize(
    "reply",
    [
        Answer(status=500, body=b""),
        Answer(body=rpc_error(b'"x"', -32603)),
        Answer(body=b"nonsense"),
        Answer(body=result(b'"x"', {"tools": []})),
        UpstreamNotReached("refused"),
    ],
)
async def test_a_call_that_cannot_be_judged_for_want_of_a_list_is_denied_and_recorded(reply: Answer | UpstreamFault) -> None:
    gate = Gate()
    gate.upstream.replies["tools/list"] = reply
    answer = await gate.call()
    assert (answer.status, parsed(answer.body)["error"]["code"]) == (502, -32603)
    assert [decision.rule for decision in gate.ledger.decisions] == ["(tools)"]
    assert not gate.upstream.calls


async def test_a_list_that_is_streamed_is_read_like_any_other() -> None:
    gate = Gate()

    async def stream(message: Outbound) -> Answer:
        return streamed(b'{"jsonrpc":"2.0","method":"notifications/message"}', result(message.id, listing([ECHO])))

    gate.upstream.replies["tools/list"] = stream
    await gate.call()
    assert len(gate.upstream.calls) == 1


@pytest.mark.parametrize("stateless", [False, True])
async def test_hidden_tools_are_filtered_from_every_page(stateless: bool) -> None:
    gate = Gate()
    gate.upstream.pages = [[ECHO, DROP], [{**DROP, "name": "drop_all"}, PAY]]
    gate.publish({**ALLOW_ALL, "hide": ["drop*"]})
    assert await gate.list(stateless=stateless) == ["echo"]
    second = await gate.send(request("tools/list", {"cursor": "1"}, stateless=stateless))
    assert [tool["name"] for tool in parsed(second.body)["result"]["tools"]] == ["pay"]


async def test_a_page_that_is_filtered_empty_keeps_its_cursor() -> None:
    gate = Gate()
    gate.upstream.pages = [[DROP], [ECHO]]
    gate.publish({**ALLOW_ALL, "hide": ["drop*"]})
    answer = await gate.send(request("tools/list"))
    assert parsed(answer.body)["result"] == {"tools": [], "nextCursor": "1"}


async def test_in_the_stateless_era_a_list_is_labelled_private() -> None:
    gate = Gate()
    for scope in ("public", None):
        value = listing([ECHO]) | {"resultType": "complete"} | ({} if scope is None else {"cacheScope": scope})
        gate.upstream.replies["tools/list"] = Answer(body=result(b"1", value))
        answer = await gate.send(request("tools/list", stateless=True))
        assert parsed(answer.body)["result"]["cacheScope"] == "private"


async def test_a_list_that_cannot_be_read_never_passes() -> None:
    gate = Gate()
    for body in (b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","name":"b"}]}}', result(b"1", {"Tools": [ECHO]})):
        gate.upstream.replies["tools/list"] = Answer(body=body)
        answer = await gate.send(request("tools/list"))
        assert answer.status == 502
        assert b'"a"' not in (answer.body or b"")


async def test_a_list_that_the_gate_itself_waits_for_and_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.streams.WHOLE_S", 0.01)
    gate = Gate()

    async def silent(_: Outbound) -> Answer:
        async def events() -> object:
            await asyncio.Event().wait()
            yield

        return Answer(events=events())  # type: ignore[arg-type]  # it never yields

    gate.upstream.replies["tools/list"] = silent
    assert (await gate.call("echo")).status == 504


async def test_one_list_serves_all_grants_of_a_server_without_sessions() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=[grant("g1"), grant("g2")])
    await gate.call(stateless=True)
    await gate.send(call("echo", stateless=True), grant_id="g2")
    assert len(gate.upstream.of("tools/list")) == 1


async def test_children_and_sessions_have_lists_of_their_own() -> None:
    gate = Gate(server=STDIO_SERVER)
    gate.publish(ALLOW_ALL, grants=[grant("g1", server=STDIO_SERVER), grant("g2", server=STDIO_SERVER)])
    await gate.send(call("echo", stateless=True), grant_id="g1")
    await gate.send(call("echo", stateless=True), grant_id="g2")
    assert len(gate.upstream.of("tools/list")) == 2


async def test_a_list_that_a_session_saw_spares_the_gates_own_question() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    await gate.list(session=session)
    await gate.send(call("echo"), session=session)
    assert len(gate.upstream.of("tools/list")) == 1


async def test_what_one_client_gets_to_see_is_no_list_for_all_others() -> None:
    gate = Gate()
    await gate.call("pay")
    gate.upstream.replies["tools/list"] = Answer(body=result(b"1", listing([ECHO])))
    for _ in range(5):
        await gate.list()
        gate.clock.advance(0.5)
    await gate.call("pay")
    assert len(gate.upstream.calls) == 2


async def test_an_unlisted_tool_is_denied_as_unknown_though_a_key_allows_it() -> None:
    gate = Gate()
    gate.publish(policy(tools={"made_up": {}}))
    answer = await gate.call("made_up")
    assert parsed(answer.body)["error"]["code"] == -32602
    assert not gate.upstream.calls
    gate.upstream.pages = [[{**ECHO, "name": "made_up"}]]
    gate.clock.advance(1)
    await gate.call("made_up")
    assert len(gate.upstream.calls) == 1


async def test_a_denial_by_the_default_names_the_rule_and_not_the_list() -> None:
    gate = Gate()
    gate.publish(policy())
    assert decision_of(await gate.call())["rule"] == "(default deny)"
