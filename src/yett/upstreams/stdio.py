"""Servers that are programs on this host: one child for each isolation, started when needed and started again when it died."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from yett.errors import UpstreamFault, UpstreamNotReached
from yett.ports import Answer, Clock, Outbound
from yett.protocol.lines import Noise
from yett.protocol.peek import peek_response
from yett.protocol.tasks import patience_s
from yett.upstreams.child_watch import Watcher
from yett.upstreams.peer import PeerSpec
from yett.upstreams.stdio_channel import Channel, Reports
from yett.upstreams.stdio_outbox import Outbox
from yett.upstreams.stdio_wire import INITIALIZED, TOOLS_CHANGED

IDLE_S: Final = 30 * 60.0
"""A child that nobody used for so long is ended; the next request starts another."""
REAP_EVERY_S: Final = 60.0
CHILDREN_MAX: Final = 128
"""Children of one server. At the bound the longest idle one makes room, and where none is idle, nobody new is served."""
SLOTS_MAX: Final = 10_000
"""Sessions whose handshake is remembered, so that a new child can take the place of one that ended."""
HANDSHAKE_BYTES_MAX: Final = 64 * 1024
"""Bytes of an `initialize` that is remembered; a session with a larger one ends with its child."""
BACK_OFF_FIRST_S: Final = 0.1
BACK_OFF_MAX_S: Final = 5.0
"""Pauses before a child that died is started again: doubled each time until one answers."""

_STOPPED: Final = "the gateway no longer uses this server; try again"


@dataclass(slots=True)
class _Slot:
    """One isolation: its child, and what is needed to start another in its place."""

    isolation: str
    starting: asyncio.Task[Channel] | None = None
    channel: Channel | None = None
    nascent: Channel | None = None
    """A channel that is not yet fit for use."""
    handshake: Outbound | None = None
    """The `initialize` that the server accepted from this session."""
    deaths: int = 0
    not_before_s: float = 0.0
    refusal: str = ""
    """Why the last start failed; said again, instead of tried again, until the pause is over."""
    used_s: float = 0.0
    outbox: Outbox = field(default_factory=Outbox)
    """What children of this slot say while no request is in work."""

    @property
    def idle(self) -> bool:
        """Whether it has a child that nobody waits for or listens to."""
        return self.channel is not None and not self.channel.busy and not self.outbox.listeners


class StdioUpstream:
    """Implements `yett.ports.Upstream`. `headers`, `credential` and `session` of a message do not concern it."""

    def __init__(
        self,
        spec: PeerSpec,
        *,
        clock: Clock,
        timeout_s: float,
        on_message: Callable[[str, bytes], None],
        on_warning: Callable[[str], None],
    ) -> None:
        """`on_message(isolation, json)` takes note of what a child says of its own accord, whoever else hears it;
        `on_warning(sentence)` is told what is amiss.

        Both are called on the event loop and must not block or raise. `timeout_s`: seconds from a request to the first message
        that belongs to it; after that there is no time-out, as on other streams.
        """
        self._spec = spec
        self._clock = clock
        self._timeout_s = timeout_s
        self._on_message = on_message
        self._on_warning = on_warning
        self._watcher = Watcher()
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._noise_lines = 0
        self._closing = asyncio.Event()
        self._reaper: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        """Children that are being ended, whoever asked for it, and whether or not that one still waits."""

    # --- the port -------------------------------------------------------------------------------------------------------

    async def exchange(self, message: Outbound) -> Answer:
        """As `yett.ports.Upstream.exchange`."""
        if message.id is None:
            await self._notify(message)
            return Answer(status=202)
        slot = self._slot(message.isolation)
        channel = await self._ready(slot, message)
        answer = await channel.request(message, timeout_s=patience_s(message.method, self._timeout_s))
        slot.used_s = self._clock.monotonic()
        if message.method == "initialize" and answer.body is not None:
            peek = peek_response(answer.body)
            if peek is not None and peek.rpc_error_code is None and len(message.body) <= HANDSHAKE_BYTES_MAX:
                slot.handshake = message
        return answer

    async def listen(self, message: Outbound) -> Answer:
        """See `Upstream.listen`. Starts no child: one that is not there has nothing to say."""
        return Answer(content_type=b"text/event-stream", events=self._slot(message.isolation).outbox.listen())

    async def end_session(self, message: Outbound) -> int:
        """End the child of this isolation, if there is one, and forget it."""
        slot = self._slots.pop(message.isolation, None)
        if slot is not None:
            await self._quit(slot)
        return 200

    async def aclose(self) -> None:
        """End all children; bounded by a little more than three times the grace of one."""
        self._closing.set()
        if self._reaper is not None:
            self._reaper.cancel()
        async with asyncio.TaskGroup() as ending:
            for slot in list(self._slots.values()):
                ending.create_task(self._quit(slot), name=f"yett stop {self._spec.name}")
        self._slots.clear()
        if self._ending:
            await asyncio.wait(tuple(self._ending))
        await self._watcher.aclose()

    async def reap_idle(self) -> None:
        """End children that were idle for half an hour. Their sessions go on with new ones."""
        oldest_s = self._clock.monotonic() - IDLE_S
        for slot in list(self._slots.values()):
            if slot.idle and slot.used_s < oldest_s:
                await self._end(slot)

    # --- children -------------------------------------------------------------------------------------------------------

    async def _notify(self, message: Outbound) -> None:
        """Notifications and answers start no child: to one that was not there before they would mean nothing."""
        slot = self._slots.get(message.isolation)
        if slot is None or slot.channel is None:
            return
        with suppress(UpstreamNotReached):
            if message.method:
                await slot.channel.notify(message, timeout_s=self._timeout_s)
            else:
                await slot.channel.respond(message.body, timeout_s=self._timeout_s)

    def _slot(self, isolation: str) -> _Slot:
        if self._closing.is_set():
            raise UpstreamNotReached(_STOPPED)
        slot = self._slots.get(isolation)
        if slot is None:
            slot = self._slots[isolation] = _Slot(isolation)
            self._forget_oldest()
        self._slots.move_to_end(isolation)
        slot.used_s = self._clock.monotonic()
        return slot

    def _forget_oldest(self) -> None:
        """Sessions that have no child and were not used for longest make room."""
        if len(self._slots) > SLOTS_MAX:
            slots = self._slots.items()
            free = next((name for name, slot in slots if slot.channel is None and slot.starting is None), None)
            if free is not None:
                self._slots.pop(free).outbox.close()

    async def _ready(self, slot: _Slot, message: Outbound) -> Channel:
        """The slot's channel, with a child that runs. Errors: `UpstreamNotReached`."""
        if slot.channel is not None and slot.channel.usable:
            return slot.channel
        if slot.starting is None:
            # A task of its own: who waits for the start may go away, and must not leave a child that nobody knows.
            name = f"yett start {self._spec.name}"
            slot.starting = asyncio.create_task(self._start(slot, repeat=message.method != "initialize"), name=name)
            slot.starting.add_done_callback(partial(_started, slot))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(slot.starting)
        except TimeoutError:
            raise UpstreamNotReached(f"{self._spec.title} was not ready within {self._timeout_s:g} s; try again later") from None

    async def _start(self, slot: _Slot, *, repeat: bool) -> Channel:
        """Start a child for the slot; with `repeat`, as one that takes another's place."""
        if slot.channel is not None:
            await slot.channel.over.wait()
        await self._pause(slot)
        await self._make_room()
        channel = slot.nascent = await self._open(slot)
        try:
            if repeat and slot.handshake is not None:
                await self._shake_hands(slot, channel, slot.handshake)
        finally:
            slot.nascent = None
        if self._closing.is_set() or self._slots.get(slot.isolation) is not slot:
            await channel.close()
            raise UpstreamNotReached(_STOPPED)
        slot.channel = channel
        if channel.over.is_set():
            self._on_end(slot, channel)
            raise UpstreamNotReached(f"{self._spec.title} {channel.child.end_and_last_words}")
        if self._reaper is None:
            self._reaper = asyncio.create_task(self._reap(), name=f"yett idle children of {self._spec.name}")
        return channel

    async def _pause(self, slot: _Slot) -> None:
        """Wait until a child that died may be started again; one that could not be started at all is not waited for."""
        wait_s = slot.not_before_s - self._clock.monotonic()
        if wait_s <= 0:
            return
        if slot.refusal:
            raise UpstreamNotReached(slot.refusal)
        try:
            async with asyncio.timeout(min(wait_s, BACK_OFF_MAX_S)):
                await self._closing.wait()
        except TimeoutError:
            return
        raise UpstreamNotReached(_STOPPED)

    async def _open(self, slot: _Slot) -> Channel:
        reports = Reports(partial(self._said, slot), self._on_noise, partial(self._on_end, slot))
        try:
            channel = Channel(self._spec, reports)
            await channel.child.start(self._watcher)
        except UpstreamNotReached as refusal:
            slot.refusal = str(refusal)
            self._back_off(slot)
            self._on_warning(str(refusal))
            raise
        slot.refusal = ""
        return channel

    async def _shake_hands(self, slot: _Slot, channel: Channel, handshake: Outbound) -> None:
        """Repeat the session's handshake with a child that took the place of another, which nobody else has to know."""
        try:
            answer = await channel.request(handshake, timeout_s=self._timeout_s)
            await answer.aclose()
            peek = peek_response(answer.body or b"")
            refused = peek is None or peek.rpc_error_code is not None
            reason = f"{self._spec.title} was started again and refused the session; open a new one" if refused else ""
            if not refused:
                await channel.child.send(INITIALIZED)
        except UpstreamFault as failure:
            reason = str(failure)
        if reason:
            self._back_off(slot)
            await channel.close()
            raise UpstreamNotReached(reason)
        self._said(slot, TOOLS_CHANGED, heard=False)

    @property
    def _live_max(self) -> int:
        """How many there may be at once."""
        return CHILDREN_MAX

    async def _make_room(self) -> None:
        live = [slot for slot in self._slots.values() if slot.channel is not None or slot.starting is not None]
        if len(live) <= self._live_max:
            return
        idle = [slot for slot in live if slot.idle]
        if not idle:
            raise UpstreamNotReached(f"{self._live_max} sessions use {self._spec.title} at once; try again later")
        await self._end(min(idle, key=lambda slot: slot.used_s))

    async def _end(self, slot: _Slot) -> None:
        channel, slot.channel = slot.channel, None
        if channel is not None:
            closing = asyncio.create_task(channel.close(), name=f"yett end {self._spec.name}")
            self._ending.add(closing)
            closing.add_done_callback(self._ending.discard)
            await asyncio.shield(closing)

    async def _quit(self, slot: _Slot) -> None:
        """End the slot's child, also one that is only being started; `_start` sees that it is no longer wanted."""
        slot.outbox.close()
        await self._end(slot)
        if slot.nascent is not None:
            await slot.nascent.close()
        if slot.starting is not None:
            await asyncio.wait([slot.starting])

    # --- what children do -----------------------------------------------------------------------------------------------

    def _said(self, slot: _Slot, line: bytes, heard: bool) -> bool:
        self._on_message(slot.isolation, line)
        return heard or slot.outbox.put(line)

    def _on_end(self, slot: _Slot, channel: Channel) -> None:
        """A child ended. If nobody asked it to, the next one has to wait, the longer the more often that happened."""
        if slot.channel is not channel:
            return
        slot.channel = None
        if channel.proven:
            slot.deaths = 0
        self._back_off(slot)
        self._on_warning(f"{self._spec.title} {channel.child.end_and_last_words}; {self._spec.again}")

    def _back_off(self, slot: _Slot) -> None:
        pause_s = min(BACK_OFF_FIRST_S * 2 ** min(slot.deaths, 16), BACK_OFF_MAX_S)
        slot.deaths += 1
        slot.not_before_s = self._clock.monotonic() + pause_s

    def _on_noise(self, noise: Noise) -> None:
        """Counted, and told at the 1st, 10th, 100th …: a chatty program must not drown the log."""
        self._noise_lines += 1
        if str(self._noise_lines).strip("0") == "1":
            self._on_warning(
                f"{self._spec.title} wrote {self._noise_lines} line(s) that were skipped; {noise.reason}:"
                f" `{self._spec.shown(noise.preview)}`"
            )

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY_S)
            await self.reap_idle()


def _started(slot: _Slot, task: asyncio.Task[Channel]) -> None:
    """The start is over; its failure is seen here too, since all who waited for it may have gone."""
    slot.starting = None
    if not task.cancelled():
        task.exception()
