"""What the gate knows of a server's tools, and when it asks."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from tests.support.clock import ManualClock
from tests.support.fake_upstream import encode
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.gateway.tools import TOOLS_MAX, Scope, ToolBook
from yett.policy.decision import ToolFacts
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


async def test_a_changed_list_that_cannot_be_read_again_is_no_longer_gone_by() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)
    await known(book, server, "a")
    book.changed(SCOPE)
    clock.advance(1)
    server.fault = UpstreamNotReached("refused")
    with pytest.raises(UpstreamNotReached):
        await known(book, server, "a")
    with pytest.raises(UpstreamFault, match="a moment ago"):
        await known(book, server, "a")
    server.fault = None
    clock.advance(1)
    assert await known(book, server, "a")


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


async def test_what_changes_while_a_list_is_read_has_it_read_again() -> None:
    clock, server = ManualClock(), Server("a")
    book = ToolBook(clock)

    async def fetch() -> list[ToolDefinition]:
        told = await server.fetch()
        if server.asked == 1:
            server.names = ["b"]
            book.changed(SCOPE)
        return told

    assert (await book.facts(SCOPE, "a", fetch)).known
    assert book.known(SCOPE, "a") is None
    clock.advance(1.0)
    assert not (await book.facts(SCOPE, "a", fetch)).known
    assert server.asked == 2
    assert book.known(SCOPE, "b") is not None


async def test_the_list_used_longest_ago_gives_way_where_all_lists_hold_too_many_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.tools.TOOLS_TOTAL_MAX", 5)
    book, server = ToolBook(ManualClock()), Server("a", "b")
    scopes = [("srv", session) for session in "123"]
    for scope in scopes[:2]:
        await book.facts(scope, "a", server.fetch)
    book.known(scopes[0], "a")
    await book.facts(scopes[2], "a", server.fetch)
    assert [book.known(scope, "a") is not None for scope in scopes] == [True, False, True]
    book.forget(scopes[0])
    await book.facts(scopes[1], "a", server.fetch)
    assert [book.known(scope, "a") is not None for scope in scopes] == [False, True, True]


async def test_a_list_that_is_forgotten_while_it_is_read_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.tools.TOOLS_TOTAL_MAX", 4)
    book, server = ToolBook(ManualClock()), Server("a", "b")

    async def fetch() -> list[ToolDefinition]:
        book.forget(SCOPE)
        return await server.fetch()

    for _ in range(3):
        assert (await book.facts(SCOPE, "a", fetch)).known
    for session in "12":
        await book.facts(("srv", session), "a", server.fetch)
    assert all(book.known(("srv", session), "a") for session in "12")


async def test_clients_that_can_be_asked_other_things_have_lists_of_their_own() -> None:
    book, less, more = ToolBook(ManualClock()), Server("a"), Server("a", "ask")
    apart = (*SCOPE, "elicitation")
    assert not (await book.facts(SCOPE, "ask", less.fetch)).known
    assert (await book.facts(apart, "ask", more.fetch)).known, "at once, though the other list was read a moment ago"
    assert not (await book.facts(SCOPE, "ask", less.fetch)).known


@pytest.mark.parametrize("told", [SCOPE, (*SCOPE, "elicitation")])
async def test_a_change_concerns_the_lists_of_all_clients(told: Scope) -> None:
    book, server = ToolBook(ManualClock()), Server("a")
    scopes: list[Scope] = [SCOPE, (*SCOPE, "elicitation"), (*SCOPE, "roots")]
    for scope in scopes:
        await book.facts(scope, "a", server.fetch)
    book.changed(told)
    assert [book.known(scope, "a") for scope in scopes] == [None] * 3
    for scope in scopes:
        book.forget(scope)
    assert not book._apart
