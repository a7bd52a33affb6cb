"""Stateless clients before a server that needs a handshake: the gateway shakes hands for them and keeps the session."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.ports import Answer, Event, Outbound, Upstream
from yett.protocol.answers import MalformedAnswer
from yett.protocol.bridge_to_handshake import (
    Asked,
    acknowledgement,
    asked_of,
    completed,
    discovery,
    initialize_for,
    plain,
    tagged,
    welcomed,
)
from yett.protocol.eras import Era
from yett.protocol.methods import LISTEN
from yett.protocol.rejection import INVALID_PARAMS, http_status
from yett.protocol.replies import error
from yett.protocol.server_messages import Said
from yett.protocol.strict_json import JsonValue, read
from yett.protocol.subscription_filter import LIST_CHANGED, RESOURCES
from yett.upstreams.bridge_held import Held, Holder, Replayed, reply
from yett.upstreams.bridge_kept import QUEUE_MAX, Kept
from yett.upstreams.bridge_reading import whole

KEPT_MAX: Final = 1_000
"""Sessions with one server; the one idle longest gives way."""
OWNER_KEPT_MAX: Final = 16
"""Of one isolation, whose own give way first: clients say what they like of what they can be asked."""
_CREDENTIAL_REFUSED: Final = (401, 403)
_INITIALIZE: Final = "initialize"

Key = tuple[str, bytes]
"""Isolation, and what its client says that it can be asked."""


class NoHandshake(UpstreamFault):
    """The server refused the handshake, too."""


class BridgeToHandshake:
    """Requests of stateless clients before one server of the handshake era."""

    def __init__(self, inner: Upstream, monotonic: Callable[[], float]) -> None:
        self._inner = inner
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._opening: dict[str, asyncio.Lock] = {}
        """By isolation."""
        self._holder = Holder(monotonic)
        self._in_work: dict[tuple[str, bytes], tuple[Kept, bytes]] = {}
        """Isolation and the client's id → where a cancellation of it goes."""

    def speaks(self, isolation: str) -> bool:
        """Whether there is a session for this isolation."""
        return any(key[0] == isolation for key in self._kept)

    async def exchange(self, message: Outbound) -> Answer:
        """The server's answer from the session. Errors: `NoHandshake`, `UpstreamFault`."""
        if message.id is None:
            return await self._told(message)
        asked = asked_of(message.body)
        kept = await self._session(message, asked)
        if message.method == "server/discover":
            return Answer(body=discovery(message.id, kept.welcome))
        if message.method == LISTEN:
            return await self._listen(kept, message)
        held = self._holder.take(asked.state, kept, message.method)
        if held is not None:
            await reply(held, asked, message)
            return Answer(content_type=b"text/event-stream", events=Replayed(held, message, asked, self._holder))
        if asked.state is not None:  # begun anew, the request would be done twice
            said = "the server no longer waits for this answer; call without it"
            return Answer(status=http_status(INVALID_PARAMS, Era.STATELESS), body=error(message.id, INVALID_PARAMS, said))
        return await self._asked(kept, message, asked, again=True)

    async def _told(self, message: Outbound) -> Answer:
        """A cancellation goes on under the id of the session; nothing else that a stateless client tells concerns a session."""
        if message.method == "notifications/cancelled":
            value = read(message.body)
            params = value.get("params") if isinstance(value, dict) else None
            named = params.get("requestId") if isinstance(params, dict) else None
            for (isolation, id), (kept, number) in tuple(self._in_work.items()):
                if isolation == message.isolation and read(id) == named:
                    await kept.cancel(number)
        return Answer(status=202)

    # --- requests -------------------------------------------------------------------------------------------------------

    async def _asked(self, kept: Kept, message: Outbound, asked: Asked, *, again: bool) -> Answer:
        assert message.id is not None, "only requests are answered"
        if asked.log_level is not None:
            await kept.set_level(asked.log_level, message)
        number = kept.number()
        working = message.isolation, message.id
        self._in_work[working] = kept, number
        try:
            answer = await self._inner.exchange(kept.outbound(plain(message.body, number), message.method, number, message))
        except asyncio.CancelledError:
            await asyncio.shield(kept.cancel(number))
            raise
        finally:
            self._in_work.pop(working, None)
        if answer.status == 404 and kept.template.session is not None and again:
            # The session is gone, so nothing was done; the next one has it done.
            await answer.aclose()
            await self._drop(kept)
            return await self._asked(await self._session(message, asked), message, asked, again=False)
        return await self._answered(kept, message, asked, answer, number)

    async def _answered(self, kept: Kept, message: Outbound, asked: Asked, answer: Answer, number: bytes) -> Answer:
        assert message.id is not None, "only requests are answered"
        if answer.status in _CREDENTIAL_REFUSED:
            return answer
        if answer.events is not None and answer.status < 400:
            held = Held(message.isolation, kept, number, message.method, answer, aiter(answer.events))
            return Answer(content_type=b"text/event-stream", events=Replayed(held, message, asked, self._holder))
        answer = await whole(answer, number)
        try:
            body, code = completed(message.id, message.method, answer.body or b"", kept.welcome)
        except MalformedAnswer:
            if answer.status >= 400:
                raise UpstreamFault(f"the server answered with HTTP status {answer.status}") from None
            raise
        return Answer(status=200 if code is None else http_status(code, Era.STATELESS), body=body, headers=answer.headers)

    # --- sessions -------------------------------------------------------------------------------------------------------

    async def _session(self, message: Outbound, asked: Asked) -> Kept:
        key = message.isolation, asked.capabilities
        kept = self._kept.get(key)
        if kept is None:
            async with self._opening.setdefault(message.isolation, asyncio.Lock()):
                kept = self._kept.get(key)
                if kept is None:
                    kept = self._kept[key] = await self._opened(message, asked.capabilities)
            self._opening.pop(message.isolation, None)
            own = [other for owner, other in self._kept.items() if owner[0] == message.isolation and other is not kept]
            if len(own) >= OWNER_KEPT_MAX:
                await self._drop(own[0])
            elif len(self._kept) > KEPT_MAX:
                await self._drop(next(iter(self._kept.values())))
        if key in self._kept:  # it may have given way meanwhile
            self._kept.move_to_end(key)
        return kept

    async def _opened(self, message: Outbound, capabilities: bytes) -> Kept:
        id = b'"yett-initialize"'
        isolation = f"bridged-{secrets.token_hex(16)}" if self.speaks(message.isolation) else message.isolation
        fields = [field for field in message.headers if not field[0].startswith(b"mcp-")]
        template = replace(message, headers=fields, isolation=isolation, modern=False, session=None)
        hello = replace(template, body=initialize_for(id, capabilities), method=_INITIALIZE, id=id)
        answer = await whole(await self._inner.exchange(hello), id)
        welcome = welcomed(answer.body) if answer.status < 400 else None
        if welcome is None:
            raise NoHandshake(f"the server refused a handshake (HTTP status {answer.status})")
        kept = Kept(self._inner, replace(template, body=b"", session=answer.session), welcome)
        await kept.greet()
        return kept

    async def _drop(self, kept: Kept) -> None:
        for key in [key for key, other in self._kept.items() if other is kept]:
            del self._kept[key]
        await kept.close()
        with suppress(UpstreamFault):
            await self._inner.end_session(kept.outbound(b"", "", None))

    async def aclose(self) -> None:
        """Close what is open; the sessions end with the connections."""
        for kept in self._kept.values():
            await kept.close()
        await self._holder.aclose()

    # --- subscriptions --------------------------------------------------------------------------------------------------

    async def _listen(self, kept: Kept, message: Outbound) -> Answer:
        told = Told(kept, message)
        try:
            await kept.subscribe(told.tell, told.uris, message)
        except BaseException:
            await told.aclose()
            raise
        return Answer(content_type=b"text/event-stream", events=told)


