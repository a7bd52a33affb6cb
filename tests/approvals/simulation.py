"""A deterministic simulation of calls that people must approve: two data planes, clients, people, crashes and a clock, in one
thread and by one seed.

What is shipped is what runs: `yett.gateway.calls.Calls` up to the moment at which it waits for the ledger, the ledger's own
transaction (`yett.stores.state_commit.Committer`), the life cycle, and the desk where people vote. Only the order is ours.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Coroutine, Generator, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import apsw

from tests.gateway.gate import Gate, grant
from tests.support.clock import START_NS, ManualClock
from tests.support.policies import policy
from tests.support.wire import call
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import APPROVAL_PREFIX, Approval, ApprovalRequest, State, Vote
from yett.approvals.who import Approver, deciders
from yett.audit.record import CallRecord, Outcome, Result, SecurityRecord
from yett.gateway.calls import Admitted, Caller, Calls, Refused
from yett.policy.decision import ToolFacts
from yett.ports import Admission, Receipt, Waiter
from yett.protocol.messages import Message
from yett.quota.charge import CounterKey, Usage
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.state_commit import Committer, Group, QueuedCall
from yett.stores.state_file import SCHEMA_VERSION

SCHEMA: Final = "".join(
    (Path(__file__).parents[2] / "src/yett/stores" / name).read_text("utf-8")
    for name in ("state_schema.sql", "approvals_schema.sql", "tasks_schema.sql")
)
STEPS: Final = 45
LIMIT: Final = 4
QUORUM: Final = {"echo": 1, "pair": 2}
DOCUMENT: Final = policy(
    tools={
        "echo": {
            "require_approval": [{"conditions": [], "timeout": "10m"}],
            "limits": [{"counter": "echoes", "window": "day", "max": LIMIT}],
        },
        "pair": {"require_approval": [{"conditions": [], "timeout": "20m", "quorum": 2, "approvers": ["admin"]}]},
    }
)
PEOPLE: Final = [
    Approver(f"m-{name}", f"{name}@example.com", role, "org")
    for name, role in (("ann", "admin"), ("bob", "admin"), ("cid", "admin"), ("dan", "viewer"))
]
FACTS: Final = [ToolFacts(definition="d1"), ToolFacts(definition="d2")]
TABLES: Final = (
    *("calls", "outcomes", "tasks", "security", "events", "counters", "buckets"),
    *("approvals", "exemptions", "delegations", "approval_notices", "consents"),
)


@cache
def connections() -> list[apsw.Connection]:
    """Two data planes and a desk at one database in memory, which each story empties first: making it anew takes longer."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    made = [apsw.Connection("file:/approvals?vfs=memdb", flags=flags) for _ in range(3)]
    made[0].execute(SCHEMA)
    made[0].pragma("user_version", SCHEMA_VERSION)
    return made


class Broken(AssertionError):
    """Something happened that must never happen."""


@cache
def callers() -> list[Caller]:
    """Two grants under three policies: two revisions, and one more that is the first again."""
    found = []
    for _ in range(2):
        gate = Gate()
        gate.publish(DOCUMENT, grants=[grant("g1", owner="ann@example.com"), grant("g2")])
        found += [gate.route(grant_id=id).caller for id in ("g1", "g2")]
        gate.revision = len(found)
        gate.publish(DOCUMENT, grants=[grant("g1", owner="ann@example.com"), grant("g2")])
        found += [gate.route(grant_id=id).caller for id in ("g1", "g2")]
    return found[:4]


@cache
def message(tool: str, text: int, note: int) -> Message:
    """One call of a client."""
    return call(tool, {"text": text, "note": note}).message


@dataclass(eq=False)
class _Wait:
    """Where a call waits for the ledger."""

    record: CallRecord

    def __await__(self) -> Generator[_Wait, Admission, Admission]:
        return (yield self)


