"""Real children: what goes to them, what comes back, and what does not cross."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.support.programs import require_program
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.ports import Answer, Outbound, Upstream
from yett.upstreams import stdio, stdio_channel
from yett.upstreams.child_watch import MARK
from yett.upstreams.stdio import StdioUpstream

pytestmark = pytest.mark.anyio

SERVER = str(Path(__file__).parents[1] / "support/stdio_server.py")


class Rig:
    """An upstream with everything it reported."""

    def __init__(self, *flags: str, argv: list[str] | None = None, timeout_s: float = 10.0, **env: str) -> None:
        self.clock = ManualClock()
        self.messages: list[tuple[str, bytes]] = []
        self.warnings: list[str] = []
        self.upstream = StdioUpstream(
            argv or [sys.executable, "-I", "-S", SERVER, *flags],
            env,
            None,
            clock=self.clock,
            timeout_s=timeout_s,
            on_message=lambda isolation, data: self.messages.append((isolation, data)),
            on_warning=self.warnings.append,
            stop_grace_s=0.3,
        )

    async def send(self, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> Answer:
        return await self.upstream.exchange(outbound(name, arguments, **options))

    async def see(self, **options: Any) -> dict[str, Any]:
        """What the child knows of itself and of us."""
        seen: dict[str, Any] = result(await self.send("see", **options))
        return seen


@asynccontextmanager
async def rig(*flags: str, **options: Any) -> AsyncIterator[Rig]:
    made = Rig(*flags, **options)
    try:
        yield made
    finally:
        await made.upstream.aclose()


def outbound(
    name: str, arguments: dict[str, Any] | None = None, *, id: Any = 1, modern: bool = False, isolation: str = "s", **params: Any
) -> Outbound:
    return request(
        "tools/call", {"name": name, "arguments": arguments or {}, **params}, id=id, modern=modern, isolation=isolation
    )


def request(
    method: str, params: dict[str, Any] | None = None, *, id: Any = 1, modern: bool = False, isolation: str = "s"
) -> Outbound:
    message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}
    return Outbound(json.dumps(message).encode(), method, json.dumps(id).encode(), modern, isolation=isolation)


def notification(method: str, params: dict[str, Any] | None = None, *, isolation: str = "s") -> Outbound:
    return Outbound(
        json.dumps({"jsonrpc": "2.0", "method": method, "params": params or {}}).encode(),
        method,
        None,
        False,
        isolation=isolation,
    )


def result(answer: Answer) -> Any:
    assert answer.body is not None
    return json.loads(answer.body)["result"]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - processes tell nobody when they end
            await asyncio.sleep(0.005)


def an_upstream(upstream: StdioUpstream) -> Upstream:
    return upstream  # the type checker compares it with the port


async def test_a_response_carries_the_callers_own_id() -> None:
    async with rig() as gate:
        for id in (0, "a", 'q"\u00e9', 2**53):
            answer = await gate.send("echo", {"x": 1}, id=id)
            assert json.loads(answer.body or b"") == {
                "jsonrpc": "2.0",
                "id": id,
                "result": {"name": "echo", "arguments": {"x": 1}},
            }
            assert (answer.status, answer.events) == (200, None)


async def test_a_child_is_started_by_the_first_request_and_kept() -> None:
    async with rig() as gate:
        assert not gate.upstream._slots
        first, second = await gate.see(), await gate.see()
        assert first["pid"] == second["pid"]


async def test_isolations_do_not_share_a_child() -> None:
    async with rig() as gate:
        one, other = await gate.see(isolation="one"), await gate.see(isolation="other")
        assert one["pid"] != other["pid"]


async def test_equal_ids_of_two_callers_of_one_child_do_not_meet() -> None:
    async with rig() as gate:
        async with asyncio.TaskGroup() as callers:
            tasks = [callers.create_task(gate.send("echo", {"caller": n}, id=1, modern=True)) for n in range(50)]
        assert [result(task.result())["arguments"]["caller"] for task in tasks] == list(range(50))


async def test_arguments_reach_the_child_as_they_were() -> None:
    body = b'{"id":1,\n"method":"tools/call",\r\n"params":{"name":"see","arguments":{"a":"x\\ny"}}}'
    async with rig() as gate:
        answer = await gate.upstream.exchange(Outbound(body, "tools/call", b"1", False))
        assert result(answer)["params"] == {"name": "see", "arguments": {"a": "x\ny"}}


async def test_a_child_sees_only_listed_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YETT_MASTER_KEY", "canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LC_CTYPE", "C")
    async with rig(API_KEY="for the child", HOME="/elsewhere") as gate:
        env = (await gate.see())["env"]
        assert set(env) <= {"API_KEY", MARK, *("PATH", "HOME", "LANG", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL")}
        assert (env["API_KEY"], env["HOME"], env["TZ"]) == ("for the child", "/elsewhere", "UTC")
        assert "canary" not in json.dumps(env)


async def test_arguments_of_the_command_are_not_read_by_a_shell(tmp_path: Path) -> None:
    trap, trace = "$(touch trace); `touch trace` ; * | > x", tmp_path / "trace"
    async with rig(trap.replace("trace", str(trace))) as gate:
        assert (await gate.see())["argv"] == [trap.replace("trace", str(trace))]
    assert not trace.exists()


async def test_progress_comes_as_events_and_the_response_last() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 3}, id="p", _meta={"progressToken": "tok\u00e9n"})
        assert answer.events is not None
        events = [json.loads(event.data) async for event in answer.events]
        await answer.aclose()
        assert [event["params"] for event in events[:-1]] == [{"progressToken": "tok\u00e9n", "progress": n} for n in range(3)]
        assert events[-1] == {"jsonrpc": "2.0", "id": "p", "result": {"done": True}}
        assert not gate.messages


async def test_progress_that_nobody_asked_for_goes_nowhere() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 3})
        assert result(answer) == {"done": True}
        assert not gate.messages


async def test_progress_that_waits_too_long_is_left_out_and_the_response_is_not() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1000}, _meta={"progressToken": 1})
        await gate.see()
        assert answer.events is not None
        events = [event.data async for event in answer.events]
        assert len(events) <= stdio_channel.WAITING_EVENTS_MAX + 2
        assert json.loads(events[-1])["result"] == {"done": True}


async def test_what_the_child_says_of_its_own_accord_is_reported_with_its_isolation() -> None:
    async with rig() as gate:
        await gate.send("tell", isolation="mine")
        methods = [(isolation, json.loads(data)["method"]) for isolation, data in gate.messages]
        assert methods == [("mine", "notifications/message"), ("mine", "notifications/tools/list_changed")]


async def test_requests_of_the_child_are_answered_for_the_client() -> None:
    async with rig() as gate:
        answers = result(await gate.send("asking"))
        assert answers.pop("ping") == {"jsonrpc": "2.0", "id": "ask ping", "result": {}}
        assert {answer["error"]["code"] for answer in answers.values()} == {-32601}
        assert answers["roots/list"]["id"] == "ask roots/list"
        assert not gate.messages


async def test_notifications_are_passed_on_and_answers_of_the_client_are_not() -> None:
    async with rig() as gate:
        await gate.upstream.exchange(request("initialize"))
        assert (await gate.upstream.exchange(notification("notifications/initialized"))).status == 202
        response = Outbound(b'{"jsonrpc":"2.0","id":1,"result":{}}', "", None, False, isolation="s")
        assert (await gate.upstream.exchange(response)).status == 202
        assert (await gate.see())["handshakes"] == ["initialize", "notifications/initialized"]


async def test_a_notification_starts_no_child() -> None:
    async with rig() as gate:
        assert (await gate.upstream.exchange(notification("notifications/initialized"))).status == 202
        assert not gate.upstream._slots


async def test_lines_that_are_no_message_are_counted_and_skipped() -> None:
    async with rig() as gate:
        for _ in range(3):
            assert result(await gate.send("noise")) == {"done": True}
        assert [warning.split(" wrote ")[1].split(" line")[0] for warning in gate.warnings] == ["1", "10"]
        assert "Listening on stdio" in gate.warnings[0]


async def test_answers_to_nobody_are_delivered_to_nobody() -> None:
    async with rig() as gate:
        other = asyncio.create_task(gate.send("hang", id=2))
        assert result(await gate.send("strangers")) == {"done": True}
        assert result(await gate.send("echo")) == {"name": "echo", "arguments": {}}
        assert not other.done()
        assert "answers nothing that was asked" in gate.warnings[0]
        other.cancel()
        await asyncio.wait([other])


async def test_an_error_without_id_answers_the_only_request_on_its_way() -> None:
    async with rig() as gate:
        answer = await gate.send("no_id", id="mine")
        assert json.loads(answer.body or b"")["id"] == "mine"


async def test_a_large_answer_comes_whole() -> None:
    async with rig() as gate:
        assert len(result(await gate.send("big", {"bytes": 5_000_000}))["text"]) == 5_000_000


async def test_a_flood_on_standard_error_does_not_block_the_child_and_is_not_kept() -> None:
    async with rig() as gate:
        assert result(await gate.send("flood_stderr")) == {"done": True}
        channel = gate.upstream._slots["s"].channel
        assert channel is not None
        await until(lambda: channel.child.last_stderr_line == "the end")
        assert len(channel.child._stderr) <= 64 * 1024


# --- cancelling and time-outs ---------------------------------------------------------------------------------------------


async def test_a_client_that_goes_away_cancels_in_the_stateless_era() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1, "finish": False}, modern=True, _meta={"progressToken": 1})
        await answer.aclose()
        seen = await gate.see(modern=True)
        assert seen["cancelled"] == [seen["id"] - 1]


async def test_a_client_that_goes_away_does_not_cancel_in_the_handshake_era() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1, "finish": False}, _meta={"progressToken": 1})
        await answer.aclose()
        assert (await gate.see())["cancelled"] == []


@pytest.mark.parametrize("modern", [True, False])
async def test_a_client_that_goes_away_before_the_first_word_is_treated_alike(modern: bool) -> None:
    async with rig() as gate:
        await gate.see(modern=modern)
        waiting = asyncio.create_task(gate.send("hang", modern=modern))
        await until(lambda: bool(gate.upstream._slots["s"].channel and gate.upstream._slots["s"].channel.busy))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert len((await gate.see(modern=modern))["cancelled"]) == (1 if modern else 0)


async def test_an_answer_that_was_read_to_its_end_cancels_nothing() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1}, modern=True, _meta={"progressToken": 1})
        assert answer.events is not None
        assert len([event async for event in answer.events]) == 2
        await answer.aclose()
        assert (await gate.see(modern=True))["cancelled"] == []


async def test_a_late_answer_to_a_client_that_went_away_is_no_surprise() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1}, _meta={"progressToken": 1})
        await answer.aclose()
        await gate.see()
        assert not gate.warnings


async def test_a_cancellation_is_passed_on_with_our_number() -> None:
    async with rig() as gate:
        waiting = asyncio.create_task(gate.send("hang", id="mine"))
        await until(lambda: bool(gate.upstream._slots and gate.upstream._slots["s"].channel))
        await gate.upstream.exchange(notification("notifications/cancelled", {"requestId": "other"}))
        await gate.upstream.exchange(notification("notifications/cancelled", {"requestId": "mine", "reason": "enough"}))
        seen = await gate.see()
        assert seen["cancelled"] == [seen["id"] - 1]
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_a_cancelled_request_ends_even_if_the_server_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_channel, "CANCELLED_GRACE_S", 0.01)
    async with rig() as gate:
        await gate.see()
        waiting = asyncio.create_task(gate.send("hang", id="mine"))
        await asyncio.sleep(0)
        await gate.upstream.exchange(notification("notifications/cancelled", {"requestId": "mine"}))
        with pytest.raises(UpstreamFault, match="cancelled by its client"):
            await waiting


async def test_a_child_that_does_not_answer_times_out_and_is_told() -> None:
    async with rig(timeout_s=3.0) as gate:
        await gate.see()
        gate.upstream._timeout_s = 0.05
        with pytest.raises(UpstreamTimedOut, match=r"did not answer within 0\.05 s"):
            await gate.send("hang")
        gate.upstream._timeout_s = 3.0
        seen = await gate.see()
        assert seen["cancelled"] == [seen["id"] - 1]


async def test_a_child_that_does_not_read_holds_writers_back() -> None:
    async with rig() as gate:
        await gate.send("deaf")
        gate.upstream._timeout_s = 0.1
        big = {"x": "y" * 500_000}
        with pytest.raises(UpstreamTimedOut):
            await gate.send("echo", big)
        with pytest.raises(UpstreamNotReached, match="did not take the request"):
            await gate.send("echo", big)


async def test_a_server_that_is_far_behind_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_channel, "PENDING_MAX", 3)
    async with rig() as gate:
        await gate.see()
        waiting = [asyncio.create_task(gate.send("hang")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamNotReached, match="3 requests unanswered"):
            await gate.send("echo")
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        await gate.send("echo")


# --- real servers ---------------------------------------------------------------------------------------------------------


async def test_a_real_server_works_in_both_eras() -> None:
    program = str(require_program("mcp-server-time"))
    arguments = {"timezone": "Europe/Berlin"}
    async with rig(argv=[program]) as gate:
        client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        opened = result(await gate.upstream.exchange(request("initialize", client, id=0)))
        assert opened["protocolVersion"] == "2025-11-25"
        await gate.upstream.exchange(notification("notifications/initialized"))
        assert result(await gate.send("get_current_time", arguments))["isError"] is False
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
        stateless = await gate.send("get_current_time", arguments, modern=True, isolation="grant", _meta=meta)
        assert result(stateless)["resultType"] == "complete"
        assert stdio.CHILDREN_MAX > 2