class Told:
    """What one `subscriptions/listen` is told."""

    def __init__(self, kept: Kept, message: Outbound) -> None:
        assert message.id is not None, "only requests open streams"
        self._kept = kept
        self._id = message.id
        wanted = _wanted(message.body)
        announced = kept.welcome.announced
        honoured: dict[str, JsonValue] = {name: value for name, value in wanted.items() if name in announced and value}
        uris = honoured.get(RESOURCES)
        self.uris = [uri for uri in uris if isinstance(uri, str)] if isinstance(uris, list) else []
        self._methods = {f"notifications/{kind}/list_changed" for kind, name in LIST_CHANGED.items() if name in honoured}
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(QUEUE_MAX)
        self._waiting.put_nowait(Event(acknowledgement(message.id, honoured)))
        self._closed = False

    def tell(self, said: Said, data: bytes) -> None:
        """Take what this subscription wants to hear; what nobody reads is left out in the end."""
        wanted = said.method in self._methods
        if said.method == "notifications/resources/updated":
            wanted = said.params.get("uri") in self.uris
        if wanted:
            with suppress(asyncio.QueueFull):
                self._waiting.put_nowait(Event(tagged(data, self._id)))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._waiting.get()

    async def aclose(self) -> None:
        """Nobody listens any more."""
        if not self._closed:
            self._closed = True
            await self._kept.unsubscribe(self.tell, self.uris)


def _wanted(body: bytes) -> dict[str, JsonValue]:
    value = read(body)
    params = value.get("params") if isinstance(value, dict) else None
    wanted = params.get("notifications") if isinstance(params, dict) else None
    return wanted if isinstance(wanted, dict) else {}
