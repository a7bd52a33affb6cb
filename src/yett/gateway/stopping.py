"""What people stop, or take away, while it is in use: work in hand is cut off, and sessions end on both sides.

Calls that come afterwards are denied where they are judged. Open streams see to themselves (`yett.gateway.live_streams`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Protocol

from msgspec.structs import replace

from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.active import Snapshot, Touched
from yett.gateway.admission import Bearer
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import ServerEntry

STREAM_ENDS_S: Final = 3.0
"""How long an open stream may take to end in good order; a client that does not read keeps it no longer."""
ENDED_AT_ONCE: Final = 16
"""Sessions that are ended at their servers at the same time; the others wait. On our side all are over at once."""


class Stoppable(Protocol):
    """What is in work for a bearer."""

    @property
    def bearer(self) -> Bearer: ...

    @property
    def ended(self) -> str | None:
        """Why it was cut off, or will be, if it was."""
        ...

    def end(self, why: str) -> None:
        """Cut it off."""
        ...


class Work:
    """A request that a task works on."""

    __slots__ = ("bearer", "ended", "grace_s", "task", "timer")

    def __init__(self, bearer: Bearer, task: asyncio.Task[object], grace_s: float) -> None:
        self.bearer = bearer
        self.task = task
        self.grace_s = grace_s
        self.ended: str | None = None
        """Why it was cut off, or will be, if it was."""
        self.timer: asyncio.TimerHandle | None = None

    def end(self, why: str) -> None:
        """Cut it off, or let it end by itself for as long as it may take."""
        self.ended = why
        if self.grace_s:
            self.timer = asyncio.get_running_loop().call_later(self.grace_s, self.task.cancel)
        else:
            self.task.cancel()


class Ongoing:
    """The only owner of what is in work over HTTP."""

    def __init__(self) -> None:
        self.open: set[Stoppable] = set()
        """Whoever joins them leaves them, too."""

    def begin(self, bearer: Bearer, grace_s: float = 0.0) -> Work:
        """The current task works on a request of this grant; `grace_s`: how long that may take to end by itself."""
        task = asyncio.current_task()
        assert task is not None, "requests are handled in a task"
        work = Work(bearer, task, grace_s)
        self.open.add(work)
        return work

    def over(self, work: Work) -> None:
        """The task goes on to something else."""
        self.open.discard(work)
        if work.timer is not None:
            work.timer.cancel()

    def follow(self, snapshot: Snapshot, touched: Touched) -> None:
        """A snapshot became active: cut off what may not go on by it."""
        for work in tuple(self.open):
            if work.ended is None and touched.concerns(work.bearer.grant):
                why = ended_because(work.bearer, snapshot)
                if why is not None:
                    work.end(why)


def ended_because(bearer: Bearer, snapshot: Snapshot) -> str | None:
    """Why what this token began may not go on; None where it may. A server that is only configured otherwise may still answer."""
    grant, server = snapshot.grants_by_id.get(bearer.grant.id), snapshot.servers.get(bearer.server.id)
    if grant is None or grant.until_ns(bearer.digest) == 0 or not snapshot.vouches(bearer.digest):
        return "its grant or token was taken away"
    if server is None or grant.server != server.id:
        return "its server was taken away"
    stopped = snapshot.stop_of(grant, server)
    return None if stopped is None else f"people stopped {stopped}"


End = Callable[[Session, ServerEntry], Coroutine[Any, Any, object]]
"""Ends a session at its server. Errors: `UpstreamFault`, `OperatorFault`."""


class SessionEnder:
    """Ends sessions whose grant or server is no more, or stopped."""

    def __init__(self, sessions: Sessions, end: End) -> None:
        self._sessions = sessions
        self._end = end
        self._slots = asyncio.Semaphore(ENDED_AT_ONCE)
        self._targets: dict[str, tuple[str | None, ...]] = {}
        """Where each server is, so that a session of one place is not carried on at another."""
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, snapshot: Snapshot, touched: Touched) -> None:
        """A snapshot became active: end the sessions that may not go on by it."""
        many, moved = touched.everything or bool(touched.servers), self._moved(snapshot, touched)
        for session in self._sessions.all() if many else self._sessions.of_grants(touched.grants):
            if session.server_id not in moved and _may_go_on(session, snapshot):
                continue
            self._sessions.close(session)
            if session.server_id in moved:
                continue  # the server that knows it is not asked any more, and the other one never heard of it
            server = snapshot.servers.get(session.server_id)
            if server is not None:  # else the way to it is closed, and what stands behind it with it
                running = replace(server, stopped=False) if server.stopped else server
                task = asyncio.create_task(self._end_there(session, running), name="yett end of session")
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    def _moved(self, snapshot: Snapshot, touched: Touched) -> set[str]:
        """Servers that are somewhere else now."""
        ids = snapshot.servers.keys() if touched.everything else touched.servers
        now = {id: _target(server) for id in ids if (server := snapshot.servers.get(id)) is not None}
        moved = {id for id, target in now.items() if self._targets.get(id, target) != target}
        kept = {} if touched.everything else {id: target for id, target in self._targets.items() if id in snapshot.servers}
        self._targets = kept | now
        return moved

    async def _end_there(self, session: Session, server: ServerEntry) -> None:
        async with self._slots:
            with suppress(UpstreamFault, OperatorFault):  # the server forgets it in its own time
                await self._end(session, server)


def _target(server: ServerEntry) -> tuple[str | None, ...]:
    return server.url, server.transport, server.command


def _may_go_on(session: Session, snapshot: Snapshot) -> bool:
    grant, server = snapshot.grants_by_id.get(session.grant_id), snapshot.servers.get(session.server_id)
    if grant is None or server is None or grant.server != session.server_id:
        return False
    return snapshot.stop_of(grant, server) is None
