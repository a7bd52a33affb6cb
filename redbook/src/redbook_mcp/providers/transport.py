"""One request to an image service: bounded in time and size, tried again only where that cannot bill twice unseen.

Tried again: what never reached the service (no connection, a request broken off while it was sent), 429, and 500, 502, 503,
529. Not tried again: a time-out, a gateway's time-out, and a connection that broke while the answer was awaited, since the
model may have painted and charged; `retry_unanswered` allows the last.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx2

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.providers.config import is_local_name
from redbook_mcp.providers.faults import RETRIED_STATUSES, Fault, bad_reply, error_of, read_fault
from redbook_mcp.providers.service import Service
from redbook_mcp.secret import Secret

RETRY_AFTER_MAX_S: Final = 60.0
"""Longer waits are the caller's to make: asked for more, the request fails at once and says how long."""
ANSWER_OVERHEAD_BYTES: Final = 1024 * 1024
"""Beside the picture in base64."""
ERROR_BYTES_MAX: Final = 256 * 1024
"""Of a refusal; the rest is not read."""

_UNSENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.WriteError, httpx2.WriteTimeout)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a multipart form."""

    name: str
    file_name: str
    content: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: JSON, or a multipart form as soon as there is a file."""

    path: str
    body: Mapping[str, object]
    files: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of whatever status."""

    status: int
    headers: httpx2.Headers
    body: bytes
    attempts: int = 1


class Transport:
    """Sends requests of one painter. Owns its connections: `aclose()` when done."""

    def __init__(self, service: Service, *, headers: Mapping[str, Secret]) -> None:
        quiet_libraries()
        self._service = service
        self._config = service.config
        self._headers = dict(headers)
        limits = self._config.timeouts
        self._client = _client(
            verify=tls(),
            cookies=no_cookies(),
            timeout=httpx2.Timeout(limits.read, connect=limits.connect, pool=None),
            limits=httpx2.Limits(max_connections=self._config.concurrency, keepalive_expiry=20.0),
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "redbook-mcp"},
            follow_redirects=False,
            # The operator's own proxy is used for the service, but never for this network.
            trust_env=not is_local_name(service.base.host),
        )

    async def send(self, url: httpx2.URL, request: Request) -> Answer:
        """The answer, be it 2xx or a refusal that asking again cannot help; `attempts` counts the requests made.

        Errors: TIMEOUT, PROVIDER_UNAVAILABLE, PROVIDER_RATE_LIMITED, PROVIDER_BAD_RESPONSE for an answer too large.
        """
        for attempt in range(1, self._config.retries + 2):
            last = attempt > self._config.retries
            try:
                answer = await self._once(url, request)
            except httpx2.RequestError as fault:
                if last or not self._may_repeat(fault):
                    raise self._lost(fault) from None
                wait = self._service.back_off_s(attempt)
            except TimeoutError:
                raise self._timed_out() from None
            else:
                refusal = None if answer.status < 400 else read_fault(answer.body)
                if refusal is None or answer.status not in RETRIED_STATUSES or last or _is_final(answer, self._service.secrets):
                    return Answer(answer.status, answer.headers, answer.body, attempt)
                wait = self._asked_wait(answer, refusal) or self._service.back_off_s(attempt)
            await self._service.clock.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _once(self, url: httpx2.URL, request: Request) -> Answer:
        limits = self._config.timeouts
        async with asyncio.timeout(limits.connect + limits.read), self._stream(url, request) as response:
            picture = 4 * ((self._config.bytes_max + 2) // 3) + ANSWER_OVERHEAD_BYTES
            refused = response.status_code >= 300
            body, whole = await _body_within(response, ERROR_BYTES_MAX if refused else picture)
            if not whole and not refused:
                raise bad_reply(self._service.name, f"the answer is larger than {picture} bytes")
            return Answer(response.status_code, response.headers, body)

    @asynccontextmanager
    async def _stream(self, url: httpx2.URL, request: Request) -> AsyncIterator[httpx2.Response]:
        headers = {name: value.reveal() for name, value in self._headers.items()}
        if request.files:
            files = [(part.name, (part.file_name, part.content, part.mime)) for part in request.files]
            fields = {name: _form_value(value) for name, value in request.body.items()}
            made = self._client.build_request("POST", url, data=fields, files=files, headers=headers)
        else:
            content = json.dumps(request.body, ensure_ascii=False).encode()
            made = self._client.build_request(
                "POST", url, content=content, headers=headers | {"content-type": "application/json"}
            )
        response = await self._client.send(made, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    def _may_repeat(self, fault: httpx2.RequestError) -> bool:
        if isinstance(fault, _UNSENT):
            return True
        return self._config.retry_unanswered and not isinstance(fault, httpx2.TimeoutException | httpx2.UnsupportedProtocol)

    def _lost(self, fault: httpx2.RequestError) -> RedBookError:
        """The library's own text stays out: it may quote a header."""
        if isinstance(fault, _UNSENT):
            return RedBookError(
                Code.PROVIDER_UNAVAILABLE,
                f"{self._service.name}: the service cannot be reached ({type(fault).__name__}); "
                "check the base URL and the network",
                retryable=True,
                unbilled=True,
            )
        if isinstance(fault, httpx2.TimeoutException):
            return self._timed_out()
        return RedBookError(
            Code.PROVIDER_UNAVAILABLE,
            f"{self._service.name}: the connection broke before the answer was whole ({type(fault).__name__}); "
            "the picture may have been billed",
            retryable=True,
        )

    def _timed_out(self) -> RedBookError:
        return RedBookError(
            Code.TIMEOUT,
            f"{self._service.name}: no whole answer within {self._config.timeouts.read:g} s; the picture may have been billed",
            retryable=True,
        )

    def _asked_wait(self, answer: Answer, refusal: Fault) -> float | None:
        asked = retry_after_s(answer.headers.get("retry-after"), self._service.clock.now_ns())
        if asked is None:
            asked = refusal.delay_s
        if asked is not None and asked > RETRY_AFTER_MAX_S:
            error = error_of(self._service.name, answer.status, answer.body, self._service.secrets)
            message = f"{error.message} (it asks to wait {math.ceil(asked)} s)"
            raise RedBookError(error.code, message, retryable=error.retryable, unbilled=error.unbilled)
        return asked


