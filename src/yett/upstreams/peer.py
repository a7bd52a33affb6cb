"""What a channel speaks to: a program on its pipes, or a server of revision 2024-11-05 on its event stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.protocol.lines import Noise
from yett.upstreams.child_watch import Watcher


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what a peer does. Called on the event loop; must not block or raise."""

    on_line: Callable[[bytes], None]
    """One message."""
    on_noise: Callable[[Noise], None]
    on_end: Callable[[], None]


class Peer(Protocol):
    """One end of a conversation. Once `ended`, it is never used again."""

    @property
    def ended(self) -> bool:
        """Whether it is gone, or on its way."""
        ...

    @property
    def end(self) -> str:
        """How it ended, for people."""
        ...

    @property
    def end_and_last_words(self) -> str:
        """How it ended, and what it said of that itself."""
        ...

    async def start(self, watcher: Watcher) -> None:
        """Make it ready to be spoken to. Once. Errors: `UpstreamNotReached`."""
        ...

    async def send(self, line: bytes) -> None:
        """Send one message. Errors: `UpstreamNotReached` where it surely was not sent; `UpstreamFault` else."""
        ...

    def send_spare(self, line: bytes) -> None:
        """Send one message that may be lost, without waiting."""
        ...

    async def stop(self) -> None:
        """End it; bounded."""
        ...


class PeerSpec(Protocol):
    """Which peers a server has, and how people call them."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """The server in a sentence."""
        ...

    @property
    def again(self) -> str:
        """What becomes of a peer that ended."""
        ...

    @property
    def doubtful(self) -> bool:
        """Whether a message may be heard before `send` returns: then one that failed or was late may have been."""
        ...

    def shown(self, text: bytes) -> str:
        """A server's own text, fit to be shown."""
        ...

    def made(self, listener: Listener) -> Peer:
        """Another peer, not yet started."""
        ...


def timed_out(spec: PeerSpec, seconds: float, *, sent: bool) -> UpstreamFault:
    """The fault of a peer that did not answer, or did not even take what was sent."""
    if sent:
        return UpstreamTimedOut(f"{spec.title} did not answer within {seconds:g} s; it may have acted")
    return UpstreamNotReached(f"{spec.title} did not take the request within {seconds:g} s; try again later")
