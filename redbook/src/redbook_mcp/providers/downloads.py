"""Pictures that a service gives as an address: fetched without letting it choose what of this network we touch.

An address is followed only over https, to hosts whose every address is public, and the connection goes to the very address
that was checked. One exception: the service's own origin, which the operator chose and which has the key already.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import httpx2

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import format_of
from redbook_mcp.providers.faults import RETRIED_STATUSES, bad_reply
from redbook_mcp.providers.secrets import scrub
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import no_cookies, quiet_libraries, read_within, tls

REDIRECTS_MAX: Final = 3
URL_CHARACTERS_MAX: Final = 8192
RESOLVE_TIMEOUT_S: Final = 10.0
WORD_QUOTED_MAX: Final = 100
"""Characters of a host, a scheme or a content type in a message."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TUNNELS: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fec0::/10",
    )
)
"""IPv6 ranges that hold an IPv4 address, each a way around a check of it; and the old site-local one."""
_V4_NOT_PUBLIC: Final = tuple(
    ipaddress.IPv4Network(text) for text in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4")
)


def is_public(ip: IpAddress) -> bool:
    """Whether an address is on the public internet: one host, reached directly."""
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    refused = _TUNNELS if isinstance(ip, ipaddress.IPv6Address) else _V4_NOT_PUBLIC
    return not any(ip in network for network in refused)


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, as this machine resolves it. Errors: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Downloads:
    """Fetches pictures for one painter. Sends no key, keeps no cookies, uses no proxy."""

    def __init__(
        self,
        service: Service,
        *,
        resolver: Resolver = resolve,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        quiet_libraries()
        self._service = service
        self._config = config = service.config
        self._origin = _origin(service.base)
        self._resolve = resolver
        self._client = httpx2.AsyncClient(
            verify=tls(),
            cookies=no_cookies(),
            timeout=httpx2.Timeout(config.timeouts.download, connect=config.timeouts.connect, pool=None),
            # No connection outlives its picture: the next one may go to another host behind the same address.
            limits=httpx2.Limits(max_keepalive_connections=0),
            headers={"accept": "image/*", "accept-encoding": "identity", "user-agent": "redbook-mcp"},
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def fetch(self, url: str) -> bytes:
        """The bytes of a picture, at most `bytes_max`; asked for again where that may help, since it has been paid.

        Errors: PROVIDER_BAD_RESPONSE, PROVIDER_UNAVAILABLE, TIMEOUT. Messages name the host alone: the rest may be signed.
        """
        for attempt in range(1, self._config.retries + 2):
            try:
                return await self._follow(url, attempt)
            except _PassingError as passing:
                if attempt > self._config.retries:
                    raise passing.error from None
            await self._service.clock.sleep(self._service.back_off_s(attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _follow(self, url: str, attempt: int) -> bytes:
        address = self._parsed(url)
        at_home = _origin(address) == self._origin
        for _ in range(REDIRECTS_MAX + 1):
            # Who has been sent away from the service's own origin is a stranger from then on, even when sent back.
            at_home = at_home and _origin(address) == self._origin
            found = await self._hop(address, None if at_home else attempt)
            if isinstance(found, bytes):
                return found
            address = self._parsed(found, address)
        raise self._bad(f"more than {REDIRECTS_MAX} redirects on the way to the picture")

    async def _hop(self, url: httpx2.URL, attempt: int | None) -> bytes | str:
        """The picture, or where it is said to be instead; without an attempt's number the host is the service's own."""
        direct = url if attempt is None else await self._checked(url, attempt)
        name = url.raw_host.decode("ascii").strip("[]")
        request = self._client.build_request(
            "GET", direct, headers={"host": url.netloc.decode("ascii")}, extensions={"sni_hostname": name}
        )
        try:
            async with asyncio.timeout(self._config.timeouts.connect + self._config.timeouts.download):
                response = await self._client.send(request, stream=True)
                try:
                    return await self._taken(url, response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException):
            raise self._passing(Code.TIMEOUT, url, "took too long") from None
        except httpx2.RequestError as fault:
            raise self._passing(Code.PROVIDER_UNAVAILABLE, url, f"failed: {type(fault).__name__}") from None

    async def _taken(self, url: httpx2.URL, response: httpx2.Response) -> bytes | str:
        status = response.status_code
        elsewhere: str = response.headers.get("location", "")
        if status in _REDIRECTS and elsewhere:
            return elsewhere
        if status != 200:
            error = self._bad(f"the picture's address at {self._host(url)} answered HTTP {status}")
            raise _PassingError(error) if status in RETRIED_STATUSES else error
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and not kind.startswith("image/") and kind not in {"application/octet-stream", "binary/octet-stream"}:
            raise self._bad(f"the picture's address at {self._host(url)} gave `{self._quoted(kind)}`, not a picture")
        body = await read_within(response, self._config.bytes_max)
        if body is None:
            raise self._bad(f"the picture at {self._host(url)} is larger than {self._config.bytes_max} bytes")
        if format_of(body) is None:
            raise self._bad(f"the file at {self._host(url)} is no PNG, JPEG or WebP picture")
        return body

    def _parsed(self, url: str, base: httpx2.URL | None = None) -> httpx2.URL:
        if len(url) > URL_CHARACTERS_MAX:
            raise self._bad(f"the picture's address has over {URL_CHARACTERS_MAX} characters")
        try:
            parsed = httpx2.URL(url) if base is None else base.join(url)
        except (httpx2.InvalidURL, ValueError):
            raise self._bad("the picture's address is no URL") from None
        at_home = _origin(parsed) == self._origin
        if parsed.scheme != "https" and not (parsed.scheme == "http" and at_home):
            raise self._bad(f"the picture's address is `{self._quoted(parsed.scheme)}`, not https")
        if not parsed.host or parsed.userinfo or not 1 <= (parsed.port or 443) <= 65535:
            raise self._bad("the picture's address has no host, no possible port, or a user in it")
        return parsed.copy_with(fragment=None)

    async def _checked(self, url: httpx2.URL, attempt: int) -> httpx2.URL:
        """The same URL with an address in place of the name: resolved once, so that no second answer can differ.

        Each attempt takes the next address, for networks where the first is out of reach.
        """
        port = url.port or 443
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                texts = await self._resolve(url.raw_host.decode("ascii").strip("[]"), port)
        except (OSError, UnicodeError, TimeoutError):
            raise self._passing(Code.PROVIDER_UNAVAILABLE, url, "failed: no such host") from None
        addresses = [_address(text) for text in texts]
        if not addresses or not all(address is not None and is_public(address) for address in addresses):
            raise self._bad(f"the picture's host {self._host(url)} is not on the public internet; not fetched")
        return url.copy_with(host=texts[(attempt - 1) % len(texts)])

    def _bad(self, why: str) -> RedBookError:
        return bad_reply(self._service.name, why, secrets=self._service.secrets)

    def _passing(self, code: Code, url: httpx2.URL, how: str) -> _PassingError:
        message = f"{self._service.name}: the picture was painted, but its download from {self._host(url)} {how}"
        return _PassingError(RedBookError(code, message, retryable=True))

    def _host(self, url: httpx2.URL) -> str:
        """The host as a message may name it: it is the service's word too."""
        return self._quoted(url.host)

    def _quoted(self, word: str) -> str:
        return scrub(word, self._service.secrets, limit=WORD_QUOTED_MAX)


class _PassingError(Exception):
    """A failure that another try may not have."""

    def __init__(self, error: RedBookError) -> None:
        super().__init__()
        self.error = error


def _address(text: str) -> IpAddress | None:
    """None for what is no plain address, such as one with a zone: those are of this network."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
