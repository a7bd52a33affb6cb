"""Addresses that a service gives: what is never touched, and where the connection really goes."""

from __future__ import annotations

import asyncio
import ipaddress

import httpx2
import pytest

from redbook_mcp.errors import Code
from redbook_mcp.providers.downloads import is_public
from tests.redbook.providers.fake_api import FakeClock, Reply, image_reply, picture, running
from tests.redbook.providers.fake_downloads import PUBLIC, Wire, answers, closing, downloads, refusal

pytestmark = pytest.mark.anyio

PUBLIC_6 = "2606:2800:220:1:248:1893:25c8:1946"
NOT_PUBLIC = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.216.34",
    "::ffff:0:93.184.216.34",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d822",
    "64:ff9b:1::5db8:d822",
    "2002:7f00:1::",
    "2002:5db8:d822::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "not an address",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_an_address_that_is_not_public_is_refused_wherever_it_stands(address: str) -> None:
    for addresses in ([address], [PUBLIC, address], [address, PUBLIC_6]):
        wire = Wire()
        error = await refusal(downloads(answers(*addresses), transport=wire), "https://cdn.test/1.png")
        assert error.code is Code.PROVIDER_BAD_RESPONSE
        assert "not on the public internet" in error.message
        assert not wire.requests


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6, "8.8.8.8", "2a00:1450:4001:80b::200e"])
def test_addresses_of_the_public_internet_pass(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/1.png",
        "https://2130706433/1.png",
        "https://0x7f000001/1.png",
        "https://127.1/1.png",
        "https://[::1]/1.png",
        "https://[::ffff:127.0.0.1]/1.png",
        "https://[64:ff9b::7f00:1]/1.png",
        "https://localhost/1.png",
        "https://localhost./1.png",
    ],
)
async def test_every_way_to_write_loopback_is_refused_by_the_real_resolver(url: str) -> None:
    error = await refusal(downloads(), url)
    assert "not on the public internet" in error.message or "no such host" in error.message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://cdn.test/1.png", "`http`, not https"),
        ("ftp://cdn.test/1.png", "`ftp`, not https"),
        ("file:///etc/passwd", "`file`, not https"),
        ("//cdn.test/1.png", "not https"),
        ("/1.png", "not https"),
        ("", "not https"),
        ("https:///1.png", "no host"),
        ("https://me:secret@cdn.test/1.png", "or a user in it"),
        ("https://cdn.test:99999999/", "no possible port"),
        ("https://cdn.test/\x00", "no URL"),
        ("https://cdn.test/" + "a" * 9000, "over 8192 characters"),
    ],
)
async def test_an_address_of_another_form_is_refused(url: str, words: str) -> None:
    wire = Wire()
    error = await refusal(downloads(answers(PUBLIC), transport=wire), url)
    assert words in error.message
    assert "secret" not in error.message
    assert not wire.requests


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[tuple[str, int]] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    wire = Wire(httpx2.Response(200, content=picture(), headers={"content-type": "image/png"}))
    async with closing(downloads(rebinding, transport=wire)) as fetcher:
        assert await fetcher.fetch("https://CDN.test:8443/a/1.png?sig=1#part") == picture()
    (request,) = wire.requests
    assert asked == [("cdn.test", 8443)]
    assert str(request.url) == f"https://{PUBLIC}:8443/a/1.png?sig=1"
    assert request.headers["host"] == "cdn.test:8443"
    assert request.extensions["sni_hostname"] == "cdn.test"
    assert not {"authorization", "cookie", "x-goog-api-key"} & set(request.headers)


async def test_every_redirect_is_checked_again() -> None:
    hosts = {"cdn.test": [PUBLIC], "evil.test": ["169.254.169.254"]}

    async def resolver(host: str, port: int) -> list[str]:
        return hosts[host]

    wire = Wire(
        httpx2.Response(302, headers={"location": "/2.png", "set-cookie": "a=b"}),
        httpx2.Response(307, headers={"location": "https://evil.test/latest/meta-data"}),
    )
    error = await refusal(downloads(resolver, transport=wire), "https://cdn.test/1.png")
    assert "evil.test is not on the public internet" in error.message
    assert [request.url.path for request in wire.requests] == ["/1.png", "/2.png"]
    assert "cookie" not in wire.requests[1].headers


async def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    hops = [httpx2.Response(302, headers={"location": f"/{n}.png"}) for n in range(4)]
    whole = httpx2.Response(200, content=picture())
    async with closing(downloads(answers(PUBLIC), transport=Wire(*hops[:3], whole))) as fetcher:
        assert await fetcher.fetch("https://cdn.test/x.png") == picture()
    error = await refusal(downloads(answers(PUBLIC), transport=Wire(*hops, whole)), "https://cdn.test/x.png")
    assert "more than 3 redirects" in error.message


