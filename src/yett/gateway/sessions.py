"""Handshake sessions: each belongs to the grant that opened it, and nobody else can tell that it exists."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from yett.gateway.conversation import Conversation
from yett.ports import Clock

SESSIONS_MAX: Final = 10_000
"""As many as the official SDK keeps; the one idle longest gives way."""
GRANT_SESSIONS_MAX: Final = 1_000
"""Of one grant, whose own idle sessions give way first: nobody can push out everybody else's."""
IDLE_S: Final = 1_800.0
"""Idle time after which a session is forgotten: the SDKs' own."""


@dataclass(slots=True)
class Session:
    """One downstream session and the upstream session behind it."""

    id: str
    """Minted here; the upstream's own id never leaves the gateway."""
    grant_id: str
    server_id: str
    upstream: str | None
    """The server's session id; None for a child process, which is named by `id`."""
    last_used_s: float
    conversation: Conversation = field(repr=False, compare=False)
    revision: str | None = None
    """What the handshake settled."""


class Sessions:
    """The only owner of sessions."""

    def __init__(
        self,
        clock: Clock,
        *,
        sessions_max: int = SESSIONS_MAX,
        grant_sessions_max: int = GRANT_SESSIONS_MAX,
        idle_s: float = IDLE_S,
    ) -> None:
        self._clock = clock
        self._sessions_max = sessions_max
        self._grant_sessions_max = grant_sessions_max
        self._idle_s = idle_s
        self._by_id: OrderedDict[str, Session] = OrderedDict()
        """The one idle longest first."""
        self._of_grant: dict[str, OrderedDict[str, None]] = {}
        """Ids of each grant's sessions, the one idle longest first."""

    def mint(self) -> str:
        """An id that nobody can guess, for a session that is not open yet."""
        return secrets.token_urlsafe(24)

    def open(
        self,
        id: str,
        *,
        grant_id: str,
        server_id: str,
        upstream: str | None,
        declared: frozenset[str] = frozenset(),
        revision: str | None = None,
    ) -> list[Session]:
        """Remember a session, and what its client can be asked; returns those that gave way to it, whose children must stop."""
        conversation = Conversation(self._clock.monotonic, declared)
        self._by_id[id] = Session(id, grant_id, server_id, upstream, self._clock.monotonic(), conversation, revision)
        mine = self._of_grant.setdefault(grant_id, OrderedDict())
        mine[id] = None
        gone: list[Session] = []
        if len(mine) > self._grant_sessions_max:
            gone.append(self._by_id[next(iter(mine))])
        elif len(self._by_id) > self._sessions_max:
            gone.append(next(iter(self._by_id.values())))
        for other in gone:
            self.close(other)
        return gone

    def find(self, id: str, *, grant_id: str, server_id: str) -> Session | None:
        """The session, if this grant opened it on this server; another's session is as if it were not there."""
        session = self._by_id.get(id)
        if session is None or session.grant_id != grant_id or session.server_id != server_id:
            return None
        session.last_used_s = self._clock.monotonic()
        self._by_id.move_to_end(id)
        self._of_grant[grant_id].move_to_end(id)
        return session

    def close(self, session: Session) -> None:
        """Forget a session, and end its streams."""
        if self._by_id.pop(session.id, None) is None:
            return
        session.conversation.end()
        mine = self._of_grant[session.grant_id]
        del mine[session.id]
        if not mine:
            del self._of_grant[session.grant_id]

    def expired(self) -> list[Session]:
        """Forget and return all sessions that were idle for too long. One with an open stream is in use."""
        limit = self._clock.monotonic() - self._idle_s
        gone: list[Session] = []
        while self._by_id and (first := next(iter(self._by_id.values()))).last_used_s < limit:
            if first.conversation.streams:
                self.find(first.id, grant_id=first.grant_id, server_id=first.server_id)
            else:
                gone.append(first)
                self.close(first)
        return gone

    def of_grants(self, grant_ids: Iterable[str]) -> list[Session]:
        """Those of these grants."""
        return [self._by_id[id] for grant_id in grant_ids for id in self._of_grant.get(grant_id, ())]

    def all(self) -> list[Session]:
        """All there are."""
        return list(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)
