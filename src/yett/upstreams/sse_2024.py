"""Servers that speak only the two endpoints of revision 2024-11-05: one event stream for each handshake session.

What is asked, answered and said beside is sorted as on the pipes of a program: a stream carries the messages of many requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from yett.ports import Answer, Clock, Outbound
from yett.protocol.replies import error
from yett.upstreams.http import HttpUpstreamLimits
from yett.upstreams.http1 import Http1Client
from yett.upstreams.http_credential import credential_fields
from yett.upstreams.http_endpoint import endpoint_of
from yett.upstreams.sse_2024_link import LinkSpec
from yett.upstreams.stdio import StdioUpstream

DEFAULT_LIMITS: Final = HttpUpstreamLimits()
STREAMS_MAX: Final = 512
"""Event streams of one server: half of its connections, so that there is always one for a message. At the bound the longest idle
one makes room, and where none is idle, nobody new is served."""
NO_SESSION: Final = -32000
"""What servers of the handshake era say to a request before `initialize`; clients that speak both eras then shake hands."""


class SseUpstream(StdioUpstream):
    """Implements `yett.ports.Upstream`: one configured URL, one event stream for each isolation that `initialize` opened.

    Streams are opened, given up and opened again as programs are started: with a pause that grows, and the session's own
    handshake repeated. The credential goes with every request, to the configured origin only.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        timeout_s: float,
        on_message: Callable[[str, bytes], None],
        on_warning: Callable[[str], None],
        limits: HttpUpstreamLimits = DEFAULT_LIMITS,
    ) -> None:
        """`on_message` and `on_warning` as those of `StdioUpstream`."""
        endpoint = endpoint_of(url)
        self._client = Http1Client(endpoint, limits=limits.client, monotonic=clock.monotonic)
        self._credential: Sequence[tuple[bytes, bytes]] = ()
        spec = LinkSpec(url, endpoint, self._client, timeout_s, lambda: self._credential, limits.event_bytes)
        super().__init__(spec, clock=clock, timeout_s=timeout_s, on_message=on_message, on_warning=on_warning)

    @property
    def _live_max(self) -> int:
        return STREAMS_MAX

    async def exchange(self, message: Outbound) -> Answer:
        """See `Upstream.exchange`. The stateless era is not spoken there: a client that asks for it is told to shake hands."""
        if message.modern:
            said = "Bad Request: this server speaks revision 2024-11-05 and needs `initialize` first"
            return Answer(status=400, body=error(message.id, NO_SESSION, said))
        self._credential = credential_fields(message.credential, self._spec.name)
        return await super().exchange(message)

    async def aclose(self) -> None:
        """Close all streams and connections."""
        await super().aclose()
        await self._client.aclose()
