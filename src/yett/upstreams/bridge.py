"""Clients and servers of different eras. What a server lacks is learnt from its own answers; a pair that fits is not touched.

Translation stands behind the decision: the gate judges, records and filters what the client said in its own era, and what goes
to the server is a function of that message alone.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from yett.ports import Answer, Outbound, Upstream
from yett.protocol.bridge_to_stateless import DISCOVER, discovered
from yett.protocol.peek import peek_response
from yett.protocol.rejection import HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, UNSUPPORTED_VERSION
from yett.upstreams.bridge_reading import whole
from yett.upstreams.bridge_to_handshake import BridgeToHandshake, NoHandshake
from yett.upstreams.bridge_to_stateless import BridgeToStateless
from yett.upstreams.http import HttpUpstream

NO_HANDSHAKE: Final = frozenset({METHOD_NOT_FOUND, INVALID_PARAMS, INVALID_REQUEST, HEADER_MISMATCH, UNSUPPORTED_VERSION})
"""What servers answer to `initialize` that do not know it, or that miss the envelope of the stateless era."""
FALL_BACK_S: Final = 2.0
"""Seconds within which a client that falls back after a refused probe has shaken hands."""
REFUSED_MAX: Final = 10_000
"""Refused probes that are remembered."""
_REFUSALS: Final = frozenset({400, 404, 405, 406})
_INITIALIZE: Final = "initialize"


class Bridge:
    """Implements `yett.ports.Upstream` around another one."""

    def __init__(self, inner: Upstream, *, own_channels: bool, monotonic: Callable[[], float]) -> None:
        """`own_channels`: whether each session has a child or stream of its own, which ends with it."""
        self.inner = inner
        """The way to the server itself."""
        self._own_channels = own_channels
        self._sessions = BridgeToStateless(inner)
        self._no_handshake = False
        """Whether the server was last seen to have no handshake, while it spoke a stateless revision."""
        self._requests = BridgeToHandshake(inner, monotonic)
        self._stateless: bool | None = None
        """Whether the server speaks a stateless revision; None while nobody has asked it."""
        self._asking = asyncio.Lock()
        self._monotonic = monotonic
        self._refused: OrderedDict[str, float] = OrderedDict()
        """By isolation: when the server last refused a probe that no handshake has followed yet."""

    def exchange(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.exchange`."""
        if message.modern:
            return self.inner.exchange(message) if self._stateless else self._modern(message)
        if message.method == _INITIALIZE:
            return self._initialize(message)
        if self._sessions and self._sessions.find(message):
            return self._sessions.exchange(message)
        return self.inner.exchange(message)

    def shortcut(self, *, modern: bool) -> HttpUpstream | None:
        """See `yett.ports.HasShortcut`: the server itself, where messages of this era need no translation now."""
        fits = self._stateless if modern else not self._sessions
        return self.inner if fits and isinstance(self.inner, HttpUpstream) else None

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
        await self._requests.aclose()
        await self.inner.aclose()

    # --- handshake clients ----------------------------------------------------------------------------------------------

    async def _initialize(self, message: Outbound) -> Answer:
        """The server's own answer, or, where it has no handshake, one made of what it says of itself without one."""
        self._refused.clear()
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

    # --- stateless clients ----------------------------------------------------------------------------------------------

    async def _modern(self, message: Outbound) -> Answer:
        """The server's own answer, or, where it needs a handshake, the one that it gives in a session."""
        if message.method == DISCOVER:
            return await self._probed(message)
        if self._stateless is None:
            async with self._asking:
                if self._stateless is None:
                    await self._ask(message)
        if self._stateless is not False:
            return await self.inner.exchange(message)
        try:
            return await self._requests.exchange(message)
        except NoHandshake:
            self._stateless = None  # what it is, it may say itself
            return await self.inner.exchange(message)

    async def _ask(self, message: Outbound) -> None:
        """Ask the server itself, before it could take a request for one of a session. Errors: `UpstreamFault`."""
        self._stateless = await self._sessions.discover(message) is not None

    async def _probed(self, message: Outbound) -> Answer:
        """A client's own question for what the server can do.

        A refusal is relayed, for most clients then shake hands and lose nothing. One that does not, and asks again or goes on
        without, is answered in the server's place.
        """
        assert message.id is not None, "it is a request"
        if self._stateless is False and self._insists(message.isolation):
            with suppress(NoHandshake):
                return await self._requests.exchange(message)
        answer = await self.inner.exchange(message)
        if answer.status in {401, 403} or answer.status >= 500:
            return answer
        answer = await whole(answer, message.id)
        self._stateless = discovered(answer.body) is not None
        if not self._stateless:
            self._refused.setdefault(message.isolation, self._monotonic())
            if len(self._refused) > REFUSED_MAX:
                self._refused.popitem(last=False)
        return answer

    def _insists(self, isolation: str) -> bool:
        """Whether the clients of an isolation do without a handshake."""
        refused_s = self._refused.get(isolation)
        late = refused_s is not None and self._monotonic() - refused_s >= FALL_BACK_S
        return late or self._requests.speaks(isolation)


async def _knows_no_handshake(answer: Answer, id: bytes) -> bool:
    """Whether an answer to `initialize` may be that of a server which has no such method. It stays as it is."""
    if answer.status in _REFUSALS:
        peek = None if answer.body is None else peek_response(answer.body)
        return peek is None or peek.rpc_error_code in NO_HANDSHAKE
    if answer.status != 200 or answer.body is None:
        return False
    peek = peek_response((await whole(answer, id)).body or b"")
    return peek is not None and peek.rpc_error_code in NO_HANDSHAKE
