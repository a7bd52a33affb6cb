"""Answers that come as streams, on their way to a client of HTTP; and what becomes of them when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yett.edge.responder import ClientGone, Responder
from yett.errors import UpstreamFault
from yett.gateway.route import Route
from yett.gateway.waits import let_go_with
from yett.ports import Answer
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.peek import peek_response
from yett.protocol.rejection import http_status
from yett.protocol.sse import encode_event

ORPHANED_S: Final = 60.0
"""Seconds that a stream of the handshake era goes on for a client that has left: long enough to learn what came of the call."""
EVENT_STREAM: Final = b"text/event-stream"
STREAM_FIELDS: Final = ((b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no"))


@dataclass(slots=True)
class Leaving:
    """Cancels the work on a request some time after its client has left, unless it is over by then."""

    gone: asyncio.Future[None]
    task: asyncio.Task[object] | None
    """None once nothing is left to cancel."""
    after_s: float
    timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, responder: Responder, *, after_s: float) -> Leaving:
        """Watch the client of the request that the current task works on."""
        task = asyncio.current_task()
        assert task is not None, "requests are handled in a task"
        leaving = cls(responder.client_gone, task, after_s)
        leaving.gone.add_done_callback(leaving._has_left)
        return leaving

    def _has_left(self, _: object) -> None:
        if self.task is not None:
            self.timer = asyncio.get_running_loop().call_later(self.after_s, self.task.cancel)

    def over(self) -> None:
        """The task goes on to something else."""
        self.task = None
        self.gone.remove_done_callback(self._has_left)
        if self.timer is not None:
            self.timer.cancel()


def status_of(route: Route, message: Message, answer: Answer) -> int:
    """The HTTP status of an answer that is one body. A program on pipes gives none, so its errors get the protocol's own."""
    if answer.status != 200 or message.era is not Era.STATELESS or route.caller.server.url is not None:
        return answer.status
    peek = peek_response(answer.body or b"")
    return 200 if peek is None or peek.rpc_error_code is None else http_status(peek.rpc_error_code, message.era)


async def stream(
    answer: Answer, responder: Responder, fields: Sequence[tuple[bytes, bytes]], *, orphaned_s: float | None
) -> None:
    """Relay as it comes. A stream that breaks off must not look complete, so the connection is cut.

    `orphaned_s`: how long it goes on when its client has left; None where the caller sees to that.
    """
    leaving = None if orphaned_s is None else Leaving.of(responder, after_s=orphaned_s)
    let_go_with(answer, responder.client_gone)
    try:
        if answer.events is not None:
            responder.start(answer.status, EVENT_STREAM, headers=[*fields, *STREAM_FIELDS])
            async for event in answer.events:
                await responder.write(event.raw if event.raw is not None else encode_event(event.data, event.id))
        elif answer.chunks is not None:
            responder.start(answer.status, answer.content_type, headers=fields)
            async for chunk in answer.chunks:
                await responder.write(chunk)
        responder.end()
    except (UpstreamFault, ClientGone):
        responder.abort()
    finally:
        if leaving is not None:
            leaving.over()
        await answer.aclose()
