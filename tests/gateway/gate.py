"""A whole gate without a transport: a fake server behind it, a ledger in memory, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.clock import ManualClock
from tests.support.fake_upstream import FakeUpstream
from tests.support.ledgers import FakeLedger
from tests.support.policies import ALLOW_ALL, entry
from tests.support.wire import Sent, call, initialize, parsed, request
from yett.errors import OperatorFault, YettError
from yett.gateway.active import ActiveSnapshot
from yett.gateway.calls import Caller, Calls
from yett.gateway.dispatch import Dispatcher
from yett.gateway.route import Route
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tools import ToolBook
from yett.ports import Answer
from yett.protocol.replies import DECISION_KEY

HTTP_SERVER = ServerEntry(organisation="org", id="srv-1", name="files", url="http://files.internal:9000/mcp")
STDIO_SERVER = ServerEntry(organisation="org", id="srv-2", name="time", command="time")
KEY = b"k" * 32


def grant(id: str = "g1", *, server: ServerEntry = HTTP_SERVER, **members: Any) -> GrantEntry:
    """A grant whose token's digest is its id."""
    return GrantEntry(
        **{"organisation": "org", "id": id, "digest": id, "server": server.id, "label": id, "policy": "p", **members}
    )


@dataclass
class Gate:
    """Everything between a client's message and a server, wired as the data plane wires it."""

    server: ServerEntry = HTTP_SERVER
    upstream: FakeUpstream = field(default_factory=FakeUpstream)
    clock: ManualClock = field(default_factory=ManualClock)
    ledger: Any = field(default_factory=FakeLedger)
    credential: Mapping[str, str] | OperatorFault = field(default_factory=lambda: {"authorization": "Bearer server-secret"})
    active: ActiveSnapshot = field(default_factory=ActiveSnapshot)
    revision: int = 0
    reported: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tools = ToolBook(self.clock)
        self.sessions = Sessions(self.clock)
        self.calls = Calls(self.ledger, self.clock, digest_key=KEY, run_id="run", on_fault=self._report)
        self.dispatcher = Dispatcher(self.calls, self.tools, self.sessions, self._credential)
        self.active.follow(self.tools.follow)
        self.active.follow(self.dispatcher.live.follow)
        self.publish(ALLOW_ALL)

    def _report(self, request_id: str, _: str, fault: YettError) -> None:
        self.reported.append((request_id, str(fault)))

    def _credential(self, _: ServerEntry) -> Mapping[str, str]:
        if isinstance(self.credential, OperatorFault):
            raise self.credential
        return self.credential

    def publish(self, *documents: Any, grants: list[GrantEntry] | None = None, **members: Any) -> list[str]:
        """Make a snapshot active: the first document is policy `p`, the second `p2`, and so on; None leaves one out."""
        self.revision += 1
        names = ["p", *(f"p{number}" for number in range(2, 9))]
        revision = f"{self.revision}-{self.revision:012x}"
        policies = [
            document if isinstance(document, PolicyEntry) else entry(document, name=name, revision=revision)
            for name, document in zip(names, documents, strict=False)
            if document is not None
        ]
        data = SnapshotData(
            **{
                "revision": self.revision,
                "origin": "org",
                "servers": [HTTP_SERVER, STDIO_SERVER],
                "grants": [grant(server=self.server)] if grants is None else grants,
                "policies": policies,
                **members,
            }
        )
        return self.active.apply(data)

    def route(self, *, grant_id: str = "g1", session: Session | None = None, **members: Any) -> Route:
        """The way of one grant, as it is now."""
        snapshot = self.active.current()
        assert snapshot is not None
        owner = snapshot.grants[grant_id]
        caller = Caller(
            grant=owner,
            server=self.server,
            about=snapshot.facts[owner.id],
            policy=snapshot.policy_of(owner),
            client_ip="127.0.0.1",
            session=None if session is None else session.id,
            digest=owner.digest,
            stopped=snapshot.stop_of(owner, self.server),
        )
        isolation = owner.id if session is None else session.id
        return Route(**{"caller": caller, "upstream": self.upstream, "session": session, "isolation": isolation, **members})

    async def send(self, sent: Sent, **route: Any) -> Answer:
        """Dispatch one message."""
        return await self.dispatcher.dispatch(self.route(headers=sent.fields, **route), sent.message)

    async def call(self, name: str = "echo", arguments: dict[str, Any] | None = None, **members: Any) -> Answer:
        """Dispatch one call; `members` are those of `tests.support.wire.call`."""
        return await self.send(call(name, arguments, **members))

    async def list(self, *, stateless: bool = False, **route: Any) -> list[str]:
        """The names of the tools that a list shows."""
        answer = await self.send(request("tools/list", stateless=stateless), **route)
        return [tool["name"] for tool in parsed(answer.body)["result"]["tools"]]

    async def open(self, **route: Any) -> Session:
        """Open a handshake session."""
        answer = await self.send(initialize(), **route)
        assert answer.session is not None
        owner = route.get("grant_id", "g1")
        session = self.sessions.find(answer.session, grant_id=owner, server_id=self.server.id)
        assert session is not None
        return session


def decision_of(answer: Answer) -> dict[str, Any]:
    """What a denial says of itself."""
    result = parsed(answer.body)["result"]
    assert result["isError"] is True
    decision: dict[str, Any] = result["_meta"][DECISION_KEY]
    return decision


async def events_of(answer: Answer) -> list[bytes]:
    """The data of all events, read to the end."""
    assert answer.events is not None
    return [event.data async for event in answer.events]
