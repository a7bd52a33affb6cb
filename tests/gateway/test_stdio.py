"""The gate for one client on stdin and stdout."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.asking_rig import ASKING, asking_gate
from tests.gateway.gate import STDIO_SERVER, Gate, grant
from tests.support.fake_upstream import Chunks, Stream, content, result
from tests.support.policies import policy
from tests.support.wire import Sent, call, initialize, notification, request
from yett.approvals.model import State
from yett.audit.record import Refused, Result
from yett.errors import StoreFault, UpstreamFault, UpstreamNotReached
from yett.gateway.stdio import REQUESTS_MAX, StdioFront, StdioParts
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio

PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'


@dataclass
class Client:
    """A client that sends lines and reads what comes back."""

    gate: Gate = field(default_factory=lambda: Gate(server=STDIO_SERVER))
    written: list[bytes] = field(default_factory=list)
    gone: bool = False
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        gate = self.gate
        self.front = StdioFront(
            StdioParts(
                active=gate.active,
                dispatcher=gate.dispatcher,
                calls=gate.calls,
                sessions=gate.sessions,
                clock=gate.clock,
                upstream=gate.upstream,
                grant=grant(server=STDIO_SERVER),
                server=STDIO_SERVER,
                body_digest_key=b"b" * 32,
                on_failure=self.failures.append,
            ),
            self._write,
        )

    async def _write(self, line: bytes) -> None:
        if self.gone:
            raise BrokenPipeError
        self.written.append(line)

    async def say(self, *lines: bytes | Sent, between: Callable[[], Any] | None = None) -> list[Any]:
        """Send lines, one after the other, and close; what came back."""
        before = len(self.written)
        await self.front.serve(self._lines(lines, between))
        return [json.loads(line) for line in self.written[before:]]

    async def _lines(self, lines: tuple[bytes | Sent, ...], between: Callable[[], Any] | None) -> AsyncIterator[bytes]:
        for line in lines:
            yield line.body if isinstance(line, Sent) else line
            for _ in range(20):  # what was asked is answered before the next line
                await asyncio.sleep(0)
            if between is not None:
                between()


async def test_a_conversation_of_the_handshake_era() -> None:
    client = Client()
    said = await client.say(
        initialize(), notification("notifications/initialized"), request("tools/list", id=2), call("echo", id=3)
    )
    assert [answer["id"] for answer in said] == [1, 2, 3]
    assert said[2]["result"]["content"][0]["text"] == "done"
    methods = [message.method for message in client.gate.upstream.sent]
    assert methods == ["initialize", "notifications/initialized", "tools/list", "tools/call"]


async def test_a_conversation_of_the_stateless_era() -> None:
    client = Client()
    said = await client.say(request("tools/list", stateless=True), call("echo", id=2, stateless=True))
    assert said[0]["result"]["cacheScope"] == "private"
    assert said[1]["result"]["resultType"] == "complete"
    assert all(message.modern for message in client.gate.upstream.sent)


async def test_one_child_serves_whatever_the_client_opens() -> None:
    client = Client()
    await client.say(initialize(), call("echo", id=2), call("echo", id=3))
    assert {message.isolation for message in client.gate.upstream.sent} == {"g1"}


async def test_a_denied_call_never_reaches_the_child() -> None:
    client = Client()
    client.gate.publish(policy(), grants=[grant(server=STDIO_SERVER)])
    (said,) = await client.say(call("echo"))
    assert said["result"]["_meta"]["dev.yett/decision"]["code"] == "not_listed"
    assert not client.gate.upstream.calls


async def test_a_policy_that_changes_judges_the_next_call() -> None:
    client = Client()
    first, second = await client.say(call("echo"), call("echo", id=2), between=lambda: client.gate.publish(policy()))
    assert "isError" not in first["result"]
    assert second["result"]["isError"] is True


async def test_the_era_is_settled_by_the_first_request() -> None:
    client = Client()
    said = await client.say(call("echo", stateless=True), initialize(), call("echo", id=3))
    assert said[0]["result"]["resultType"] == "complete"
    assert said[1]["error"]["code"] == -32022
    assert "error" in said[2]
    assert len(client.gate.upstream.calls) == 1


async def test_a_client_that_only_asked_may_still_fall_back_to_a_handshake() -> None:
    client = Client()
    client.gate.upstream.replies["server/discover"] = Answer(
        body=b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":""}}'
    )
    said = await client.say(request("server/discover", stateless=True), initialize())
    assert said[0]["error"]["code"] == -32601
    assert said[1]["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize(
    ("line", "code", "kind"),
    [
        (b"{", -32700, Refused.UNREADABLE),
        (b'{"jsonrpc":"2.0","id":1,"method":"made/up"}', -32601, Refused.METHOD),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Name":"x"}}', -32600, Refused.ENVELOPE),
    ],
)
async def test_what_cannot_be_accepted_is_answered_recorded_and_goes_no_further(line: bytes, code: int, kind: Refused) -> None:
    client = Client()
    (said,) = await client.say(line)
    assert said["error"]["code"] == code
    (record,) = client.gate.ledger.security
    assert (record.kind, record.server, record.body_bytes) == (kind, "time", len(line))
    assert not client.gate.upstream.sent


async def test_a_log_that_cannot_be_written_ends_neither_the_conversation_nor_the_denials() -> None:
    client = Client()
    client.gate.ledger.fault = client.gate.ledger.note_fault = StoreFault("the disk is full")
    refused, denied = await client.say(b"{", call("echo", id=2))
    assert refused["error"]["code"] == -32700
    assert denied["result"]["_meta"]["dev.yett/decision"]["code"] == "audit_unavailable"


async def test_a_child_that_cannot_be_started_is_an_error_that_says_why() -> None:
    client = Client()
    client.gate.upstream.replies["initialize"] = UpstreamNotReached("cannot start `npx`: no such file; check the command")
    (said,) = await client.say(initialize())
    assert said["error"] == {
        "code": -32603,
        "message": "cannot start `npx`: no such file; check the command",
        "data": said["error"]["data"],
    }


async def test_a_stream_is_written_message_by_message_and_a_broken_one_ends_in_an_error() -> None:
    client = Client()
    events = [Event(PROGRESS), Event(b""), Event(result(b"1", content("done")))]
    client.gate.upstream.replies["tools/call"] = Answer(events=Stream(events))
    assert [message.get("method", "response") for message in await client.say(call("echo"))] == [
        "notifications/message",
        "response",
    ]
    client.gate.upstream.replies["tools/call"] = Answer(events=Stream(events[:1], UpstreamFault("the child ended")))
    said = await client.say(call("echo"))
    assert said[1]["error"]["message"] == "the child ended"
    assert client.gate.ledger.results == [Result.OK, Result.LOST]


async def test_a_long_answer_is_written_whole() -> None:
    client = Client()
    body = result(b"1", content("x"))
    client.gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([body[:9], body[9:]]))
    await client.say(call("echo"))
    assert client.written == [body]
    assert client.gate.ledger.results == [Result.OK]


async def test_a_client_that_no_longer_reads_ends_the_conversation_quietly_and_every_call_is_settled() -> None:
    client = Client()
    stream = Stream([Event(PROGRESS), Event(result(b"1", content("done")))])
    client.gate.upstream.replies["tools/call"] = Answer(events=stream)
    client.gone = True
    await client.say(call("echo"))
    assert stream.closed
    assert client.gate.ledger.results == [Result.CLIENT_GONE]


async def test_requests_are_answered_as_they_are_ready_and_not_in_turn() -> None:
    client = Client()
    slow = asyncio.Event()

    async def reply(message: Outbound) -> Answer:
        if message.id == b"1":
            await slow.wait()
        return Answer(body=result(message.id, content("done")))

    client.gate.upstream.replies["tools/call"] = reply
    said = await client.say(call("echo"), call("echo", id=2), between=lambda: slow.set() if client.written else None)
    assert [answer["id"] for answer in said] == [2, 1]


async def test_so_many_requests_are_in_work_at_once_and_no_more() -> None:
    client = Client()
    at_once, most, full, proceed = 0, 0, asyncio.Event(), asyncio.Event()

    async def reply(message: Outbound) -> Answer:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == REQUESTS_MAX:
            full.set()
        await proceed.wait()
        at_once -= 1
        return Answer(body=result(message.id, content("done")))

    client.gate.upstream.replies["tools/call"] = reply
    asked = asyncio.create_task(client.say(*(call("echo", id=number) for number in range(REQUESTS_MAX + 50))))
    await full.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    proceed.set()
    said = await asked
    assert most == REQUESTS_MAX
    assert len(said) == REQUESTS_MAX + 50


async def test_what_is_in_work_when_the_client_closes_its_end_may_still_finish() -> None:
    client = Client()

    async def reply(message: Outbound) -> Answer:
        for _ in range(50):  # longer than the client stays
            await asyncio.sleep(0)
        return Answer(body=result(message.id, content("done")))

    client.gate.upstream.replies["tools/call"] = reply
    assert len(await client.say(call("echo"))) == 1


async def test_what_takes_too_long_after_the_client_closed_its_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.stdio.DRAIN_S", 0.01)
    client = Client()

    async def hang(_: Outbound) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    client.gate.upstream.replies["tools/call"] = hang
    assert await client.say(call("echo")) == []
    assert client.gate.ledger.results == [Result.CLIENT_GONE]


async def test_a_fault_of_ours_in_one_request_ends_no_other() -> None:
    client = Client()

    async def bug(message: Outbound) -> Answer:
        if message.id == b"1":
            raise KeyError("a bug")
        return Answer(body=result(message.id, content("done")))

    client.gate.upstream.replies["tools/call"] = bug
    failed, done = await client.say(call("echo"), call("echo", id=2))
    assert (failed["error"]["code"], "a bug" in str(failed)) == (-32603, False)
    assert done["result"] == content("done")
    assert [type(failure) for failure in client.failures] == [KeyError]
    assert client.gate.ledger.results == [Result.LOST, Result.OK]


async def test_the_local_grant_has_the_quota_of_its_name() -> None:
    client = Client()
    limited = policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 1}]}})
    client.gate.publish(limited, grants=[grant(server=STDIO_SERVER)])
    first, second = await client.say(call("echo"), call("echo", id=2))
    assert "isError" not in first["result"]
    assert second["result"]["_meta"]["dev.yett/decision"]["code"] == "limit_exceeded"
    again = Client(client.gate)
    (third,) = await again.say(call("echo"))
    assert third["result"]["_meta"]["dev.yett/decision"]["code"] == "limit_exceeded"


async def test_a_call_that_waits_for_people_when_the_client_closes_its_end_does_not_run_any_more(tmp_path: Path) -> None:
    async with asking_gate(tmp_path / "state.db") as asked:
        asked.gate.server = STDIO_SERVER
        asked.gate.dispatcher.waits.hold_s = 600
        asked.gate.publish(ASKING, grants=[grant(server=STDIO_SERVER)])
        client = Client(asked.gate)
        held = request("tools/call", {"name": "echo", "arguments": {"text": "a"}, "_meta": {"progressToken": 1}}, id=7)
        serving = asyncio.create_task(client.say(initialize(), notification("notifications/initialized"), held))
        for said in await asyncio.wait_for(serving, 5):
            if said.get("id") == 7:
                decision = said["result"]["_meta"]["dev.yett/decision"]
        assert decision["code"] == "approval_required", "who closed only one end is told what to do"
        asked.approve(decision["approval"]["id"])
        assert (asked.ran, asked.standing(decision["approval"]["id"])) == (0, State.APPROVED)
        [again] = await Client(asked.gate).say(call("echo", {"text": "a"}, id=8))
        assert (again["result"].get("isError", False), asked.ran) == (False, 1)


async def test_a_call_that_is_held_after_the_client_closed_its_end_is_let_go_at_once(tmp_path: Path) -> None:
    async with asking_gate(tmp_path / "state.db") as asked:
        asked.gate.dispatcher.waits.hold_s = 600
        asked.gate.publish(ASKING, grants=[grant(server=STDIO_SERVER)])
        asked.gate.server = STDIO_SERVER
        client = Client(asked.gate)
        client.front._wait_no_more()
        held = request("tools/call", {"name": "echo", "arguments": {"text": "a"}, "_meta": {"progressToken": 1}}, id=7)
        [said] = await asyncio.wait_for(client.say(held), 5)
        assert said["result"]["_meta"]["dev.yett/decision"]["code"] == "approval_required"
