"""The two kinds of peers, as a channel sees them."""

from __future__ import annotations

import pytest

from yett.upstreams.child import ChildSpec
from yett.upstreams.http1 import ClientLimits, Http1Client
from yett.upstreams.http_endpoint import endpoint_of
from yett.upstreams.peer import Listener, Peer, PeerSpec
from yett.upstreams.sse_2024_link import LinkSpec

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:9/sse"


def specs() -> list[PeerSpec]:
    endpoint = endpoint_of(URL)
    client = Http1Client(endpoint, limits=ClientLimits(), monotonic=lambda: 0.0)
    return [ChildSpec(("/bin/clock", "--secret"), {}), LinkSpec(URL, endpoint, client, 1.0, lambda: [(b"x", b"secret")])]


async def test_each_is_told_apart_in_a_sentence_without_what_it_keeps_secret() -> None:
    assert [spec.title for spec in specs()] == ["the program `clock`", "the server at http://127.0.0.1:9"]
    assert [spec.doubtful for spec in specs()] == [False, True]
    for spec in specs():
        assert "secret" not in f"{spec.name} {spec.title} {spec.again}"
        assert "secret" not in repr(spec) or isinstance(spec, ChildSpec)
        assert spec.shown(b" a\x1b[31m\nb ") == spec.shown(b" a [31m b ")


async def test_one_that_was_not_started_can_be_stopped() -> None:
    for spec in specs():
        peer: Peer = spec.made(Listener(lambda _: None, lambda _: None, lambda: None))
        await peer.stop()
        assert peer.ended
