"""Sessions of handshake clients before a server that has no handshake: who gets one, and its requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.fake_upstream import FakeUpstream, content, encode, result, rpc_error, streamed
from tests.upstreams.bridge_rig import HELLO, META, TOOL, bridge_to, events_of, opened, said, stateless_only
from yett.errors import UpstreamFault
from yett.ports import Answer, Outbound
from yett.upstreams.bridge_reading import BYTES_MAX
from yett.upstreams.bridge_to_stateless import CLIENT_BYTES_MAX, SUBSCRIPTIONS_MAX, URIS_CHARS_MAX

pytestmark = pytest.mark.anyio


# --- who is bridged -------------------------------------------------------------------------------------------------------


async def test_a_server_with_a_handshake_is_not_touched() -> None:
    upstream = FakeUpstream(session="its own")
    bridge = bridge_to(upstream)
    answer = await bridge.exchange(said("initialize", HELLO))
    call = said("tools/call", {"name": "echo"}, session="its own")
    await bridge.exchange(call)
    assert answer.session == "its own"
    assert upstream.sent[1] is call


async def test_a_server_without_a_handshake_is_asked_what_it_can_do() -> None:
    upstream = stateless_only()
    bridge = bridge_to(upstream)
    answer = await bridge.exchange(said("initialize", HELLO))
    welcome = json.loads(answer.body or b"")["result"]
    assert welcome == {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {"listChanged": True}},
        "serverInfo": {"name": "s", "version": "2"},
        "instructions": "be kind",
    }


async def test_a_server_is_asked_for_a_handshake_once_and_again_when_it_no_longer_says_what_it_can_do() -> None:
    upstream = stateless_only()
    bridge, _ = await opened(upstream)
    await bridge.exchange(said("initialize", HELLO))
    assert len(upstream.of("initialize")) == 1
    del upstream.replies["server/discover"], upstream.replies["initialize"]
    answer = await bridge.exchange(said("initialize", HELLO))
    assert json.loads(answer.body or b"")["result"]["protocolVersion"] == "2025-11-25"


async def test_a_refused_handshake_stays_refused_where_the_server_speaks_no_stateless_revision() -> None:
    upstream = stateless_only()
    del upstream.replies["server/discover"]
    answer = await bridge_to(upstream).exchange(said("initialize", HELLO))
    assert answer.status == 400
    assert answer.session is None


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_fault_of_the_server_is_no_lack_of_a_handshake(status: int) -> None:
    upstream = stateless_only(initialize=Answer(status=status, body=b""))
    answer = await bridge_to(upstream).exchange(said("initialize", HELLO))
    assert answer.status == status
    assert not upstream.of("server/discover")


# --- requests -------------------------------------------------------------------------------------------------------------


async def test_a_request_carries_the_envelope_and_its_mirrors_and_a_result_loses_what_is_stateless() -> None:
    upstream = stateless_only()
    bridge, session = await opened(upstream)
    answer = await bridge.exchange(
        said("tools/call", {"name": "echo", "arguments": {}, "_meta": {"progressToken": 7}}, 5, session)
    )
    assert json.loads(answer.body or b"") == {"jsonrpc": "2.0", "id": 5, "result": content("done")}
    sent = upstream.calls[0]
    params = json.loads(sent.body)["params"]
    assert params["_meta"] == {
        "progressToken": 7,
        f"{META}protocolVersion": "2026-07-28",
        f"{META}clientCapabilities": {"elicitation": {}},
        f"{META}clientInfo": {"name": "c", "version": "1"},
    }
    assert sent.modern
    assert sent.session is None
    fields = dict(sent.headers)
    assert fields[b"mcp-protocol-version"] == b"2026-07-28"
    assert (fields[b"mcp-method"], fields[b"mcp-name"]) == (b"tools/call", b"echo")
    assert fields[b"traceparent"] == b"00-1"


async def test_arguments_are_repeated_in_the_fields_that_the_schema_names() -> None:
    upstream = stateless_only()
    upstream.pages = [[TOOL]]
    bridge, session = await opened(upstream)
    await bridge.exchange(said("tools/list", session=session))
    await bridge.exchange(said("tools/call", {"name": "echo", "arguments": {"region": "Zürich"}}, session=session))
    assert dict(upstream.calls[0].headers)[b"mcp-param-region"] == b"=?base64?WsO8cmljaA==?="


async def test_an_error_is_one_of_the_handshake_era_with_status_200() -> None:
    fault = {"code": -32602, "message": "no", "data": {"uri": "a://b"}}
    missing = Answer(status=400, body=encode({"jsonrpc": "2.0", "id": 1, "error": fault}))
    upstream = stateless_only(**{"resources/read": missing, "prompts/get": Answer(status=404, body=rpc_error(b"1", -32601))})
    bridge, session = await opened(upstream)
    read = await bridge.exchange(said("resources/read", {"uri": "a://b"}, session=session))
    assert (read.status, json.loads(read.body or b"")["error"]["code"]) == (200, -32002)
    got = await bridge.exchange(said("prompts/get", {"name": "p"}, session=session))
    assert (got.status, json.loads(got.body or b"")["error"]["code"]) == (200, -32601)


async def test_an_http_error_without_words_is_a_fault_and_does_not_end_the_session() -> None:
    bridge, session = await opened(stateless_only(**{"tools/call": Answer(status=404, body=b"gone")}))
    with pytest.raises(UpstreamFault, match="404"):
        await bridge.exchange(said("tools/call", {"name": "echo"}, session=session))


async def test_a_kind_of_result_that_is_not_known_becomes_an_error() -> None:
    upstream = stateless_only()
    upstream.answering({"resultType": "task", "taskId": "t"})
    bridge, session = await opened(upstream)
    answer = await bridge.exchange(said("tools/call", {"name": "echo"}, session=session))
    assert json.loads(answer.body or b"")["error"]["code"] == -32603


async def test_what_only_a_session_knows_is_answered_here() -> None:
    upstream = stateless_only()
    bridge, session = await opened(upstream)
    before = len(upstream.sent)
    assert (await bridge.exchange(said("notifications/initialized", id=None, session=session))).status == 202
    for method, params in (("ping", None), ("logging/setLevel", {"level": "warning"}), ("resources/subscribe", {"uri": "a://b"})):
        answer = await bridge.exchange(said(method, params, session=session))
        assert json.loads(answer.body or b"")["result"] == {}
    wrong = await bridge.exchange(said("logging/setLevel", {"level": "loud"}, session=session))
    assert json.loads(wrong.body or b"")["error"]["code"] == -32602
    assert len(upstream.sent) == before
    await bridge.exchange(said("tools/call", {"name": "echo"}, session=session))
    assert json.loads(upstream.calls[0].body)["params"]["_meta"][f"{META}logLevel"] == "warning"


async def test_one_subscription_too_many_is_refused() -> None:
    bridge, session = await opened(stateless_only())
    for number in range(SUBSCRIPTIONS_MAX):
        await bridge.exchange(said("resources/subscribe", {"uri": f"a://{number}"}, session=session))
    answer = await bridge.exchange(said("resources/subscribe", {"uri": "a://more"}, session=session))
    assert "error" in json.loads(answer.body or b"")


async def test_addresses_of_subscriptions_that_are_too_long_together_are_refused() -> None:
    bridge, session = await opened(stateless_only())
    for number in range(URIS_CHARS_MAX // 4_000):
        taken = await bridge.exchange(said("resources/subscribe", {"uri": f"a://{number:03}".ljust(4_000, "x")}, session=session))
        assert "result" in json.loads(taken.body or b"")
    answer = await bridge.exchange(said("resources/subscribe", {"uri": "a://more".ljust(4_000, "x")}, session=session))
    assert "error" in json.loads(answer.body or b"")


@pytest.mark.parametrize("more", [0, 1])
async def test_a_client_that_says_too_much_of_itself_gets_no_session(more: int) -> None:
    empty = len(encode(HELLO["capabilities"])) + len(encode({"name": "c", "version": ""}))
    bridge = bridge_to(stateless_only())
    info = {"name": "c", "version": "v" * (CLIENT_BYTES_MAX - empty + more)}
    answer = await bridge.exchange(said("initialize", {**HELLO, "clientInfo": info}))
    assert (answer.session is None, "error" in json.loads(answer.body or b"")) == (bool(more), bool(more))


async def test_progress_passes_and_a_request_of_the_server_does_not() -> None:
    progress = encode({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 7, "progress": 1}})
    asking = encode({"jsonrpc": "2.0", "id": "x", "method": "roots/list"})
    last = result(b"1", {"resultType": "complete", "content": []})
    bridge, session = await opened(stateless_only(**{"tools/call": streamed(progress, asking, last)}))
    events = await events_of(await bridge.exchange(said("tools/call", {"name": "echo"}, session=session)))
    assert [event.get("method") for event in events] == ["notifications/progress", None]
    assert events[-1]["result"] == {"content": []}


async def test_an_answer_longer_than_anybody_reads_is_a_fault() -> None:
    async def pieces() -> Any:
        for _ in range(BYTES_MAX // 1_000_000 + 2):
            yield b" " * 1_000_000

    bridge, session = await opened(stateless_only(**{"tools/list": Answer(chunks=pieces())}))
    with pytest.raises(UpstreamFault, match="larger"):
        await bridge.exchange(said("tools/list", session=session))


async def test_a_capability_that_is_found_missing_in_the_middle_of_the_work_does_not_say_that_nothing_ran() -> None:
    fault = {"code": -32021, "message": "Missing", "data": {"requiredCapabilities": {"elicitation": {}}}}
    missing = Answer(status=400, body=encode({"jsonrpc": "2.0", "id": 1, "error": fault}))
    bridge, session = await opened(stateless_only(**{"tools/call": missing}))
    answer = await bridge.exchange(said("tools/call", {"name": "echo"}, session=session))
    assert json.loads(answer.body or b"")["error"] == {**fault, "code": -32603}


async def test_a_tool_that_answers_with_a_task_only_is_refused_with_a_sentence() -> None:
    """Tasks are not carried between the eras: no wish for one goes on, and the refusal says why."""

    async def required(message: Outbound) -> Answer:
        needed: Any = {"requiredCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}
        fault = {"code": -32021, "message": "Missing required client capability", "data": needed}
        return Answer(status=400, body=encode({"jsonrpc": "2.0", "id": json.loads(message.body)["id"], "error": fault}))

    upstream = stateless_only(**{"tools/call": required})
    bridge, session = await opened(upstream)
    answer = await bridge.exchange(said("tools/call", {"name": "echo", "task": {"ttl": 5}}, session=session))
    fault = json.loads(answer.body or b"")["error"]
    assert (answer.status, fault["code"]) == (200, -32600)
    assert "tasks are not carried between the eras" in fault["message"]
    params = json.loads(upstream.calls[0].body)["params"]
    assert "task" not in params
    assert "tasks" not in params["_meta"][f"{META}clientCapabilities"]
