"""Requests to URLs that come from outside: metadata, registries, token endpoints, keys of issuers.

    egress = Egress(EgressRules.parse(settings.egress.allow))
    answer = await egress.fetch("https://issuer.example/.well-known/openid-configuration")
    document = answer.json_object()

A URL is refused unless it is plain https with a host that all readers agree on, and unless *every* address of that host may be
asked. The connection goes to the very address that was judged, so that a name cannot point elsewhere a moment later; TLS still
asks for the name. Plain http is for loopback only, where the operator lists it. Redirects are never followed: the 3xx is the
answer. Time, header and body are bounded, no proxy of the environment is used, no cookie is kept, and no answer is unpacked.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx2

from yett.egress.addresses import Address, EgressRules
from yett.egress.routes import ADDRESSES_MAX as ADDRESSES_MAX
from yett.egress.routes import EgressRefused as EgressRefused
from yett.egress.routes import Resolve as Resolve
from yett.egress.routes import addresses_of, bracketed
from yett.egress.routes import resolve as resolve
from yett.errors import ClientFault, UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.policy.network import host_of
from yett.protocol.strict_json import JsonValue, read

URL_CHARS_MAX: Final = 8_192
JSON_DEPTH_MAX: Final = 32
SHOWN_CHARS: Final = 200
"""Of a URL that cannot be taken apart."""
PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one request."""

    within_s: float = 10.0
    """From the look-up of the name to the last byte."""
    body_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, whole."""

    url: str
    status: int
    headers: Mapping[str, str]
    """By name, any case; repeated fields joined by commas."""
    body: bytes

    def json_object(self) -> dict[str, JsonValue]:
        """The body as a JSON object, read strictly. Errors: `UpstreamFault`."""
        try:
            value = read(self.body, depth_max=JSON_DEPTH_MAX)
        except ClientFault as error:
            raise UpstreamFault(f"the answer of {origin_of(self.url)} cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise UpstreamFault(f"the answer of {origin_of(self.url)} is no JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Target:
    """A URL whose form is in order."""

    url: str
    scheme: str
    host: str
    port: int


@cache
def system_trust() -> ssl.SSLContext:
    """TLS as the system trusts it. Made once: reading the certificates takes 20 ms."""
    return ssl.create_default_context()


def target_of(url: str) -> Target:
    """`url` taken apart. Errors: `EgressRefused` for what is no plain http(s) URL, or is read in more than one way."""
    if len(url) > URL_CHARS_MAX or not url.isascii():
        raise EgressRefused(f"a url is longer than {URL_CHARS_MAX:,} characters or not ASCII; it is not asked")
    host = host_of(url)
    if host is None:
        raise EgressRefused(f"{url[:SHOWN_CHARS]!a} is no plain `https://HOST…`, so it is not asked")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EgressRefused(f"`{origin_of(url)}` is not asked: {error}") from error
    if parts.username is not None or parts.fragment or port == 0:
        raise EgressRefused(f"`{origin_of(url)}` is not asked: its url holds a user, a fragment or port 0")
    scheme = parts.scheme.lower()
    return Target(url, scheme, host, port or PORTS[scheme])


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, for people: the rest may hold secrets."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0].rpartition('@')[2]}"


class Egress:
    """Asks URLs from outside. One for a process; keeps no connection and no state."""

    def __init__(
        self, rules: EgressRules, *, resolve: Resolve = resolve, tls: Callable[[], ssl.SSLContext] = system_trust
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._tls = tls

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        limits: FetchLimits = FetchLimits(),
    ) -> Fetched:
        """The answer of `url`, whatever its status.

        Errors: `EgressRefused` where the URL may not be asked (nothing was sent), `UpstreamNotReached` where it cannot be
        reached, `UpstreamTimedOut`, and `UpstreamFault` where the answer broke off, is too long or is packed.
        """
        target = target_of(url)
        try:
            async with asyncio.timeout(limits.within_s):
                addresses = await self.addresses(target)
                return await self._ask(target, addresses, httpx2.Request(method, url, headers=headers, content=body), limits)
        except TimeoutError:
            raise UpstreamTimedOut(f"{origin_of(url)} did not answer within {limits.within_s:g} s") from None

    async def addresses(self, target: Target) -> list[Address]:
        """Where `target` is, every address of it judged. Errors: `EgressRefused`, `UpstreamNotReached`."""
        found = await addresses_of(target.host, target.port, self._rules, self._resolve)
        if target.scheme != "https" and not all(address.is_loopback for address in found):
            raise EgressRefused(f"`{origin_of(target.url)}` is not asked: it must be https, for all but this very machine")
        return found

    async def _ask(self, target: Target, addresses: Sequence[Address], request: httpx2.Request, limits: FetchLimits) -> Fetched:
        """The answer of the first address that can be connected to."""
        failure: httpx2.HTTPError | None = None
        for address in addresses:
            try:
                return await self._ask_at(target, address, request, limits)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
            except httpx2.HTTPError as error:
                raise UpstreamFault(f"{origin_of(target.url)} broke off: {_why(error)}") from error
            except UnicodeError as error:
                raise UpstreamFault(f"{origin_of(target.url)} answered with fields that cannot be read") from error
        raise UpstreamNotReached(f"cannot connect to {origin_of(target.url)}: {_why(failure)}") from failure

    async def _ask_at(self, target: Target, address: Address, request: httpx2.Request, limits: FetchLimits) -> Fetched:
        """INVARIANT: the connection goes to `address`, which was judged; `host` and TLS speak of the name."""
        fields = [(name, value) for name, value in request.headers.multi_items() if name not in {"host", "accept-encoding"}]
        default = target.port == PORTS[target.scheme]
        host = bracketed(target.host) if default else f"{bracketed(target.host)}:{target.port}"
        pinned = httpx2.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=[("host", host), ("accept-encoding", "identity"), *fields],
            content=request.content,
            extensions={
                "sni_hostname": target.host,
                "timeout": httpx2.Timeout(limits.within_s).as_dict(),
            },
        )
        # A transport of its own for every request: a connection belongs to the name that it was opened for.
        async with httpx2.AsyncHTTPTransport(verify=self._tls(), trust_env=False) as transport:
            answer = await transport.handle_async_request(pinned)
            try:
                return Fetched(target.url, answer.status_code, answer.headers, await _body(target, answer, limits))
            finally:
                await answer.aclose()


async def _body(target: Target, answer: httpx2.Response, limits: FetchLimits) -> bytes:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise UpstreamFault(f"{origin_of(target.url)} answered packed, which was not asked for")
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > limits.body_bytes:
            raise UpstreamFault(f"the answer of {origin_of(target.url)} is longer than {limits.body_bytes:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _why(error: Exception | None) -> str:
    """In one line."""
    return " ".join(str(error).split()) or type(error).__name__
