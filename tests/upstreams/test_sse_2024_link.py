"""One event stream by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.sse_2024_server import serving_sse
from tests.upstreams.http_server import Peer, serving, until
from yett.errors import UpstreamNotReached
from yett.protocol.lines import Noise
from yett.upstreams.child_watch import Watcher
from yett.upstreams.http1 import ClientLimits, Http1Client
from yett.upstreams.http_endpoint import endpoint_of
from yett.upstreams.peer import Listener
from yett.upstreams.sse_2024_link import SPARE_MAX, Link, LinkSpec

pytestmark = pytest.mark.anyio

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


class Heard:
    """A link and what it was told."""

    def __init__(self, url: str) -> None:
        self.lines: list[bytes] = []
        self.noise: list[Noise] = []
        self.ends = 0
        endpoint = endpoint_of(url)
        self.client = Http1Client(endpoint, limits=ClientLimits(), monotonic=lambda: 0.0)
        spec = LinkSpec(url, endpoint, self.client, 5.0, lambda: [])
        self.link: Link = spec.made(Listener(self.lines.append, self.noise.append, self._ended))

    def _ended(self) -> None:
        self.ends += 1


async def test_a_link_hears_until_it_is_stopped_and_leaves_no_connection() -> None:
    with serving_sse() as server:
        heard = Heard(server.url)
        await heard.link.start(Watcher())
        assert not heard.link.ended
        await heard.link.send(PING)
        await until(lambda: bool(heard.lines))
        await heard.link.stop()
        assert (heard.link.ended, heard.link.end, heard.ends) == (True, "was closed by the gateway", 0)
        await heard.client.aclose()
        assert heard.client.open_connections == 0


async def test_the_end_of_the_stream_is_told_once() -> None:
    with serving_sse() as server:
        heard = Heard(server.url)
        await heard.link.start(Watcher())
        server.hang_up()
        await until(lambda: heard.link.ended)
        assert (heard.ends, heard.link.end_and_last_words) == (1, "closed its event stream")
        with pytest.raises(UpstreamNotReached, match="closed its event stream"):
            await heard.link.send(PING)
        heard.link.send_spare(PING)
        await heard.link.stop()
        await heard.client.aclose()
        assert server.methods == []


async def test_messages_that_may_be_lost_are_not_heaped_up() -> None:
    posts: list[Any] = []

    async def script(peer: Peer) -> None:
        head, _ = await peer.request()
        if head.startswith(b"GET"):
            await peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            await peer.send(b"event: endpoint\ndata: /m\n\n")
        else:
            posts.append(head)
        await peer.gone()

    async with serving(script) as server:
        heard = Heard(server.url)
        await heard.link.start(Watcher())
        for _ in range(SPARE_MAX + 1):
            heard.link.send_spare(PING)
        await until(lambda: len(posts) == SPARE_MAX)
        await heard.client.aclose()
        await heard.link.stop()
        assert len(posts) == SPARE_MAX


async def test_what_comes_in_one_piece_with_the_address_is_heard() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        await peer.send(b": hello\n\nevent: endpoint\ndata: /m\n\ndata: {}\n\nevent: endpoint\ndata: http://evil.test/\n\n")
        await peer.gone()

    async with serving(script) as server:
        heard = Heard(server.url)
        await heard.link.start(Watcher())
        await until(lambda: bool(heard.noise))
        assert (heard.lines, heard.noise[0].reason) == ([b"{}"], "the event is no message")
        assert heard.link._target == b"/m"
        await heard.link.stop()
        await heard.client.aclose()
