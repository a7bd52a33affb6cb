"""What ends an open stream, and what the gateway itself says on it. Through the real edge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from tests.gateway.feeds import NOTICE, TOOLS_CHANGED, fed, listens, opened, refused, until
from tests.gateway.gate import HTTP_SERVER, STDIO_SERVER, Gate
from tests.gateway.listener import listening, token_grant
from tests.support.fake_upstream import encode, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import call
from yett.errors import UpstreamFault
from yett.gateway.snapshot import ClassesEntry, ToolClass

pytestmark = pytest.mark.anyio


class Stubborn:
    """A source whose last word takes its time, and cannot be taken back by being cancelled."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.closed = False

    async def following(self, _: Any) -> None:
        while not self.may_end.is_set():
            with suppress(asyncio.CancelledError):
                await self.may_end.wait()

    def changed(self, _: Any) -> None:
        return None

    def farewell(self) -> None:
        return None

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("how", ["ends", "is cancelled"])
async def test_who_is_cancelled_while_it_closes_a_stream_stays_cancelled_and_closes_it(how: str) -> None:
    gate, source = Gate(), Stubborn()
    stream = gate.dispatcher.live.open(gate.route())
    assert stream is not None
    stream.attach(source)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(anext(stream, None))
        await asyncio.sleep(0)
        stream.end()
        await reading
        closing = tasks.create_task(stream.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        if how == "is cancelled":
            closing.cancel()
            await asyncio.sleep(0)
        source.may_end.set()
        await asyncio.wait((closing,))
    assert (closing.cancelled(), source.closed) == (how == "is cancelled", True)


# --- what ends a stream -----------------------------------------------------------------------------------------------------


async def test_a_client_that_leaves_closes_the_servers_stream() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        await client.aclose()
        await until(lambda: feed.closed)
        assert not len(gateway.gate.dispatcher.live)


async def test_a_session_that_ends_ends_its_streams() -> None:
    async with listening() as gateway:
        session, first = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        second = fed(gateway.gate)
        other, _ = await listens(gateway, session)
        await (await gateway.client()).ask("DELETE", "/mcp/files", gateway.fields(None, session))
        assert (await client.chunk(), await other.chunk()) == (b"", b"")
        await until(lambda: first.closed and second.closed)


@pytest.mark.parametrize("how", ["revoked", "another server", "another url"])
async def test_a_grant_that_is_revoked_ends_its_streams_at_once(how: str) -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        grants = {"revoked": [], "another server": [token_grant(gateway.token, server=STDIO_SERVER)]}
        if how == "another url":
            gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token, expires_at_ns=1)])
        else:
            gateway.gate.publish(ALLOW_ALL, grants=grants[how])
        feed.say(NOTICE)
        assert await client.chunk() == b""
        await until(lambda: feed.closed)


async def test_a_grant_that_expires_ends_its_streams() -> None:
    async with listening() as gateway:
        now_ns = gateway.gate.clock.now_ns()
        expiring = token_grant(gateway.token, expires_at_ns=now_ns + 50_000_000)
        gateway.gate.publish(ALLOW_ALL, grants=[expiring])
        session = await opened(gateway)
        fed(gateway.gate)
        client, _ = await listens(gateway, session)
        gateway.gate.clock.advance(1)
        assert await client.chunk() == b""


async def test_when_the_gateway_stops_streams_end_in_good_order_and_no_other_opens() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        fed(gateway.gate)
        client, _ = await listens(gateway, session)
        gateway.gate.dispatcher.live.end_all()
        assert await client.chunk() == b""
        assert (await refused(gateway, session)).status == 429


async def test_a_stream_that_breaks_off_does_not_look_complete() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        gateway.gate.upstream.replies["GET"] = streamed(NOTICE, fault=UpstreamFault("reset"))
        reply = await refused(gateway, session)
        assert (reply.status, reply.complete) == (200, False)


# --- what the gateway says itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "kinds"),
    [
        (policy(default="allow", hide=["pay"]), ["tools"]),
        (policy(default="allow", resources={"a://*": {"deny_if": [{"conditions": []}]}}), ["resources"]),
        (policy(default="allow", prompts={"p": {}}), ["prompts"]),
        (policy(), ["tools", "resources", "prompts"]),
        (policy(default="allow", description="the same for all lists"), []),
    ],
)
async def test_a_policy_that_alters_what_the_grant_sees_is_told_to_its_streams(document: Any, kinds: Sequence[str]) -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        gateway.gate.publish(document, grants=[token_grant(gateway.token)])
        gateway.gate.publish(document, grants=[token_grant(gateway.token)])
        feed.say(NOTICE)
        for kind in kinds:
            assert b'"method":"notifications/%b/list_changed"' % kind.encode() in await client.chunk()
        assert NOTICE in await client.chunk()


@pytest.mark.parametrize(("hidden", "told"), [({"risk": "Destructive"}, True), ("drop", False)])
async def test_another_class_of_a_tool_is_told_to_streams_whose_policy_goes_by_classes(hidden: Any, told: bool) -> None:
    document = policy(default="allow", hide=[hidden])
    classes = [ClassesEntry(server=HTTP_SERVER.id, tools={"pay": ToolClass("Destructive")})]
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        gateway.gate.publish(document, grants=[token_grant(gateway.token)])
        client, _ = await listens(gateway, session)
        for _ in range(2):
            gateway.gate.publish(document, grants=[token_grant(gateway.token)], classes=classes)
        feed.say(NOTICE)
        if told:
            assert b'"method":"notifications/tools/list_changed"' in await client.chunk()
        assert NOTICE in await client.chunk()


async def test_an_open_stream_is_judged_by_the_policy_in_force() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway, "sampling"), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        denied = {**ALLOW_ALL, "server_requests": {"sampling": "deny"}}
        gateway.gate.publish(denied, grants=[token_grant(gateway.token)])
        feed.say(encode({"jsonrpc": "2.0", "id": 0, "method": "sampling/createMessage", "params": {}}))
        feed.say(NOTICE)
        assert NOTICE in await client.chunk()
        assert json.loads(gateway.gate.upstream.of("")[0].body)["error"]["code"] == -32600


async def test_a_changed_list_passes_and_is_read_again() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        await gateway.post(call("echo"), session)
        client, _ = await listens(gateway, session)
        feed.say(TOOLS_CHANGED)
        assert TOOLS_CHANGED in await client.chunk()
        gateway.gate.clock.advance(1)
        await gateway.post(call("echo"), session)
        assert len(gateway.gate.upstream.of("tools/list")) == 2
