"""Clients of revision 2025-11-25 that were given a link: they are told when people have decided, so that they may call again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from yett.gateway.calls import Calls
from yett.gateway.route import Route
from yett.gateway.sessions import Session
from yett.ports import Event
from yett.protocol.replies import Denial
from yett.protocol.waits import link_done

LOOK_S: Final = 1.0
"""How often is looked whether people have decided."""
LINKS_MAX: Final = 256
"""Requests that are looked after; of more, the oldest one's client is not told. It may call again all the same."""


@dataclass(slots=True)
class _Given:
    until_ns: int
    sessions: dict[str, Session]
    decided: bool = False
    """Whether people have decided, and a client is yet to open a stream on which it can be told."""


class OpenedLinks:
    """Looks while there is something to look for, and never longer than a request is open."""

    def __init__(self, calls: Calls) -> None:
        self.look_s = LOOK_S
        self._calls = calls
        self._given: OrderedDict[str, _Given] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def given(self, route: Route, denial: Denial) -> None:
        """The client of this session was given the link of a request."""
        approval, session = denial.approval, route.session
        assert approval is not None and session is not None, "there is a link, and who shows it"
        until_ns = int(datetime.fromisoformat(approval.expires_at).timestamp()) * 1_000_000_000
        self._given.setdefault(approval.id, _Given(until_ns, {})).sessions[session.id] = session
        if len(self._given) > LINKS_MAX:
            self._given.popitem(last=False)
        if self._timer is None:
            self._later()

    @property
    def looks(self) -> bool:
        """Whether there is anything to look for."""
        return self._timer is not None

    def __len__(self) -> int:
        return len(self._given)

    def _later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.look_s, self._look)

    def _look(self) -> None:
        now_ns, self._timer = self._calls.now_ns(), None
        for id, given in list(self._given.items()):
            if not given.decided and given.until_ns <= now_ns:  # nobody decided: calling again would only ask anew
                del self._given[id]
                continue
            given.decided = given.decided or not self._calls.waits(id)
            if given.decided:
                self._tell(id, given)
            if not given.sessions or given.until_ns <= now_ns:
                del self._given[id]
        if self._given:
            self._later()

    def _tell(self, id: str, given: _Given) -> None:
        """Each session on one of its streams, once; a session without one is told when it opens one."""
        event = Event(link_done(id))
        for session in [*given.sessions.values()]:
            conversation = session.conversation
            if conversation.over or any(stream.tell(event) for stream in conversation.streams):
                del given.sessions[session.id]
