"""Plain calls by the short way: the same bytes and the same records as by the long one."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.plain_rig import KINDS, gated
from tests.support.effort import examples
from tests.support.wire import Reply, Sent, call, request
from yett.audit.record import CallRecord
from yett.gateway.tokens import mint


@dataclass(frozen=True)
class Step:
    """One request of a client."""

    tool: str = "echo"
    kind: str = "fine"
    amount: float | None = None
    stateless: bool = True
    in_session: bool = False
    id: Any = 1
    more: tuple[tuple[bytes, bytes], ...] = ()
    method: str = "tools/call"
    meta: tuple[tuple[str, Any], ...] = ()

    @property
    def sent(self) -> Sent:
        arguments: dict[str, Any] = {"text": self.kind} | ({} if self.amount is None else {"amount": self.amount})
        params: dict[str, Any] = {"name": self.tool, "arguments": arguments} if self.method == "tools/call" else {}
        if self.meta:
            params["_meta"] = dict(self.meta)
        return request(self.method, params, id=self.id, stateless=self.stateless)


META = "io.modelcontextprotocol/"
TAKES_TASKS: Final[Any] = ((f"{META}clientCapabilities", {"extensions": {f"{META}tasks": {}}}),)
PLAIN: Final = st.builds(
    Step, tool=st.sampled_from(["echo", "pay"]), kind=st.sampled_from(KINDS), amount=st.just(1), stateless=st.booleans()
)
ODD: Final = st.builds(
    Step,
    tool=st.sampled_from(["echo", "echo", "pay", "drop_table", "unknown"]),
    kind=st.sampled_from(KINDS),
    amount=st.sampled_from([None, 1, 99.5, 100, 101, 1e3]),
    stateless=st.booleans(),
    in_session=st.booleans(),
    id=st.sampled_from([1, 1, "a", 7]),
    more=st.sampled_from([(), (), (), ((b"traceparent", b"00-1"),), ((b"mcp-param-x", b"y"),), ((b"origin", b"http://evil"),)]),
    method=st.sampled_from(["tools/call", "tools/call", "tools/call", "tools/list", "ping"]),
    meta=st.sampled_from([(), (), ((f"{META}clientCapabilities", {"sampling": {}}),), TAKES_TASKS, (("progressToken", 1),)]),
)
STEPS: Final = st.one_of(
    PLAIN, PLAIN, ODD, st.builds(Step, kind=st.sampled_from(KINDS), stateless=st.just(False), in_session=st.just(True))
)

Seen = tuple[int, dict[bytes, bytes], bytes]


def seen(reply: Reply) -> Seen:
    """A reply; the state that stands for a call which waits for input is a fresh secret each time."""
    return reply.status, reply.fields, re.sub(rb'("requestState":")[\w-]+"', rb'\1state"', reply.body)


async def story(steps: list[Step], token: str, *, at_once: bool) -> dict[str, Any]:
    """All that clients, the log and the server see of these steps, one after the other on one connection."""
    async with gated(at_once=at_once, token=token) as (listener, server):
        session = await listener.open()
        await listener.post(call("pay", {"amount": 1}, stateless=True))  # the gate learns which tools and which era there are
        client, replies = await listener.client(), []
        for step in steps:
            more = [*step.more, *([(b"mcp-session-id", session)] if step.in_session and not step.stateless else [])]
            reply = await client.ask("POST", "/mcp/files", listener.fields(step.sent, *more), step.sent.body)
            replies.append(seen(reply))
            if not reply.complete or reply.fields.get(b"connection") == b"close" or reply.status in {429, 503}:
                client = await listener.client()
        ledger = listener.gate.ledger
        return {
            "replies": replies,
            "records": [_without_session(record) for record in ledger.records],
            "outcomes": ledger.outcomes,
            "security": ledger.security,
            "reported": [(id, text.replace(str(server.port), "PORT")) for id, text in listener.gate.reported],
            "bodies": server.bodies,
            "heads": [head.replace(b"%d" % server.port, b"PORT") for head in server.heads],
            "in flight": listener.in_flight.total,
            "unsettled": ledger.unsettled,
        }


def _without_session(record: CallRecord) -> tuple[Any, ...]:
    """A record; the name of its session is another one in each run."""
    values = {name: getattr(record, name) for name in record.__struct_fields__}
    return tuple((name, value is not None if name == "session" else value) for name, value in values.items())


@given(st.lists(STEPS, min_size=1, max_size=12))
@examples(60)
def test_the_short_way_and_the_long_way_give_the_same_bytes_and_the_same_records(steps: list[Step]) -> None:
    token = mint()

    async def both() -> None:
        short, long = await story(steps, token, at_once=True), await story(steps, token, at_once=False)
        for what, found in short.items():
            assert found == long[what], what
        assert short["in flight"] == short["unsettled"] == 0

    asyncio.run(both())
