"""Clients and servers of different eras. What a server lacks is learnt from its own answers; a pair that fits is not touched.

Translation stands behind the decision: the gate judges, records and filters what the client said in its own era, and what goes
to the server is a function of that message alone.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from yett.ports import Answer, Outbound, Upstream
from yett.protocol.peek import peek_response
from yett.protocol.rejection import HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, UNSUPPORTED_VERSION
from yett.upstreams.bridge_reading import whole
from yett.upstreams.bridge_to_stateless import BridgeToStateless

NO_HANDSHAKE: Final = frozenset({METHOD_NOT_FOUND, INVALID_PARAMS, INVALID_REQUEST, HEADER_MISMATCH, UNSUPPORTED_VERSION})
"""What servers answer to `initialize` that do not know it, or that miss the envelope of the stateless era."""
_REFUSALS: Final = frozenset({400, 404, 405, 406})
_INITIALIZE: Final = "initialize"


class Bridge:
    """Implements `yett.ports.Upstream` around another one."""

    def __init__(self, inner: Upstream, *, own_channels: bool) -> None:
        """`own_channels`: whether each session has a child or stream of its own, which ends with it."""
        self.inner = inner
        """The way to the server itself."""
        self._own_channels = own_channels
        self._sessions = BridgeToStateless(inner)
        self._no_handshake = False
        """Whether the server was last seen to have no handshake, while it spoke a stateless revision."""

    def exchange(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.exchange`."""
        if message.modern:
            return self.inner.exchange(message)
        if message.method == _INITIALIZE:
            return self._initialize(message)
        if self._sessions and self._sessions.find(message):
            return self._sessions.exchange(message)
        return self.inner.exchange(message)

    def listen(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.listen`."""
        if self._sessions and self._sessions.find(message):
            return self._sessions.listen(message)
        return self.inner.listen(message)

    async def end_session(self, message: Outbound) -> int:
        """See `Upstream.end_session`."""
        if not self._sessions.find(message):
            return await self.inner.end_session(message)
        self._sessions.end(message)
        return await self.inner.end_session(message) if self._own_channels else 200

    async def aclose(self) -> None:
        """See `Upstream.aclose`."""
        await self.inner.aclose()

    async def _initialize(self, message: Outbound) -> Answer:
        """The server's own answer, or, where it has no handshake, one made of what it says of itself without one."""
        if self._no_handshake:
            server = await self._sessions.discover(message)
            if server is not None:
                return self._sessions.open(message, server)
            self._no_handshake = False
        answer = await self.inner.exchange(message)
        if not await _knows_no_handshake(answer, message.id or b""):
            return answer
        server = await self._sessions.discover(message)
        if server is None:
            return answer
        self._no_handshake = True
        return self._sessions.open(message, server)


async def _knows_no_handshake(answer: Answer, id: bytes) -> bool:
    """Whether an answer to `initialize` may be that of a server which has no such method. It stays as it is."""
    if answer.status in _REFUSALS:
        peek = None if answer.body is None else peek_response(answer.body)
        return peek is None or peek.rpc_error_code in NO_HANDSHAKE
    if answer.status != 200 or answer.body is None:
        return False
    peek = peek_response((await whole(answer, id)).body or b"")
    return peek is not None and peek.rpc_error_code in NO_HANDSHAKE
