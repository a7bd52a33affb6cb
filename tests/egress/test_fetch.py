"""Requests to URLs that come from outside, over real sockets of loopback."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.support.certificates import Pair, pair
from yett.egress.addresses import Address, EgressRules
from yett.egress.fetch import ADDRESSES_MAX, Egress, EgressRefused, Fetched, FetchLimits, Resolve, target_of
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n" + b'{"a":1}'
LOOPBACK = EgressRules.parse(["127.0.0.1"])


class Server:
    """Answers every request with the same bytes and remembers the heads."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: bytes = OK, certificate: Pair | None = None, folder: Path | None = None) -> AsyncIterator[Server]:
    context = None
    if certificate is not None and folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate.write(folder))
    server = Server(answer)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def resolving(*answers: list[str]) -> tuple[Resolve, list[str]]:
    """A resolver that gives these answers in turn, and the names that it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ip_address(text) for text in answers[min(len(asked), len(answers)) - 1]]

    return resolve, asked


async def test_an_answer_comes_whole_with_its_status_and_fields() -> None:
    async with serving() as server:
        answer = await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/a?b=%2f")
    assert (answer.status, answer.body, answer.json_object()) == (200, b'{"a":1}', {"a": 1})
    assert answer.headers["Content-Type"] == "application/json"
    assert server.heads[0].startswith(b"GET /a?b=%2f HTTP/1.1\r\nhost: 127.0.0.1:")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://example.com/",
        "//example.com/",
        "https://",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://[fe80::1%25eth0]/",
        "https://user:password@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/a b",
        "https://example.com/\r\nx: y",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/#fragment",
        "https://ⓔxample.com/",
        "https://example.com/" + "a" * 9_000,
    ],
)
def test_a_url_that_readers_may_take_differently_is_not_asked(url: str) -> None:
    with pytest.raises(EgressRefused):
        target_of(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}/", "http://localhost:{}/", "http://localhost.:{}/", "https://[::ffff:127.0.0.1]:{}/"]
)
async def test_loopback_is_not_asked_unless_it_is_listed(url: str) -> None:
    async with serving() as server:
        with pytest.raises(EgressRefused):
            await Egress(EgressRules.parse()).fetch(url.format(server.port))
        assert server.connections == 0


async def test_plain_http_is_for_this_machine_only() -> None:
    resolve, _ = resolving(["10.0.0.1"])
    with pytest.raises(EgressRefused, match="must be https"):
        await Egress(EgressRules.parse(["10.0.0.0/8"]), resolve=resolve).fetch("http://inside.example/")


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    resolve, _ = resolving(["8.8.8.8", "169.254.169.254"])
    with pytest.raises(EgressRefused, match="metadata"):
        await Egress(EgressRules.parse(), resolve=resolve).fetch("https://two.example/")


async def test_the_connection_goes_to_the_address_that_was_judged_and_the_name_is_asked_once() -> None:
    resolve, asked = resolving(["127.0.0.1"], ["169.254.169.254"])
    async with serving() as server:
        await Egress(EgressRules.parse(["once.example"]), resolve=resolve).fetch(f"http://once.example:{server.port}/")
    assert asked == ["once.example"]
    assert b"host: once.example:" in server.heads[0]


async def test_tls_asks_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    authority = pair("authority", authority=True)
    resolve, _ = resolving(["127.0.0.1"])
    trust = ssl.create_default_context(cadata=authority.pem.decode())
    egress = Egress(EgressRules.parse(["127.0.0.1"]), resolve=resolve, tls=lambda: trust)
    async with serving(certificate=pair("issuer.example", signed_by=authority), folder=tmp_path) as server:
        answer = await egress.fetch(f"https://issuer.example:{server.port}/")
        assert answer.status == 200
        with pytest.raises(UpstreamNotReached):
            await egress.fetch(f"https://other.example:{server.port}/")


async def test_a_redirect_is_the_answer_and_is_not_followed() -> None:
    async with serving() as aim:
        there = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:%d/\r\ncontent-length: 0\r\n\r\n" % aim.port
        async with serving(there) as server:
            answer = await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/")
        assert answer.status == 302
        assert aim.connections == 0


async def test_a_long_answer_is_cut_off() -> None:
    async def ask(bytes_max: int) -> Fetched:
        return await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/", limits=FetchLimits(body_bytes=bytes_max))

    async with serving() as server:
        assert (await ask(7)).body == b'{"a":1}'
        with pytest.raises(UpstreamFault, match="longer than 6 bytes"):
            await ask(6)


async def test_a_packed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    async with serving(head + bomb) as server:
        with pytest.raises(UpstreamFault, match="packed"):
            await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/")


@pytest.mark.parametrize("body", [b"[]", b'{"a":1,"a":2}', b"{", b"\xff", b'{"a":NaN}'])
def test_only_a_json_object_that_reads_one_way_is_an_object(body: bytes) -> None:
    with pytest.raises(UpstreamFault):
        Fetched("https://example.com/", 200, {}, body).json_object()


async def test_a_silent_peer_is_waited_for_until_the_deadline() -> None:
    async with serving(b"") as server:
        with pytest.raises(UpstreamTimedOut):
            await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/", limits=FetchLimits(within_s=0.1))


async def test_a_peer_that_breaks_off_or_talks_nonsense_is_a_fault() -> None:
    async with serving(b"what?\r\n\r\n") as server:
        with pytest.raises(UpstreamFault):
            await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/")


async def test_a_closed_port_is_said_to_be_unreachable() -> None:
    async with serving() as server:
        pass
    with pytest.raises(UpstreamNotReached):
        await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/")


async def test_a_name_with_many_addresses_is_refused() -> None:
    resolve, _ = resolving([f"8.8.8.{n}" for n in range(ADDRESSES_MAX + 1)])
    with pytest.raises(EgressRefused, match="17 addresses"):
        await Egress(EgressRules.parse(), resolve=resolve).fetch("https://many.example/")


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as proxy, serving() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await Egress(LOOPBACK).fetch(f"http://127.0.0.1:{server.port}/")
        assert proxy.connections == 0


async def test_what_a_url_holds_beside_its_origin_is_in_no_message() -> None:
    with pytest.raises(EgressRefused) as refused:
        await Egress(EgressRules.parse()).fetch("http://127.0.0.1:1/hidden?code=hidden")
    assert "hidden" not in str(refused.value)
