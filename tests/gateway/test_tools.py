"""What the gate knows of a server's tools, and when it asks."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from tests.gateway.gate import HTTP_SERVER, STDIO_SERVER, Gate, decision_of, grant
from tests.support.clock import ManualClock
from tests.support.fake_upstream import DROP, ECHO, PAY, encode, listing, result, rpc_error, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import call, parsed, request
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.gateway.tools import TOOLS_MAX, ToolBook
from yett.policy.decision import ToolFacts
from yett.ports import Answer, Outbound
from yett.protocol.lists import ToolDefinition

pytestmark = pytest.mark.anyio

SCOPE = ("srv", "")


class Server:
    """A list that can be asked for."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.asked = 0
        self.fault: UpstreamFault | None = None

    async def fetch(self) -> list[ToolDefinition]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return definitions(*self.names)


def definitions(*names: str, schema: bytes | None = None) -> list[ToolDefinition]:
    return [ToolDefinition(name, schema, b"{}") for name in names]


async def known(book: ToolBook, server: Server, name: str) -> bool:
    return (await book.facts(SCOPE, name, server.fetch)).known


async def test_a_known_tool_is_asked_for_once() -> None:
    book, server = ToolBook(ManualClock()), Server("a", "b")
    assert [await known(book, server, name) for name in ("a", "b", "a")] == [True] * 3
    assert server.asked == 1


async def test_an_unknown_tool_is_asked_for_at_most_once_a_second() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)
    assert not await known(book, server, "new")
    server.names.append("new")
    clock.advance(0.9)
    assert not await known(book, server, "new")
    assert server.asked == 1
    clock.advance(0.1)
    assert await known(book, server, "new")
    assert server.asked == 2


async def test_made_up_names_do_not_keep_known_tools_from_being_called() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)
    for number in range(50):
        assert not await known(book, server, f"made-up-{number}")
    assert await known(book, server, "a")
    assert server.asked == 1


async def test_after_a_change_the_list_is_read_again() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)
    await known(book, server, "a")
    server.names = ["b"]
    book.changed(SCOPE)
    clock.advance(1)
    assert not await known(book, server, "a")
    assert await known(book, server, "b")
    assert server.asked == 2


async def test_a_change_of_a_list_that_nobody_read_is_nothing() -> None:
    ToolBook(ManualClock()).changed(SCOPE)


async def test_calls_that_come_together_ask_once() -> None:
    book, server = ToolBook(ManualClock()), Server("a")
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(known(book, server, "a")) for _ in range(20)]
    assert all(task.result() for task in calls)
    assert server.asked == 1


async def test_a_list_that_cannot_be_read_is_a_fault_for_everybody_and_not_an_empty_list() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)
    server.fault = UpstreamNotReached("refused")
    with pytest.raises(UpstreamNotReached):
        await known(book, server, "a")
    with pytest.raises(UpstreamFault, match="a moment ago"):
        await known(book, server, "a")
    assert server.asked == 1
    server.fault = None
    clock.advance(1)
    assert await known(book, server, "a")


async def test_a_client_that_leaves_while_the_list_is_read_does_not_keep_the_others_from_asking() -> None:
    book, server = ToolBook(ManualClock()), Server("a")

    async def hang() -> list[ToolDefinition]:
        await asyncio.Event().wait()
        return []

    leaving = asyncio.create_task(book.facts(SCOPE, "a", hang))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await known(book, server, "a")


async def test_a_page_that_passes_by_adds_and_a_whole_list_replaces() -> None:
    book, server = ToolBook(ManualClock()), Server()
    book.learn(SCOPE, definitions("a"), whole=False)
    assert await known(book, server, "a") is False  # a page is no whole list, so it was asked for: the server has none
    book.learn(SCOPE, definitions("a", "b"), whole=True)
    book.learn(SCOPE, definitions("c"), whole=False)
    assert [await known(book, server, name) for name in ("a", "b", "c")] == [True] * 3
    book.learn(SCOPE, definitions("b"), whole=True)
    assert not await known(book, server, "a")
    assert server.asked == 1


async def test_a_session_that_is_over_is_forgotten() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)
    await known(book, server, "a")
    book.forget(SCOPE)
    book.forget(SCOPE)
    await known(book, server, "a")
    assert server.asked == 2


async def test_more_tools_than_anybody_has_are_refused_and_not_kept_in_part() -> None:
    book = ToolBook(ManualClock())
    with pytest.raises(UpstreamFault, match=str(TOOLS_MAX)):
        book.learn(SCOPE, definitions(*map(str, range(TOOLS_MAX + 1))), whole=False)


async def test_sessions_share_what_was_compiled_of_one_schema_and_a_changed_one_is_compiled_anew() -> None:
    book = ToolBook(ManualClock())
    schema = encode({"type": "object", "required": ["n"]})
    book.learn(("srv", "s1"), definitions("a", schema=schema), whole=True)
    book.learn(("srv", "s2"), definitions("a", schema=bytes(bytearray(schema))), whole=True)
    server = Server()
    first, second = [await book.facts(("srv", session), "a", server.fetch) for session in ("s1", "s2")]
    assert first.check is not None
    assert first.check is second.check
    assert first.check({}) is not None
    assert first.check({"n": 1}) is None
    book.learn(("srv", "s2"), definitions("a", schema=encode({"type": "object"})), whole=True)
    changed = await book.facts(("srv", "s2"), "a", server.fetch)
    assert changed.check is not None
    assert changed.check({}) is None


async def test_schemas_that_nobody_lists_any_more_are_let_go() -> None:
    book = ToolBook(ManualClock())
    book.learn(SCOPE, definitions("a", schema=encode({"type": "object"})), whole=True)
    facts: ToolFacts | None = await book.facts(SCOPE, "a", Server().fetch)
    assert facts is not None
    assert facts.check is not None
    gone = weakref.ref(facts.check)
    facts = None
    book.forget(SCOPE)
    gc.collect()
    assert gone() is None


async def test_a_schema_that_cannot_be_used_refuses_all_arguments() -> None:
    book = ToolBook(ManualClock())
    book.learn(SCOPE, definitions("a", schema=b'{"$ref":"http://elsewhere/schema"}'), whole=True)
    facts = await book.facts(SCOPE, "a", Server().fetch)
    assert facts.check is not None
    assert "cannot be used" in (facts.check({}) or "")


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


async def test_a_list_whose_cursor_never_ends_is_not_followed_for_ever() -> None:
    gate = Gate()

    async def endless(message: Outbound) -> Answer:
        return Answer(body=result(message.id, listing([ECHO], "again")))

    gate.upstream.replies["tools/list"] = endless
    answer = await gate.call("pay")
    assert answer.status == 502
    assert len(gate.upstream.of("tools/list")) == 100
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


async def test_a_list_that_hangs_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.streams.WHOLE_S", 0.01)
    gate = Gate()

    async def silent(_: Outbound) -> Answer:
        async def events() -> object:
            await asyncio.Event().wait()
            yield

        return Answer(events=events())  # type: ignore[arg-type]  # it never yields

    gate.upstream.replies["tools/list"] = silent
    answer = await gate.send(request("tools/list"))
    assert answer.status == 504


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


async def test_a_list_seen_by_the_client_spares_the_gates_own_question() -> None:
    gate = Gate()
    gate.publish(policy(tools={"echo": {}}))
    await gate.list()
    await gate.call()
    assert len(gate.upstream.of("tools/list")) == 1
    assert HTTP_SERVER.id in {scope[0] for scope in gate.tools._known}


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
