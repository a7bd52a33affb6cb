"""One call through the gate: judged, reserved, recorded; and settled when its outcome is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from yett.audit.record import CallRecord, Outcome, Result, SecurityRecord
from yett.audit.record import Refused as Turned
from yett.errors import StoreFault, YettError
from yett.gateway.asking import TOO_LONG, Asker
from yett.gateway.published import ActivePolicy
from yett.gateway.snapshot import GrantEntry, ServerEntry
from yett.gateway.surfaces import surface_of
from yett.policy.compile import CompiledPolicy
from yett.policy.decision import Call, Code, Decision, Effect, Facts, Grant, ToolFacts
from yett.policy.evaluate import decide_in_view
from yett.policy.references import decide_completion
from yett.ports import Admission, Clock, Ledger, Receipt, Waiter
from yett.protocol.messages import Message
from yett.protocol.replies import Denial, Pending
from yett.protocol.strict_json import JsonValue, canonical
from yett.protocol.targets import COMPLETE


class Caller(Struct, frozen=True):
    """Who calls, through which grant, and by which revision it is judged: read once, at the start of a message."""

    grant: GrantEntry
    server: ServerEntry
    about: Grant
    """What conditions may ask of the grant."""
    policy: ActivePolicy | None
    client_ip: str | None = None
    session: str | None = None
    digest: str = ""
    """Of the token that was shown."""
    stopped: str | None = None
    """What people stopped, so that nothing may be forwarded; None where nothing is."""

    def facts(self, tool: ToolFacts) -> Facts:
        """The context of a decision."""
        server = self.server
        return Facts(self.grant.organisation, server.id, server.name, self.about, self.session, self.client_ip, tool)


class Earlier(Struct, frozen=True):
    """The call that a message goes on with: an earlier round of it, or the one that made the task that it is about."""

    covers: frozenset[str] = frozenset()
    """As `Admitted.covers`."""
    task: str | None = None
    """The task, where it is about one."""


class Admitted(Struct, frozen=True):
    """A call that may be forwarded, and must be settled."""

    request_id: str
    receipt: Receipt
    started_s: float
    request_bytes: int
    covers: frozenset[str] = frozenset()
    """Rules for which people approved the call: what goes on with it needs no other approval by them."""

    def begun(self) -> Admitted:
        """The same, known to have begun to run: whatever its server says in the end, no units are given back."""
        return replace(self, receipt=replace(self.receipt, reservations=()))


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that may not be forwarded."""

    decision: Decision
    denial: Denial

    @property
    def reads_as_unknown(self) -> bool:
        """Whether the client is told that there is no such tool."""
        return self.decision.code in {Code.HIDDEN, Code.UNKNOWN_TOOL}


OnFault: TypeAlias = Callable[[str, str, YettError], None]
"""Tells the operator what failed: request id, server's name, and what the client is not told. Must not raise."""


def _ignore_fault(_request_id: str, _server: str, _fault: YettError) -> None:
    """Nobody wants to know."""


