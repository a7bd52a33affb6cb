"""What the server says by itself, on a stream of 2024."""

from __future__ import annotations

import pytest

from tests.gateway.feeds import NOTICE, fed
from tests.gateway.listener import listening
from tests.gateway.old_client import connected, until
from tests.support.fake_upstream import content
from yett.errors import UpstreamFault
from yett.ports import Answer

pytestmark = pytest.mark.anyio


async def test_a_servers_stream_that_ends_is_opened_again_after_the_last_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.sse_2024_stream.AGAIN_S", 0.01)
    async with listening() as gateway:
        upstream = gateway.gate.upstream
        upstream.session, feed = "up", fed(gateway.gate)
        async with connected(gateway) as client:
            feed.say(NOTICE, b"e1")
            assert (await client.hear())["method"] == "notifications/message"
            second = fed(gateway.gate)
            feed.queue.put_nowait(None)
            await until(lambda: len(upstream.listened) == 2)
            assert (b"last-event-id", b"e1") in upstream.listened[1].headers
            second.say(NOTICE)
            assert (await client.hear())["method"] == "notifications/message"
            assert feed.closed


@pytest.mark.parametrize("answer", [Answer(status=405), UpstreamFault("no")])
async def test_a_server_without_such_a_stream_still_answers(answer: Answer | UpstreamFault) -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["GET"] = answer
        async with connected(gateway) as client:
            assert (await client.call("echo"))["result"] == content("done")
            await until(lambda: bool(gateway.gate.upstream.listened))
            assert (await client.call("echo"))["result"] == content("done")
            assert len(gateway.gate.upstream.listened) == 1


async def test_nothing_is_heard_of_the_server_before_the_handshake() -> None:
    async with listening() as gateway:
        feed = fed(gateway.gate)
        feed.say(NOTICE)
        async with connected(gateway) as client:  # what comes first is the answer to `initialize`
            assert (await client.hear())["method"] == "notifications/message"
