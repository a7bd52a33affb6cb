"""One event stream of a server of revision 2024-11-05, and the address to which its messages are posted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import urljoin

from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached
from yett.protocol.lines import Noise
from yett.protocol.sse import EVENT_BYTES_MAX, SseDecoder, SseEvent
from yett.upstreams.child_watch import Watcher
from yett.upstreams.http1 import Http1Client
from yett.upstreams.http1_response import Response
from yett.upstreams.http_endpoint import Endpoint, endpoint_of
from yett.upstreams.peer import Listener

ENDPOINT_CHARS_MAX: Final = 8 * 1024
"""Of the address that a server names for messages."""
ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of the answer to a POST: `Accepted`, or why not. A longer one is cut off with its connection."""
SPARE_MAX: Final = 16
"""Messages that may be lost, on their way at once; one more is left out."""
STOP_S: Final = 2.0
"""How long those may take when the stream is closed."""

_SHOWN_CHARS_MAX: Final = 300
_EVENTS: Final = b"text/event-stream"
_MESSAGE: Final = frozenset({b"", b"message"})
_POST_FIELDS: Final = ((b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream"))

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A server, and how it is asked. Implements `yett.upstreams.peer.PeerSpec`."""

    url: str
    endpoint: Endpoint
    client: Http1Client
    timeout_s: float
    """For the stream's first event, and for the answer to each message."""
    credential: Callable[[], Fields] = field(repr=False)
    """The fields that carry the server's own credential now."""
    event_bytes: int = EVENT_BYTES_MAX

    @property
    def name(self) -> str:
        """The origin."""
        return self.endpoint.name

    @property
    def title(self) -> str:
        """See `PeerSpec.title`."""
        return f"the server at {self.endpoint.name}"

    @property
    def again(self) -> str:
        """See `PeerSpec.again`."""
        return "its stream is opened again when it is needed"

    @property
    def doubtful(self) -> bool:
        """See `PeerSpec.doubtful`: the answer to a POST may be lost when the message is not."""
        return True

    def shown(self, text: bytes) -> str:
        """One short line without controls."""
        line = "".join(character if character.isprintable() else " " for character in text.decode(errors="replace"))
        return line.strip()[:_SHOWN_CHARS_MAX]

    def made(self, listener: Listener) -> Link:
        """See `PeerSpec.made`."""
        return Link(self, listener)


class Link:
    """Implements `yett.upstreams.peer.Peer`."""

    def __init__(self, spec: LinkSpec, listener: Listener) -> None:
        self._spec = spec
        self._listener = listener
        self._response: Response | None = None
        self._decoder = SseDecoder(spec.event_bytes)
        self._reading: asyncio.Task[None] | None = None
        self._spares: set[asyncio.Task[None]] = set()
        self._target = b""
        """Where messages are posted: path and query."""
        self._end: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self._end is not None

    @property
    def end(self) -> str:
        """How it ended, for people."""
        return self._end or "is connected"

    @property
    def end_and_last_words(self) -> str:
        """The same: a server says nothing beside its messages."""
        return self.end

    async def start(self, _: Watcher) -> None:
        """Open the stream and wait until the server names the address for messages. Errors: `UpstreamNotReached`."""
        try:
            async with asyncio.timeout(self._spec.timeout_s):
                response = await self._opened()
                self._target = await self._announced(response)
        except TimeoutError:
            raise self._not_opened(f"it named no address for messages within {self._spec.timeout_s:g} s") from None
        except UpstreamNotReached:
            await self._close()
            raise
        except UpstreamFault as fault:
            await self._close()
            raise self._not_opened(str(fault)) from fault
        except BaseException:
            await self._close()
            raise
        response.wait_at_most(None)
        self._reading = asyncio.create_task(self._read(response), name=f"yett events of {self._spec.name}")

    async def send(self, line: bytes) -> None:
        """Post one message. Errors: `UpstreamNotReached` where it surely was not sent, `UpstreamFault` else."""
        if self._end is not None:
            raise UpstreamNotReached(f"{self._spec.title} {self._end}; {self._spec.again}")
        try:
            await self._post(line, None)
        except UpstreamNotReached as refusal:
            self._lost(f"cannot be reached: {refusal}")
            await self._close()
            raise

    def send_spare(self, line: bytes) -> None:
        """Post one message that may be lost, without waiting."""
        if self._end is None and len(self._spares) < SPARE_MAX:
            task = asyncio.create_task(self._post_spare(line), name=f"yett message to {self._spec.name}")
            self._spares.add(task)
            task.add_done_callback(self._spares.discard)

    async def stop(self) -> None:
        """Close the stream, which ends the server's session, once what is on its way has gone."""
        if self._spares:
            await asyncio.wait(self._spares, timeout=STOP_S)
        self._end = self._end or "was closed by the gateway"
        for task in (*self._spares, *((self._reading,) if self._reading is not None else ())):
            task.cancel()
        await self._close()

    # --- the stream -----------------------------------------------------------------------------------------------------

    async def _opened(self) -> Response:
        spec = self._spec
        fields: Fields = [(b"accept", _EVENTS), (b"cache-control", b"no-store"), *spec.credential()]
        response = await spec.client.request(b"GET", spec.endpoint.target, fields, None, within_s=spec.timeout_s)
        self._response = response
        if 300 <= response.status < 400:
            raise self._not_opened(f"it redirects with status {response.status}; set the server's url to where it leads")
        head = response.pick(frozenset({b"content-type", b"content-encoding"}))
        media_type = head.get(b"content-type", b"").split(b";", 1)[0].strip().lower()
        if response.status != 200 or media_type != _EVENTS:
            raise self._not_opened(
                f"it answered with status {response.status} instead of an event stream; check its url, and its `transport`"
            )
        if head.get(b"content-encoding", b"identity") != b"identity":
            raise self._not_opened("it compressed its stream, which it was not asked for")
        return response

    async def _announced(self, response: Response) -> bytes:
        """The address in the stream's first event; what comes behind it is heard already."""
        while data := await response.read_some():
            events = self._decoder.feed(data)
            for at, event in enumerate(events):
                if event.kind == b"endpoint":
                    target = self._target_of(event.data)
                    self._hear(events[at + 1 :])
                    return target
                if event.data:
                    raise self._not_opened("its stream does not begin with the address for messages; check its `transport`")
        raise self._not_opened("it closed the stream before it had named the address for messages")

    def _target_of(self, data: bytes) -> bytes:
        """Path and query of the address for messages. INVARIANT: it is of the configured origin, the credential's only one."""
        own = self._spec.endpoint
        try:
            if len(data) > ENDPOINT_CHARS_MAX:
                raise OperatorFault("it is too long")  # noqa: TRY301 - refused as every other
            named = endpoint_of(urljoin(self._spec.url, data.decode("ascii")))
        except (OperatorFault, UnicodeDecodeError, ValueError) as error:
            raise self._not_opened(f"it named an address for messages that cannot be used: {error}") from None
        if (named.secure, named.host.lower(), named.port) != (own.secure, own.host.lower(), own.port):
            raise self._not_opened(f"it wants messages sent to another origin, {named.name}, which is refused")
        return named.target

    async def _read(self, response: Response) -> None:
        """Hear events until the stream ends."""
        how = "closed its event stream"
        try:
            while data := await response.read_some():
                self._hear(self._decoder.feed(data))
        except UpstreamFault as fault:
            how = f"broke off its event stream: {fault}"
        self._lost(how)

    def _hear(self, events: list[SseEvent]) -> None:
        for event in events:
            if not event.data:
                continue
            if event.kind in _MESSAGE:
                self._listener.on_line(event.data)
            else:
                self._listener.on_noise(Noise(event.data[:200], "the event is no message"))

    def _lost(self, how: str) -> None:
        if self._end is None:
            self._end = how
            self._listener.on_end()

    def _not_opened(self, reason: str) -> UpstreamNotReached:
        return UpstreamNotReached(f"the event stream of {self._spec.name} cannot be opened: {reason}")

    async def _close(self) -> None:
        if self._response is not None:
            await self._response.aclose()

    # --- messages -------------------------------------------------------------------------------------------------------

    async def _post(self, line: bytes, within_s: float | None) -> None:
        """Errors: `UpstreamNotReached`, `UpstreamFault`."""
        spec = self._spec
        fields: Fields = [*_POST_FIELDS, *spec.credential()]
        response = await spec.client.request(b"POST", self._target, fields, line, within_s=within_s)
        try:
            status, size = response.status, 0
            while size < ANSWER_BYTES_MAX and (part := await response.read_some()):
                size += len(part)
        finally:
            await response.aclose()
        if status == 404:
            self._lost("no longer knows the session")
            await self._close()
        if not 200 <= status < 300:
            raise UpstreamFault(f"{spec.name} answered a message with HTTP status {status}")

    async def _post_spare(self, line: bytes) -> None:
        try:
            await self._post(line, self._spec.timeout_s)
        except UpstreamFault:
            return  # it may be lost