class Calls:
    """Judges calls and settles them. Every fault of a store denies."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        digest_key: bytes,
        run_id: str,
        on_fault: OnFault = _ignore_fault,
        asker: Asker | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._digest_key = digest_key
        self._run_id = run_id
        self._on_fault = on_fault
        self.asker = Asker(digest_key) if asker is None else asker
        self._count = 0

    def request_id(self) -> str:
        """A name for one request that no other request of any run has."""
        self._count += 1
        return f"{self._run_id}-{self._count:x}"

    def now_ns(self) -> int:
        """The time, as calls are recorded with it."""
        return self._clock.now_ns()

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return self._clock.monotonic()

    def digest(self, arguments: dict[str, JsonValue]) -> str:
        """The digest under which these arguments are recorded."""
        return arguments_digest(arguments, self._digest_key)

    async def admit(
        self, caller: Caller, message: Message, tool: ToolFacts, *, earlier: Earlier | None = None
    ) -> Admitted | Refused:
        """Decide, reserve and write down; only what is durably recorded is admitted.

        `earlier`: the call that this message goes on with; it was charged, so that this one is judged and takes nothing.
        """
        started_s, now_ns = self._clock.monotonic(), self._clock.now_ns()
        decision = self.decide(caller, message, tool, now_ns, earlier=earlier)
        record = self.record(caller, message, decision, now_ns, None if earlier is None else earlier.task)
        try:
            if decision.effect is Effect.APPROVAL:
                record = self._asking(caller, message, tool, record, earlier)
            if not record.decision.effect.forwards and record.asking is None:
                return self._refuse(record)
            admission: Admission | StoreFault = await self._ledger.admit(record)
        except StoreFault as fault:
            admission = fault
        verdict = self.verdict(record, admission, started_s, len(message.body))
        return (
            verdict
            if earlier is None or isinstance(verdict, Refused)
            else replace(verdict, covers=verdict.covers | earlier.covers)
        )

    def _asking(
        self, caller: Caller, message: Message, tool: ToolFacts, record: CallRecord, earlier: Earlier | None
    ) -> CallRecord:
        """The record of a call that people must approve: with the approval that is at hand, or with what they are asked."""
        approved = self.decide(caller, message, tool, record.at_ns, earlier=earlier, approved=True)
        if not approved.effect.forwards:
            return replace(record, decision=approved)
        request = self.asker.request(caller, message, tool, approved, record.arguments_digest)
        if request is None:
            return replace(record, decision=record.decision._replace(message=TOO_LONG))
        consent = self._ledger.consent(request, record.at_ns)
        if consent is None:
            return replace(record, asking=request)
        return replace(record, decision=approved, consent=consent, asking=request, otherwise=record.decision)

    def submit(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        """Have the record of a call that may be forwarded reserved and written, see `yett.ports.Ledger`. Errors: `StoreFault`."""
        self._ledger.submit(record, waiter)

    def verdict(
        self, record: CallRecord, admission: Admission | StoreFault, started_s: float, request_bytes: int
    ) -> Admitted | Refused:
        """What the ledger's answer means for the call."""
        if isinstance(admission, StoreFault):
            code = Code.COUNTER_UNAVAILABLE if record.decision.charges else Code.AUDIT_UNAVAILABLE
            return self._refuse(replace(record, decision=fault(code)))
        if admission.receipt is None:
            pending = None if admission.ticket is None else self.asker.pending(admission.ticket)
            return _refused(replace(record, decision=admission.decision), pending)
        covers = frozenset[str]() if record.consent is None else record.decision.rules_asking
        return Admitted(record.request_id, admission.receipt, started_s, request_bytes, covers)

    def refuse(self, caller: Caller, message: Message, decision: Decision) -> Refused:
        """Write down and answer a denial that the gateway makes before a policy could be asked."""
        return self._refuse(self.record(caller, message, decision, self._clock.now_ns()))

    def settle(
        self,
        call: Admitted,
        result: Result,
        *,
        status: int | None = None,
        rpc_code: int | None = None,
        size: int = 0,
        task: str | None = None,
    ) -> None:
        """Write down what a forwarded call came to; reservations of one that surely did not run are given back."""
        latency_us = int((self._clock.monotonic() - call.started_s) * 1e6)
        outcome = Outcome(result, self._clock.now_ns(), status, rpc_code, latency_us, call.request_bytes, size, task)
        try:
            self._ledger.settle(call.receipt, outcome)
        except StoreFault:
            return  # the answer that came is given all the same; the log says `unknown`, the units stay held

    def turn_away(self, caller: Caller, reason: str, kind: Turned = Turned.ENVELOPE) -> str:
        """Write down a message whose form is refused before any policy is asked, or that nobody waits for; its request id."""
        now_ns, server, grant, request_id = self._clock.now_ns(), caller.server.name, caller.grant.id, self.request_id()
        self.note(SecurityRecord(now_ns, request_id, kind, reason, server, grant, caller.client_ip))
        return request_id

    def waits(self, approval: str) -> bool:
        """Whether people have yet to decide on a request. Nobody can tell while the store fails: then they have not."""
        try:
            return self._ledger.waits(approval, self._clock.now_ns())
        except StoreFault:
            return True

    def report(self, request_id: str, server: str, fault: YettError) -> None:
        """Tell the operator what failed."""
        self._on_fault(request_id, server, fault)

    def note(self, record: CallRecord | SecurityRecord) -> None:
        """Write down what was turned away. Where even that is not possible, it is turned away all the same."""
        with suppress(StoreFault):
            self._ledger.note(record)

    def decide(
        self,
        caller: Caller,
        message: Message,
        tool: ToolFacts,
        now_ns: int,
        *,
        earlier: Earlier | None = None,
        approved: bool = False,
    ) -> Decision:
        """What the policy says, before any charge is reserved. `approved`: if all that people are asked for were approved."""
        compiled = None if caller.policy is None else caller.policy.compiled
        call = Call(surface_of(message), message.name, message.arguments)
        facts = caller.facts(tool)
        if approved:
            facts = facts._replace(approved=True)
        if message.method == COMPLETE:
            return decide_completion(compiled, call, facts, now_ns=now_ns)
        if earlier is not None:
            return _going_on(compiled, call, facts, earlier, now_ns)
        try:
            return decide_in_view(compiled, call, facts, lambda keys: self._ledger.usage(keys, now_ns), now_ns=now_ns)
        except StoreFault:
            return fault(Code.COUNTER_UNAVAILABLE)

    def _refuse(self, record: CallRecord) -> Refused:
        self.note(record)
        return _refused(record)

    def record(self, caller: Caller, message: Message, decision: Decision, now_ns: int, task: str | None = None) -> CallRecord:
        """What is to be written down of a call; each has a name of its own."""
        policy, grant, server = caller.policy, caller.grant, caller.server
        return CallRecord(
            at_ns=now_ns,
            request_id=self.request_id(),
            grant_id=grant.id,
            grant_label=grant.label,
            session=caller.session,
            server_id=server.id,
            server_name=server.name,
            method=message.method,
            target=message.name,
            policy=None if policy is None else policy.name,
            policy_revision=None if policy is None else policy.revision,
            decision=decision,
            argument_keys=tuple(sorted(message.arguments)),
            arguments_digest=arguments_digest(message.arguments, self._digest_key),
            client_ip=caller.client_ip,
            task=task,
        )