@dataclass
class Plane:
    """One data plane: what it has queued is lost when it dies."""

    committer: Committer
    group: Group = field(default_factory=Group)
    waiting: list[tuple[Coroutine[Any, Any, Admitted | Refused], _Wait]] = field(default_factory=list)
    running: list[tuple[Admitted, CallRecord]] = field(default_factory=list)
    """Forwarded, and their outcome not known yet."""

    # `yett.ports.Ledger`, as far as it goes without an event loop.

    def usage(self, keys: Iterable[CounterKey], now_ns: int) -> Usage:
        self.committer.counters.refresh()
        return self.committer.counters.usage(keys)

    def consent(self, wanted: ApprovalRequest, now_ns: int) -> str | None:
        return self.committer.consents.fitting(wanted, now_ns)

    def waits(self, id: str, now_ns: int) -> bool:
        return self.committer.consents.waits(id, now_ns)

    async def admit(self, record: CallRecord) -> Admission:
        return await _Wait(record)

    def submit(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        raise NotImplementedError("only plain calls are submitted, and those ask nobody")

    def note(self, record: CallRecord | SecurityRecord) -> None:
        if isinstance(record, CallRecord):
            self.group.calls.append(QueuedCall(record))

    def settle(self, receipt: Receipt, outcome: Outcome) -> None:
        self.group.outcomes.append((receipt, outcome))
        self.group.gives_back = True


class World:
    """Everything of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.clock = ManualClock()
        self.connections = connections()
        self.connections[0].execute("".join(f"DELETE FROM {table};" for table in TABLES))
        self.planes = [Plane(Committer(one, Path("state.db"), pending_max=3)) for one in self.connections[:2]]
        self.desk = ApprovalDesk(Path("state.db"), self.connections[2])
        self.ran: Counter[str] = Counter()
        """Calls that reached the server, by their consent."""
        self.charged = 0
        self.epoch = 0

    def run(self, steps: int = STEPS) -> None:
        """Live through one story. Errors: `Broken`."""
        acts = (self.call, self.vote, self.commit, self.answer, self.crash, self.wait, self.change)
        for act in self.random.choices(acts, (18, 14, 14, 6, 1, 2, 1), k=steps):
            act()
            self.check()
        for plane in self.planes:
            self.write(plane)
        self.check()
        self.check_log()

    # --- what can happen ------------------------------------------------------------------------------------------------

    def call(self) -> None:
        """A client makes one of a few calls, so that the same ones meet."""
        plane, pick = self.random.choice(self.planes), self.random
        tool, text, note, owner = (
            pick.choice(("echo", "echo", "pair")),
            pick.randrange(2),
            int(pick.random() < 0.2),
            pick.random() < 0.3,
        )
        approved = self.desk.listed(now_ns=self.clock.now_ns(), states=(State.APPROVED,), limit=4)
        if approved and pick.random() < 0.6:  # as a client does that was told to come again
            request = pick.choice(approved).request
            said = json.loads(request.arguments)
            tool, text, note, owner = request.target, said["text"], said["note"], request.grant_id == "g2"
        caller = callers()[self.epoch % 2 * 2 + owner]
        calls = Calls(plane, self.clock, digest_key=b"k" * 32, run_id="sim")
        going = calls.admit(caller, message(tool, text, note), FACTS[self.epoch // 2 % 2])
        try:
            wait = going.send(None)
        except StopIteration:
            return  # decided without the ledger
        plane.waiting.append((going, wait))

    def commit(self) -> None:
        """A data plane writes what it has queued, and goes on with what was admitted."""
        self.write(self.random.choice(self.planes))

    def write(self, plane: Plane) -> None:
        """One transaction of one data plane; it may die before it hears of it."""
        waiting, plane.waiting = plane.waiting, []
        group, plane.group = plane.group, Group()
        noted = len(group.calls)
        group.calls += [QueuedCall(wait.record, reserve=True) for _, wait in waiting]
        admissions = plane.committer.run(group, START_NS)
        if not isinstance(admissions, list):
            raise Broken(f"the ledger failed: {admissions}")
        heard = self.random.random() > 0.05
        for (going, wait), admission in zip(waiting, admissions[noted:], strict=True):
            if heard:
                self.go_on(plane, going, wait.record, admission)
            else:
                going.close()

    def go_on(
        self, plane: Plane, going: Coroutine[Any, Any, Admitted | Refused], record: CallRecord, admission: Admission
    ) -> None:
        """A call that was admitted is sent to the server, if the gateway does not die before."""
        try:
            going.send(admission)
        except StopIteration as end:
            if isinstance(end.value, Admitted):
                self.send(plane, end.value, record)

    def send(self, plane: Plane, call: Admitted, record: CallRecord) -> None:
        """The call reaches the server, or surely does not."""
        if self.random.random() < 0.15:
            plane.settle(call.receipt, Outcome(Result.NOT_SENT, self.clock.now_ns()))
            return
        consent = call.receipt.consent
        if consent is None:
            raise Broken("a call ran for which nobody was asked")
        self.ran[consent] += 1
        self.charged += record.target == "echo"
        self.judge(consent, record)
        plane.running.append((call, record))

    def answer(self) -> None:
        """The server answers a call, or is never heard of again."""
        plane = self.random.choice(self.planes)
        if plane.running:
            call, _ = plane.running.pop(self.random.randrange(len(plane.running)))
            result = self.random.choice((Result.OK, Result.OK, Result.TOOL_ERROR, Result.LOST, Result.TIMED_OUT))
            plane.settle(call.receipt, Outcome(result, self.clock.now_ns()))

    def crash(self) -> None:
        """kill -9 of a data plane."""
        plane = self.random.choice(self.planes)
        for going, _ in plane.waiting:
            going.close()
        plane.waiting, plane.running, plane.group = [], [], Group()

    def wait(self) -> None:
        """Time passes; sometimes somebody ends what it has ended."""
        self.clock.advance(self.random.choice((1, 30, 200, 700)))
        if self.random.random() < 0.5:
            self.desk.pass_time(self.clock.now_ns())

    def change(self) -> None:
        """Another revision of the policy, or another definition of the tool."""
        self.epoch += self.random.randrange(1, 4)

    def vote(self) -> None:
        """Somebody says yes or no to something, whether they may or not."""
        found = self.desk.listed(now_ns=self.clock.now_ns(), limit=6)
        waiting = [one for one in found if one.state is State.PENDING]
        if not found:
            return
        picked = self.random.choice(waiting if waiting and self.random.random() < 0.9 else found)
        now_ns, person = self.clock.now_ns(), self.random.choice(PEOPLE)
        approve = self.random.random() < 0.93
        exempt_s = 300 if self.random.random() < 0.2 else None

        def make(approval: Approval) -> Vote | Refusal:
            may = deciders(approval, person, members=4, delegations=[], now_ns=now_ns)
            if isinstance(may, Refusal):
                return may
            free = ("note",) if exempt_s else ()
            reason = None if approve else "no"
            return Vote(person.id, person.name, approve, now_ns, "sim", may[0], reason=reason, exempt_s=exempt_s, free=free)

        self.desk.vote(picked.id, make, now_ns)

    # --- what must hold -------------------------------------------------------------------------------------------------

    def judge(self, consent: str, record: CallRecord) -> None:
        """A call has just run: by the right of what?"""
        now_ns = self.clock.now_ns()
        asked = record.asking
        assert asked is not None, "a call with consent"
        if not consent.startswith(APPROVAL_PREFIX):
            exemption = next((one for one in self.desk.exemptions(now_ns=record.at_ns) if one.id == consent), None)
            if exemption is None or (exemption.target, exemption.grant_id) != (record.target, record.grant_id):
                raise Broken("a call ran by an exemption that does not hold")
            return
        approval = self.desk.get(consent, now_ns)
        if approval is None or approval.request.binding != asked.binding:
            raise Broken("a call ran by an approval of another one")
        voters = {vote.voter for vote in approval.votes if vote.approve}
        if len(voters) < QUORUM[record.target]:
            raise Broken("a call ran before enough people had said yes")
        if any(not vote.approve for vote in approval.votes):
            raise Broken("a call ran although somebody said no")
        if record.grant_id == "g1" and "m-ann" in voters:
            raise Broken("somebody approved their own call")

    def check(self) -> None:
        """At no moment has anything run twice, or more than the limit lets."""
        twice = [id for id, times in self.ran.items() if times > 1 and id.startswith(APPROVAL_PREFIX)]
        if twice:
            raise Broken(f"an approval let a call run twice: {twice}")
        if self.charged > 2 * LIMIT:
            raise Broken("more ran than the limits of the two grants let")

    def check_log(self) -> None:
        """The log tells the same story: between two uses of an approval, the first was given back; nobody voted unnamed."""
        sql = "SELECT actor, action, json_extract(detail, '$.approval') FROM events ORDER BY seq"
        spent: Counter[str] = Counter()
        rows: list[Any] = self.connections[0].execute(sql).fetchall()
        for actor, action, id in rows:
            spent[id] += (action == "approval_spent") - (action == "approval_given_back")
            if spent[id] not in {0, 1}:
                raise Broken("by the log, an approval was used twice")
            if action in {"approval_given", "approval_denied", "approval_voted"} and not actor.startswith("m-"):
                raise Broken("the log does not say who decided")
        used = {id for id in self.ran if id.startswith(APPROVAL_PREFIX)}
        if not used <= set(spent):
            raise Broken("an approval was used of which the log does not tell")


def live(seed: int) -> World:
    """One story; for tests and for whoever has found a seed that breaks."""
    world = World(seed)
    try:
        world.run()
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from broken
    return world
