"""What the head of a request settles for the plain calls that come with it, remembered for the requests that repeat it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from yett.edge.request import Request
from yett.errors import OperatorFault, UpstreamNotReached
from yett.gateway.active import Snapshot, Touched
from yett.gateway.admission import Bearer, NoBearer, authenticate
from yett.gateway.http_door import PARAMETER, Door, by_name
from yett.gateway.route import Route
from yett.gateway.sessions import Session
from yett.gateway.tool_fetch import outbound_of
from yett.gateway.tools import Scope
from yett.policy.decision import ToolFacts
from yett.ports import HasShortcut, Sent, Shortcut, Waiter
from yett.protocol.capabilities import abilities, without_unmediated_client_capabilities
from yett.protocol.eras import META_CLIENT_CAPABILITIES, Era
from yett.protocol.messages import Message
from yett.protocol.plain import Stated, stated_in
from yett.protocol.revisions import contradicts
from yett.protocol.tasks import declares_tasks

ENDPOINT: Final = "/mcp/"
SESSION: Final = b"mcp-session-id"
CHANGES: Final = 64
"""Changes by which a lane may be behind and still be found to hold."""


class Lane(Struct):
    """One client's way to one server, by one snapshot."""

    epoch: int
    """Up to which snapshot it holds. Not the snapshot itself: a connection that is open for days would keep it alive."""
    bearer: Bearer
    until_ns: int | None
    """When the token that was shown expires."""
    stated: Stated
    route: Route
    scope: Scope
    """Whose tool list applies."""
    ways: HasShortcut
    shortcut: Shortcut[Any] | None = None
    credential: Mapping[str, str] | None = None
    start: bytes = b""
    """How a request to the server begins, by this shortcut and with this credential."""

    def changes(self, message: Message) -> bool:
        """Whether the gate has to do with what the client of a message announces: to take something out, or to keep tasks."""
        if message.era is Era.HANDSHAKE:
            return False
        envelope: Any = message.params["_meta"]
        if not envelope[META_CLIENT_CAPABILITIES]:
            return False
        cut = without_unmediated_client_capabilities(message, self.route.kinds)
        return cut is not message.body or declares_tasks(message.params)


class Closed(Struct, frozen=True):
    """Stands where requests with a head take the long way, as long as a snapshot is active."""

    epoch: int


class Lanes:
    """Finds the lane of a request. Turns nobody away: what it does not let in is left to the front, which says why."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._parts = door.parts
        self._epoch = 0
        self._changes: deque[Touched] = deque(maxlen=CHANGES)
        """The last ones, since the last that may concern everybody."""
        door.parts.active.follow(self._changed)

    def _changed(self, _snapshot: Snapshot, touched: Touched) -> None:
        self._epoch += 1
        if touched.everything:
            self._changes.clear()
        else:
            self._changes.append(touched)

    def of(self, request: Request) -> Lane | None:
        """The lane, if what stands in it still holds; None leaves the request to the front."""
        kept = request.memory.kept
        if isinstance(kept, Closed) and kept.epoch == self._epoch:
            return None
        lane = kept if isinstance(kept, Lane) and self._holds(kept) else self._made(request)
        if lane is not kept:
            request.memory.kept = lane or Closed(self._epoch)
        if lane is None:
            return None
        if lane.until_ns is not None and lane.until_ns <= self._door.tokens.now_ns():
            return None
        session = lane.route.session
        if session is not None and self._found(session.id, lane.bearer) is not session:
            return None
        return lane

    def _holds(self, lane: Lane) -> bool:
        """Whether nothing that the lane was made of is another thing by now."""
        if lane.epoch == self._epoch:
            return True
        behind = self._epoch - lane.epoch
        since = islice(reversed(self._changes), behind)
        if behind > len(self._changes) or any(touched.concerns(lane.bearer.grant) for touched in since):
            return False
        lane.epoch = self._epoch
        return True

    def send(self, lane: Lane, message: Message, waiter: Waiter[Any]) -> Sent | None:
        """Forward a message on the lane's shortcut; None where that cannot be done now, and nothing was sent."""
        shortcut = lane.ways.shortcut(modern=message.era is Era.STATELESS)
        if shortcut is None:
            return None
        dispatcher, route = self._parts.dispatcher, lane.route
        try:
            credential = dispatcher.credentials(route.caller.server)
            if shortcut is not lane.shortcut or credential != lane.credential:
                lane.start = shortcut.start(outbound_of(route, message, b"", credential))
                lane.shortcut, lane.credential = shortcut, credential
        except (OperatorFault, UpstreamNotReached):
            return None
        return shortcut.send(lane.start, message.body, route.isolation, waiter)

    def tool(self, lane: Lane, message: Message) -> ToolFacts | None:
        """What is known of the called tool, if its server need not be asked."""
        can = "" if message.era is Era.HANDSHAKE else abilities(message, lane.route.kinds)
        return self._parts.dispatcher.tools.known((*lane.scope[:2], can) if can else lane.scope, message.name)

    def _made(self, request: Request) -> Lane | None:
        parts, path, snapshot = self._parts, request.path, self._parts.active.current()
        if snapshot is None or request.method != b"POST" or not path.startswith(ENDPOINT):
            return None
        if not parts.guard.host_allowed(request.header(b"host")) or not parts.guard.origin_allowed(request.header(b"origin")):
            return None
        stated = stated_in(by_name(request))
        reference = path.removeprefix(ENDPOINT).removesuffix("/")
        bearer = authenticate(snapshot, reference, request.header(b"authorization"), self._door.tokens)
        if stated is None or isinstance(bearer, NoBearer) or bearer.stopped is not None:
            return None
        if bearer.server.url is None or bearer.server.one_to_one:
            return None
        session = None
        id = request.header(SESSION)
        if id is not None and stated.era is Era.HANDSHAKE:
            session = self._found(id.decode("latin-1"), bearer)
            if session is None or contradicts(stated.version, session.revision):
                return None
        route = self._door.route(request, bearer, session)
        ways = route.upstream
        if not isinstance(ways, HasShortcut) or any(name.startswith(PARAMETER) for name, _ in route.headers):
            return None
        until_ns = bearer.grant.until_ns(bearer.digest)
        return Lane(self._epoch, bearer, until_ns, stated, route, route.scope, ways)

    def _found(self, id: str, bearer: Bearer) -> Session | None:
        return self._parts.sessions.find(id, grant_id=bearer.grant.id, server_id=bearer.server.id)
