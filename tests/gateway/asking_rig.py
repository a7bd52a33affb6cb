"""A gate over the real ledger, and the desk where people decide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.gateway.gate import Gate
from tests.stores.approving import says_yes, vote
from tests.support.policies import policy
from tests.support.wire import parsed
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, State
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.state import StateStore
from yett.stores.state_reader import LogFilter, StateReader, Stream

ASKING = policy(default="allow", tools={"echo": {"require_approval": [{"conditions": [], "timeout": "30m"}]}})


@dataclass
class Asked:
    """A gate over a ledger on disk, and the desk where people decide."""

    path: Path
    gate: Gate = field(init=False)
    desk: ApprovalDesk = field(init=False)

    async def call(self, arguments: Any = None, **members: Any) -> dict[str, Any]:
        """The result of one call."""
        answer = await self.gate.call("echo", arguments or {"text": "a"}, **members)
        result: dict[str, Any] = parsed(answer.body)["result"]
        return result

    async def asked(self, arguments: Any = None) -> str:
        """The request that a call came to."""
        result = await self.call(arguments)
        id: str = result["_meta"]["dev.yett/decision"]["approval"]["id"]
        return id

    def approve(self, id: str, **members: Any) -> Approval:
        """A person says yes."""
        after = self.desk.vote(id, says_yes(self.gate.clock.now_ns(), **members), self.gate.clock.now_ns())
        assert isinstance(after, Approval)
        return after

    def deny(self, id: str, reason: str) -> Approval:
        """A person says no."""
        now_ns = self.gate.clock.now_ns()
        after = self.desk.vote(id, lambda _: vote(now_ns, approve=False, reason=reason), now_ns)
        assert not isinstance(after, Refusal) and after is not None
        return after

    def standing(self, id: str) -> State:
        """Where a request stands."""
        found = self.desk.get(id, self.gate.clock.now_ns())
        assert found is not None
        return found.state

    def note(self, id: str) -> str:
        """What people are told of a request."""
        found = self.desk.get(id, self.gate.clock.now_ns())
        assert found is not None and found.note is not None
        return found.note

    async def settled(self) -> None:
        """Have what nobody waits for written too."""
        await self.gate.ledger.aclose()

    def refusals(self) -> int:
        """How many messages were turned away and recorded."""
        with StateReader(self.path) as reader:
            return len(reader.entries(LogFilter(stream=Stream.SECURITY), 100))

    @property
    def ran(self) -> int:
        """How many calls reached the server."""
        return len(self.gate.upstream.calls)


@asynccontextmanager
async def asking_gate(path: Path) -> AsyncIterator[Asked]:
    """A gate whose policy asks for each call of `echo`, with pages where people decide."""
    rig = Asked(path)
    rig.gate = Gate()
    store = StateStore.open(rig.path, clock=rig.gate.clock)
    rig.gate = Gate(clock=rig.gate.clock, ledger=store)
    rig.gate.calls.asker = replace(rig.gate.calls.asker, link=lambda id: f"https://gate.example/approvals/{id}")
    rig.gate.dispatcher.waits.poll_s = 0.001
    rig.gate.publish(ASKING)
    rig.desk = ApprovalDesk(rig.path)
    yield rig
    rig.desk.close()
    await store.aclose()
