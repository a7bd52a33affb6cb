"""Real children: what goes to them, what comes back, and what does not cross."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import require_program
from tests.upstreams.stdio_rig import notification, request, result, rig, until
from yett.ports import Outbound, Upstream
from yett.upstreams import stdio, stdio_channel
from yett.upstreams.child import INHERITED
from yett.upstreams.child_watch import MARK
from yett.upstreams.stdio import StdioUpstream

pytestmark = pytest.mark.anyio


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
        pid = (await gate.see())["pid"]
        # Its own list: an interpreter, as in this child, adds to what it was given.
        given = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")[:-1]  # noqa: ASYNC240 - not a file
        env = dict(pair.decode().split("=", 1) for pair in given)
        mark = env.pop(MARK)
        assert len(mark) == 32
        expected = {name: os.environ[name] for name in INHERITED if name in os.environ}
        assert env == expected | {"API_KEY": "for the child", "HOME": "/elsewhere"}
        assert (env["TZ"], env["LC_CTYPE"]) == ("UTC", "C")


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


async def test_what_the_child_says_while_it_works_is_noted_and_comes_with_the_answer() -> None:
    async with rig() as gate:
        answer = await gate.send("tell", isolation="mine")
        assert answer.events is not None
        said = [json.loads(event.data).get("method") async for event in answer.events]
        assert said == ["notifications/message", "notifications/tools/list_changed", None]
        methods = [(isolation, json.loads(data)["method"]) for isolation, data in gate.messages]
        assert methods == [("mine", "notifications/message"), ("mine", "notifications/tools/list_changed")]


async def test_what_the_child_says_while_nobody_asks_waits_for_who_listens_and_goes_to_one_of_them() -> None:
    async with rig() as gate:
        listening = await gate.upstream.listen(request("listen"))
        other = await gate.upstream.listen(request("listen"))
        await gate.send("tell", modern=True)
        assert listening.events is not None
        assert other.events is not None
        methods = [json.loads((await anext(stream)).data)["method"] for stream in (listening.events, other.events)]
        assert methods == ["notifications/message", "notifications/tools/list_changed"]
        await gate.upstream.end_session(request("x"))
        assert [event async for event in listening.events] == []
        await listening.aclose()
        await other.aclose()


async def test_a_request_of_the_child_comes_under_an_id_of_ours_and_is_answered_once() -> None:
    async with rig() as gate:
        answer = await gate.send("asking")
        assert answer.events is not None
        asked: list[dict[str, Any]] = []
        async for event in answer.events:
            message = json.loads(event.data)
            if "method" not in message:
                break
            asked.append(message)
            reply = {"jsonrpc": "2.0", "id": message["id"], "result": {"to": message["method"]}}
            for body in (json.dumps({**reply, "id": "ask " + message["method"]}), json.dumps(reply), json.dumps(reply)):
                sent = await gate.upstream.exchange(Outbound(body.encode(), "", None, False, isolation="s"))
                assert sent.status == 202
        assert [one["method"] for one in asked] == ["ping", "roots/list", "sampling/createMessage", "vendor/x"]
        assert len({one["id"] for one in asked}) == len(asked)
        got = message["result"]
        assert got["roots/list"] == {"jsonrpc": "2.0", "id": "ask roots/list", "result": {"to": "roots/list"}}


async def test_a_request_of_the_child_that_nobody_can_hear_is_refused_in_the_clients_place() -> None:
    async with rig() as gate:
        slot = gate.upstream._slot("s")
        while slot.outbox.put(b"x"):
            pass
        answers = result(await gate.send("asking", modern=True))
        assert {answer["error"]["code"] for answer in answers.values()} == {-32603}


async def test_an_answer_to_one_child_does_not_reach_the_next() -> None:
    async with rig() as gate:
        answer = await gate.send("asking")
        assert answer.events is not None
        asked = json.loads((await anext(answer.events)).data)
        await gate.upstream._end(gate.upstream._slots["s"])
        await gate.see()
        late = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {}}).encode()
        assert (await gate.upstream.exchange(Outbound(late, "", None, False, isolation="s"))).status == 202
        assert (await gate.see())["strays"] == []
        await answer.aclose()


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
        child = gate.child()
        await until(lambda: child.last_stderr_line == "the end")
        assert len(child._stderr) <= 64 * 1024


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