def _going_on(compiled: CompiledPolicy | None, call: Call, facts: Facts, earlier: Earlier, now_ns: int) -> Decision:
    judged = decide_in_view(compiled, call, facts, lambda _: {}, now_ns=now_ns)
    if judged.effect is Effect.APPROVAL and judged.rules_asking <= earlier.covers:
        judged = decide_in_view(compiled, call, facts._replace(approved=True), lambda _: {}, now_ns=now_ns)
    return judged._replace(charges=(), shadow_charges=())


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16, key=key, person=b"yett arguments")


def arguments_digest(arguments: dict[str, JsonValue], key: bytes) -> str:
    """Keyed digest of the canonical arguments, in hex: equal for equal arguments, and telling nothing else without the key."""
    digest = _keyed(key).copy()  # a third of the time that it takes to begin with the key anew
    digest.update(canonical(arguments))
    return digest.hexdigest()


_FAULTS: Final = {
    Code.COUNTER_UNAVAILABLE: ("(counters)", "the counters cannot be read or written, so no call passes; ask the operator"),
    Code.AUDIT_UNAVAILABLE: ("(audit)", "the decision log cannot be written, so no call passes; ask the operator"),
    Code.CREDENTIAL_UNAVAILABLE: ("(credential)", "the gateway lacks its credential for this server; ask the operator"),
    Code.TOOLS_UNAVAILABLE: ("(tools)", "the server did not tell which tools it has, so the call could not be judged; try again"),
}


def fault(code: Code) -> Decision:
    """The denial for something that failed on our side."""
    rule, message = _FAULTS[code]
    return Decision(Effect.DENY, code, rule, message)


def stop_decision(what: str) -> Decision:
    """The denial where people stopped `what`."""
    told = f"an administrator has stopped {what}, so nothing passes until it is let go on; do not try again before"
    return Decision(Effect.DENY, Code.STOPPED, "(stopped)", told)


def _refused(record: CallRecord, approval: Pending | None = None) -> Refused:
    decision = record.decision
    assert decision.code is not None, "a denial has a code"
    message, rule = decision.message or "denied", decision.rule or ""
    code, retry = decision.code.value, decision.retry_after_s
    return Refused(decision, Denial(message, code, rule, record.request_id, record.policy_revision, retry, approval))
