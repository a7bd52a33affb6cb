"""Whose word about the client is taken, and what is made of it."""

from __future__ import annotations

import pytest

from tests.edge.wire import Edge, edge
from yett.edge.forwarded import HOPS_MAX, NOBODY, TrustedProxies
from yett.errors import OperatorFault

PROXIES = TrustedProxies.of(["10.0.0.0/24", "::1", "2001:db8:1::/48"])
XFF = b"x-forwarded-for"
FORWARDED = b"forwarded"


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.0.0.7", True),
        ("::ffff:10.0.0.7", True),
        ("::1", True),
        ("2001:db8:1::5", True),
        ("10.0.1.7", False),
        ("127.0.0.1", False),
        ("fe80::1%eth0", False),
        ("a name", False),
        (None, False),
    ],
)
def test_only_addresses_of_the_list_are_proxies(peer: str | None, *, trusted: bool) -> None:
    assert PROXIES.trusts(peer) is trusted
    assert not NOBODY.trusts(peer)


@pytest.mark.parametrize(
    ("text", "words"),
    [("10.0.0.1/24", "host bits"), ("proxy.example", "is no address"), ("0.0.0.0/0", "everybody"), ("::/0", "everybody")],
)
def test_what_is_no_block_or_everybody_is_refused_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(OperatorFault, match=rf"data_plane\.trusted_proxies.*{words}"):
        TrustedProxies.of([text])


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        ([(XFF, b"203.0.113.9")], "203.0.113.9"),
        ([(XFF, b"1.1.1.1, 203.0.113.9")], "203.0.113.9"),
        ([(XFF, b"1.1.1.1, 203.0.113.9, 10.0.0.2 ,2001:db8:1::9")], "203.0.113.9"),
        ([(XFF, b"1.1.1.1"), (b"accept", b"*/*"), (XFF, b"203.0.113.9")], "203.0.113.9"),
        ([(XFF, b"nonsense, \x00, 203.0.113.9")], "203.0.113.9"),
        ([(XFF, b"203.0.113.9:4711")], "203.0.113.9"),
        ([(XFF, b"[2001:db8::9]:4711")], "2001:db8::9"),
        ([(XFF, b"2001:DB8:0::9")], "2001:db8::9"),
        ([(XFF, b"::ffff:203.0.113.9")], "203.0.113.9"),
        ([(FORWARDED, b"for=203.0.113.9;proto=https;by=10.0.0.1")], "203.0.113.9"),
        ([(FORWARDED, b'For="[2001:db8::9]:4711"')], "2001:db8::9"),
        ([(FORWARDED, b'for=1.1.1.1, for="203.0.113.9:1" , for=10.0.0.3;by="a,b"')], "203.0.113.9"),
        ([(FORWARDED, b"for=203.0.113.9"), (XFF, b"203.0.113.9")], "203.0.113.9"),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_is_the_client(lines: list[tuple[bytes, bytes]], client: str) -> None:
    assert PROXIES.client_of(lines) == client


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(XFF, b"")],
        [(XFF, b"10.0.0.2")],
        [(XFF, b"203.0.113.9, unknown")],
        [(XFF, b"203.0.113.9, ")],
        [(XFF, b"203.0.113.9, 10.0.0.2.")],
        [(XFF, b"203.0.113.9 10.0.0.2")],
        [(XFF, b"0203.0.113.9")],
        [(XFF, b"203.0.113.9:4711x")],
        [(XFF, b"fe80::1%eth0")],
        [(XFF, "203.0.113.9".encode("utf-16"))],
        [(FORWARDED, b"for=unknown")],
        [(FORWARDED, b"for=_hidden")],
        [(FORWARDED, b"proto=https")],
        [(FORWARDED, b"for=1.1.1.1;for=203.0.113.9")],
        [(FORWARDED, b'for=", for=203.0.113.9')],
        [(FORWARDED, b'for="203.0.113.9"x')],
        [(FORWARDED, b"for=[2001:db8::9]")],
        [(FORWARDED, b"for=203.0.113.9,")],
        [(FORWARDED, b"for = 203.0.113.9")],
        [(FORWARDED, b"for=203.0.113.9"), (XFF, b"203.0.113.8")],
        [(FORWARDED, b"for=unknown"), (XFF, b"203.0.113.8")],
        [(XFF, b"203.0.113.9" + b", 10.0.0.2" * HOPS_MAX)],
    ],
)
def test_a_client_that_is_not_named_for_certain_is_not_guessed(lines: list[tuple[bytes, bytes]]) -> None:
    assert PROXIES.client_of(lines) is None


CLAIM = b"GET /a HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 10.1.2.3\r\nforwarded: for=10.1.2.3\r\nx-real-ip: 10.1.2.3\r\n\r\n"
UNTOLD = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"


async def seen_by(gate: Edge, *requests: bytes) -> list[str | None]:
    wire = await gate.wire()
    for request in requests:
        await wire.ask(request)
    return [request.client_ip for request in gate.requests]


@pytest.mark.anyio
async def test_without_the_list_no_field_changes_who_the_client_is() -> None:
    async with edge() as gate:
        assert await seen_by(gate, CLAIM, CLAIM) == ["127.0.0.1", "127.0.0.1"]


@pytest.mark.anyio
async def test_a_peer_that_is_not_on_the_list_is_the_client_whatever_it_claims() -> None:
    async with edge(proxies=PROXIES) as gate:
        assert await seen_by(gate, CLAIM) == ["127.0.0.1"]


@pytest.mark.anyio
async def test_a_listed_proxy_is_believed_for_each_request_anew() -> None:
    another = CLAIM.replace(b"10.1.2.3", b"10.9.9.9")
    async with edge(proxies=TrustedProxies.of(["127.0.0.1"])) as gate:
        told = await seen_by(gate, CLAIM, CLAIM, UNTOLD, another, UNTOLD)
        assert told == ["10.1.2.3", "10.1.2.3", None, "10.9.9.9", None]