def retry_after_s(value: str | None, now_ns: int) -> float | None:
    """Seconds that a `retry-after` asks for, in either of its forms; None for none and for nonsense."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 12:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now_ns / 1e9)


def no_cookies() -> CookieJar:
    """A jar that nothing can be put into: an answer of one host or of one page says nothing to the next."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


@cache
def tls() -> ssl.SSLContext:
    """What every connection is verified with; the certificates are read once, since that takes a tenth of a second."""
    return httpx2.create_ssl_context()


def quiet_libraries() -> None:
    """The HTTP libraries log addresses, which may be signed, and the headers of answers, which may repeat a key."""
    for name in ("httpx2", "httpcore2"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


async def read_within(response: httpx2.Response, bytes_max: int) -> bytes | None:
    """The whole body; None as soon as it is known to be larger, by its header or by its bytes."""
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > bytes_max:
        return None
    body, whole = await _body_within(response, bytes_max)
    return body if whole else None


async def _body_within(response: httpx2.Response, bytes_max: int) -> tuple[bytes, bool]:
    """The body up to a limit, and whether that is all of it."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > bytes_max:
            return b"".join(pieces)[:bytes_max], False
    return b"".join(pieces), True


def _client(**options: Any) -> httpx2.AsyncClient:
    """Errors: INVALID_INPUT for a proxy of the environment that cannot be used."""
    try:
        return httpx2.AsyncClient(**options)
    except (ImportError, ValueError, httpx2.InvalidURL):
        raise RedBookError(
            Code.INVALID_INPUT,
            "the proxy in HTTPS_PROXY or ALL_PROXY cannot be used; give an http proxy, or name the service in NO_PROXY",
        ) from None


def _is_final(answer: Answer, secrets: tuple[Secret, ...]) -> bool:
    """A 429 for want of money does not pass by waiting."""
    return not error_of("", answer.status, answer.body, secrets).retryable


def _form_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
