"""A server reached over Streamable HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from yett.errors import UpstreamFault
from yett.ports import Answer, Clock, Outbound, Waiter
from yett.protocol.peek import peek_response, same_id
from yett.protocol.sse import EVENT_BYTES_MAX, SseDecoder
from yett.protocol.tasks import patience_s
from yett.upstreams.http1 import ClientLimits, Http1Client, system_trust
from yett.upstreams.http1_connection import Http1Connection
from yett.upstreams.http1_response import Response
from yett.upstreams.http_credential import credential_fields
from yett.upstreams.http_endpoint import endpoint_of
from yett.upstreams.http_streams import BodyChunks, EventStream

_FORWARDED: Final = frozenset(
    {
        b"accept",
        b"content-type",
        b"last-event-id",
        b"mcp-method",
        b"mcp-name",
        b"mcp-protocol-version",
        b"traceparent",
        b"tracestate",
        b"baggage",
    }
)
"""Fields of a message that go upstream, beside all other `mcp-*`. Everything else a client sent stays here."""
_PASSED_BACK: Final = frozenset({b"retry-after"})
"""Fields of a response that may reach the client."""
_SESSION: Final = b"mcp-session-id"
_CHALLENGE: Final = b"www-authenticate"
_NONCE: Final = b"dpop-nonce"
_READ: Final = _PASSED_BACK | {b"content-type", b"content-encoding", _SESSION}
_DEFAULTS: Final = (
    (b"content-type", b"application/json"),
    (b"accept", b"application/json, text/event-stream"),
)
TIMEOUT_S: Final = 60.0
"""For the head of an answer; work that takes longer belongs into an event stream."""
_JSON: Final = b"application/json"
_EVENTS: Final = b"text/event-stream"
_NO_BODY: Final = frozenset({202, 204})
_REFUSED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class HttpUpstreamLimits:
    """Bounds of what one server may answer. Times are seconds."""

    idle_s: float = 60.0
    """Between two pieces of a long JSON answer. Event streams may be silent for ever."""
    buffered_bytes: int = 1024 * 1024
    """Up to this length a JSON answer is handed on whole."""
    streamed_bytes: int = 256 * 1024 * 1024
    """A JSON answer that is still longer is broken off."""
    error_bytes: int = 64 * 1024
    """The body of an error answer that is not JSON; a longer one is dropped."""
    event_bytes: int = EVENT_BYTES_MAX
    """One event."""
    client: ClientLimits = ClientLimits()  # noqa: RUF009 - frozen


class HttpUpstream:
    """Implements `yett.ports.Upstream`: one configured URL, one pool of connections.

    Nothing is sent but the message, the fields named here, the session id, and the server's own credential; to nowhere but the
    configured origin, for redirects are not followed.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        timeout_s: float = TIMEOUT_S,
        limits: HttpUpstreamLimits = HttpUpstreamLimits(),
        tls: Callable[[], ssl.SSLContext] = system_trust,
    ) -> None:
        """`timeout_s` bounds the time to the head of an answer, and to the end of one that is buffered."""
        endpoint = endpoint_of(url)
        self._timeout_s = timeout_s
        self._limits = limits
        self._target = endpoint.target
        self._name = endpoint.name
        self._client = Http1Client(endpoint, limits=limits.client, monotonic=clock.monotonic, tls=tls)

    def exchange(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.exchange`."""
        return self._ask(b"POST", self._post_headers(message), message)

    def listen(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """Open the server's own event stream (GET) for the session of `message`; its body is not sent."""
        return self._ask(b"GET", self._headers(message), message)

    async def end_session(self, message: Outbound) -> int:
        """See `Upstream.end_session`."""
        response = await self._client.request(
            b"DELETE", self._target, self._headers(message), None, within_s=self._timeout_s, holder=message.isolation
        )
        await response.aclose()
        return response.status

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def sweep(self, now: float) -> None:
        """Fail what is late by `now` (monotonic seconds). Runs by itself; tests call it instead of waiting."""
        self._client.sweep(now)

    def start(self, message: Outbound) -> bytes:
        """The head of the request that `message` is, up to its length. Errors: `UpstreamNotReached`."""
        return self._client.start(b"POST", self._target, self._post_headers(message))

    def send(self, start: bytes, body: bytes, holder: str, waiter: Waiter[Response]) -> Http1Connection | None:
        """Send a message whose head begins so, if a connection for `holder` lies idle; None where none does."""
        return self._client.send_at_once(start, body, waiter, within_s=self._timeout_s, holder=holder)

    def plain_body(self, response: Response) -> bytes | None:
        """The body of an answer that is nothing but short JSON, whole and with status 200; None leaves it to `answer_to`."""
        judged = response.first or response
        if not judged.plain:
            names = {name for name, _ in response.headers if name in _READ}
            is_json = response.status == 200 and names == {b"content-type"} and response.pick(_READ)
            if not is_json or _media_type(is_json[b"content-type"]) != _JSON:
                return None
            judged.plain = True
        return response.glance(self._limits.buffered_bytes)

    async def answer_to(self, message: Outbound, response: Response | UpstreamFault) -> Answer:
        """What `exchange` would give, where the head of the response is here already."""
        if isinstance(response, UpstreamFault):
            raise response
        try:
            answer, media_type = self._judged(response)
            if media_type == _JSON and response.status not in _NO_BODY:
                answer.body = response.whole(self._limits.buffered_bytes)
                if answer.body is None:
                    await self._read_json(response, answer)
                if message.id is not None and answer.body is not None and not _may_answer(answer.body, message.id):
                    response.disown()
            else:
                await self._read_other(response, answer, media_type)
        except BaseException:
            await response.aclose()
            raise
        return answer

    def _post_headers(self, message: Outbound) -> list[tuple[bytes, bytes]]:
        headers = self._headers(message)
        names = [name for name, _ in headers]
        headers.extend([field for field in _DEFAULTS if field[0] not in names])
        return headers

    def _headers(self, message: Outbound) -> list[tuple[bytes, bytes]]:
        headers = [
            field
            for field in message.headers
            if field[0] in _FORWARDED or (field[0].startswith(b"mcp-") and field[0] != _SESSION)
        ]
        if message.session is not None:
            headers.append((_SESSION, message.session.encode()))
        if message.credential:
            headers.extend(credential_fields(message.credential, self._name))
        return headers

    async def _ask(self, method: bytes, headers: list[tuple[bytes, bytes]], message: Outbound) -> Answer:
        body, timeout_s = message.body if method == b"POST" else None, patience_s(message.method, self._timeout_s)
        response = await self._client.request(method, self._target, headers, body, within_s=timeout_s, holder=message.isolation)
        return await self.answer_to(message, response)

    def _judged(self, response: Response) -> tuple[Answer, bytes]:
        """The answer without its body, and its media type. `UpstreamFault` where it cannot be relayed."""
        status = response.status
        if 300 <= status < 400:
            raise UpstreamFault(f"{self._name} redirects with status {status}; set the server's url to where it leads")
        fields = response.pick(_READ)
        if fields.get(b"content-encoding", b"identity") != b"identity":
            raise UpstreamFault(f"{self._name} compressed its answer, which it was not asked for")
        content_type = fields.pop(b"content-type", b"")
        answer = Answer(status=status, content_type=content_type)
        if status in _REFUSED:
            answer.challenge = b", ".join(value for name, value in response.headers if name == _CHALLENGE)
            answer.nonce = b", ".join(value for name, value in response.headers if name == _NONCE)
        if (session := fields.get(_SESSION)) is not None:
            answer.session = self._session(session)
        if fields:
            answer.headers = [field for field in fields.items() if field[0] in _PASSED_BACK]
        return answer, _media_type(content_type)

    async def _read_other(self, response: Response, answer: Answer, media_type: bytes) -> None:
        """What is not JSON. The connection stays open only for a stream."""
        if response.status in _NO_BODY:
            await response.aclose()
        elif response.status >= 400:
            answer.body = await self._read_error(response)
        elif media_type == _EVENTS:
            response.wait_at_most(None)
            answer.events = EventStream(response, SseDecoder(self._limits.event_bytes))
        else:
            await self._expect_nothing(response)

    async def _read_json(self, response: Response, answer: Answer) -> None:
        """A JSON answer: whole if it is short, in pieces if not."""
        limits = self._limits
        parts: list[bytes] = []
        size = 0
        if response.length is None or response.length <= limits.buffered_bytes:
            while size <= limits.buffered_bytes:
                part = await response.read_some()
                if not part:
                    answer.body = parts[0] if len(parts) == 1 else b"".join(parts)
                    if response.ends_with_connection:
                        self._must_be_whole(answer.body)
                    return
                parts.append(part)
                size += len(part)
        if response.ends_with_connection:
            raise UpstreamFault(f"{self._name} did not say where its long answer ends, so a part cannot be told from the whole")
        response.wait_at_most(limits.idle_s)
        answer.chunks = BodyChunks(response, b"".join(parts), limits.streamed_bytes)

    async def _read_error(self, response: Response) -> bytes:
        """The text of an error answer; nothing where it is longer than anybody would read."""
        limit = self._limits.error_bytes
        if response.length is not None and response.length > limit:
            await response.aclose()
            return b""
        parts: list[bytes] = []
        while part := await response.read_some():
            parts.append(part)
            if sum(map(len, parts)) > limit:
                await response.aclose()
                return b""
        return b"".join(parts)

    async def _expect_nothing(self, response: Response) -> None:
        """An answer of a type that is no MCP may only be empty, as some servers answer notifications."""
        if await response.read_some():
            raise UpstreamFault(f"{self._name} answered with a content type that is neither JSON nor an event stream")

    def _must_be_whole(self, body: bytes) -> None:
        try:
            msgspec.json.decode(body, type=msgspec.Raw)
        except msgspec.DecodeError as error:
            raise UpstreamFault(
                f"{self._name} closed the connection before its answer was complete; it may have acted"
            ) from error

    def _session(self, value: bytes) -> str:
        """The session id that the server gave; visible ASCII, as the protocol says."""
        if not value or not value.isascii() or not value.decode().isprintable() or b" " in value:
            raise UpstreamFault(f"{self._name} gave a session id that is not visible ASCII")
        return value.decode()


def _may_answer(body: bytes, id: bytes) -> bool:
    """Whether a response can be the one to this request; who asked looks closely. A server may be a whole answer ahead."""
    if b'"id":%b,' % id in body or b'"id": %b,' % id in body:
        return True
    peek = peek_response(body)
    return peek is not None and (peek.id is None or same_id(peek.id, id))


@lru_cache(maxsize=256)
def _media_type(content_type: bytes) -> bytes:
    return content_type.split(b";", 1)[0].strip().lower()