async def test_a_redirect_down_to_http_is_refused() -> None:
    wire = Wire(httpx2.Response(302, headers={"location": "http://cdn.test/1.png"}))
    assert "`http`, not https" in (await refusal(downloads(answers(PUBLIC), transport=wire), "https://cdn.test/1.png")).message


async def test_another_port_of_the_services_own_host_is_a_stranger() -> None:
    async with running() as api, running() as other:
        error = await refusal(downloads(base=api.base), f"{other.base}/1.png")
        assert "`http`, not https" in error.message
        api.on("/away", Reply(302, headers={"location": f"{other.base}/1.png"}))
        assert "`http`, not https" in (await refusal(downloads(base=api.base), f"{api.base}/away")).message
        assert not other.received


async def test_a_stranger_cannot_send_us_to_the_services_own_private_host() -> None:
    """An https service on this network: its own addresses are followed, a stranger's redirect to it is not."""
    reply = httpx2.Response(200, content=picture())
    async with closing(downloads(answers("192.168.1.5"), base="https://relay.lan", transport=Wire(reply))) as fetcher:
        assert await fetcher.fetch("https://relay.lan/1.png") == picture()
    hosts = {"cdn.test": [PUBLIC], "relay.lan": ["192.168.1.5"]}

    async def resolver(host: str, port: int) -> list[str]:
        return hosts[host]

    wire = Wire(httpx2.Response(302, headers={"location": "https://relay.lan/admin"}))
    error = await refusal(downloads(resolver, base="https://relay.lan", transport=wire), "https://cdn.test/1.png")
    assert "relay.lan is not on the public internet" in error.message


async def test_a_paid_picture_is_asked_for_again() -> None:
    clock = FakeClock()
    async with running() as api, closing(downloads(base=api.base, clock=clock, retries=2)) as fetcher:
        api.on("/1.png", Reply(503), Reply(reset=True), image_reply(picture()))
        assert await fetcher.fetch(f"{api.base}/1.png") == picture()
        assert len(clock.slept) == 2


async def test_each_attempt_takes_the_next_address() -> None:
    wire = Wire(httpx2.Response(503), httpx2.Response(503), httpx2.Response(200, content=picture()))
    async with closing(downloads(answers(PUBLIC_6, PUBLIC), transport=wire, retries=2)) as fetcher:
        await fetcher.fetch("https://cdn.test/1.png")
    assert [request.url.host for request in wire.requests] == [PUBLIC_6, PUBLIC, PUBLIC_6]


async def test_a_slow_download_is_given_up() -> None:
    async with running() as api:
        api.on("/1.png", Reply(200, picture(), {"content-type": "image/png"}, cut=10, stall=asyncio.Event()))
        error = await refusal(downloads(base=api.base), f"{api.base}/1.png")
        assert error.code is Code.TIMEOUT
        assert "was painted" in error.message


async def test_an_unknown_host_may_be_known_later() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    clock = FakeClock()
    error = await refusal(downloads(nowhere, clock=clock, retries=1), "https://cdn.test/1.png?sig=1")
    assert (error.code, error.retryable) == (Code.PROVIDER_UNAVAILABLE, True)
    assert "sig" not in error.message
    assert len(clock.slept) == 1


async def test_a_compressed_bomb_stops_at_the_limit() -> None:
    import gzip

    bomb = gzip.compress(bytes(50_000_000), 9)
    async with running() as api:
        api.on("/1.png", Reply(200, bomb, {"content-type": "image/png", "content-encoding": "gzip"}))
        error = await refusal(downloads(base=api.base), f"{api.base}/1.png")
        assert "larger than 200000 bytes" in error.message


HOSTILE_TEXTS = [
    "https://[",
    "https://[::1",
    "https://]/",
    "https://xn--/",
    "https://\u2100.test/",
    "https://a..b/",
    "https://.../",
    "https://" + "a" * 300 + ".test/",
    "https://cdn.test:-1/",
    "https://cdn.test:٣/",
    "https://%00/",
    "https://cdn.test%2f@evil/",
    "https://cdn.test\\@127.0.0.1/",
    "https://cdn.test/\ud800",
    "https:cdn.test",
    "///",
    "?",
    "%",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
async def test_no_text_in_place_of_an_address_raises_anything_but_our_error(text: str) -> None:
    for start in (text, "https://cdn.test/start"):
        location = text.encode("utf-8", "surrogatepass")
        hops = [httpx2.Response(302, headers=[(b"location", location)]) for _ in range(4)]
        await refusal(downloads(answers(PUBLIC), transport=Wire(*hops, httpx2.Response(404))), start)
