"""Plain calls by the shortest way: one allowed `tools/call` in, one JSON document out, in three callbacks and without a task.

`PlainCalls.begin` reads, decides and has the call recorded; `PlainCall` forwards it when its record is durable; `PlainAnswer`
settles it and answers the client. The front (`yett.gateway.http`) and the dispatcher are the specification: whatever is not
plain goes on there, from the very step at which that shows, and a plain call comes to the same bytes and the same records.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from yett.audit.record import CallRecord, Result
from yett.edge.at_once import Asker
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.errors import StoreFault
from yett.gateway.admission import SHORT_BYTES, Bearer
from yett.gateway.calls import Admitted
from yett.gateway.http_door import Door
from yett.gateway.lanes import Lane, Lanes
from yett.gateway.route import Route
from yett.gateway.tool_fetch import outbound_of
from yett.policy.decision import Effect
from yett.ports import Admission, Answer, Sent
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.peek import peek_response
from yett.protocol.plain import plain_call


class LongWay(Protocol):
    """Goes on with a call in the task of its connection (`yett.gateway.http`)."""

    async def go_on(
        self, request: Request, responder: Responder, bearer: Bearer, doing: Awaitable[Answer | None]
    ) -> Answer | None: ...

    async def answered(
        self, route: Route, message: Message, responder: Responder, answer: Awaitable[Answer]
    ) -> Answer | None: ...


class PlainCalls:
    """Takes plain calls from the edge."""

    def __init__(self, door: Door, long_way: LongWay) -> None:
        self.door = door
        self.parts = door.parts
        self.lanes = Lanes(door)
        self.long_way = long_way

    def begin(self, request: Request, asker: Asker) -> PlainCall | None:
        """See `yett.edge.at_once.Begin`."""
        lane = self.lanes.of(request) if len(request.body) <= SHORT_BYTES else None
        message = None if lane is None else plain_call(request.body, lane.stated)
        if lane is None or message is None or lane.changes(message):
            return None
        tool = self.lanes.tool(lane, message)
        if tool is None:
            return None
        parts, grant_id = self.parts, lane.bearer.grant.id
        caller, now_ns, started_s = lane.route.caller, parts.calls.now_ns(), parts.calls.monotonic()
        decision = parts.calls.decide(caller, message, tool, now_ns)
        if decision.effect is not Effect.ALLOW or not parts.turns.take_at_once(grant_id):
            return None
        if parts.in_flight.enter(grant_id) is not None:
            return None
        record = parts.calls.record(caller, message, decision, now_ns)
        call = PlainCall(self, lane, message, record, started_s, asker)
        try:
            parts.calls.submit(record, call)
        except StoreFault:
            parts.in_flight.leave(grant_id)
            return None
        parts.uses[grant_id] = now_ns
        parts.ongoing.open.add(call)
        return call

    def over(self, call: PlainCall) -> None:
        """It is no longer in work here."""
        self.parts.ongoing.open.discard(call)
        self.parts.in_flight.leave(call.bearer.grant.id)


class PlainCall:
    """One call that was allowed. Waits for the ledger first, then for the server."""

    __slots__ = ("admitted", "asker", "ended", "home", "lane", "message", "over", "record", "sent", "started_s")

    def __init__(
        self, home: PlainCalls, lane: Lane, message: Message, record: CallRecord, started_s: float, asker: Asker
    ) -> None:
        self.home = home
        self.lane = lane
        self.message = message
        self.record = record
        self.started_s = started_s
        self.asker = asker
        self.admitted: Admitted | None = None
        """Set while the call must be settled."""
        self.sent: Sent | None = None
        self.ended: str | None = None
        self.over = False
        """Whether it was answered, given up, or goes on in a task."""

    # What the ledger says (`yett.ports.Waiter`).

    def done(self) -> bool:
        """Whether nobody wants the call any more."""
        return self.over

    def set_result(self, admission: Admission) -> None:
        """It is recorded: forward it."""
        try:
            self._forward(admission)
        except Exception as error:  # noqa: BLE001 - the boundary: other calls of the same transaction are told after this one
            self.broken(error)

    def set_exception(self, fault: Exception) -> None:
        """It cannot be recorded."""
        assert isinstance(fault, StoreFault), "a ledger fails in no other way"
        self._judged_otherwise(fault)

    def _forward(self, admission: Admission) -> None:
        home, message, receipt = self.home, self.message, admission.receipt
        if receipt is None:
            self._judged_otherwise(admission)
            return
        self.admitted = Admitted(self.record.request_id, receipt, self.started_s, len(message.body))
        self.sent = home.lanes.send(self.lane, message, PlainAnswer(self))
        if self.sent is None:
            self._goes_on(lambda route, call: home.parts.dispatcher.judged(route, message, call))

    def _judged_otherwise(self, said: Admission | StoreFault) -> None:
        parts, message = self.home.parts, self.message
        verdict = parts.calls.verdict(self.record, said, self.started_s, len(message.body))
        self._hand_over(lambda: parts.dispatcher.judged(self.lane.route, message, verdict))

    # What becomes of it.

    def answered(self, response: Any) -> None:
        """The server answered: settle the call and tell the client, or leave both to a task."""
        assert self.admitted is not None, "it was forwarded"
        assert self.lane.shortcut is not None, "by this way"
        body = self.lane.shortcut.plain_body(response)
        outcome = None if body is None else _plain_outcome(self.message, body)
        if body is None or outcome is None:
            self.goes_on_with(response)
            return
        result, code = outcome
        parts = self.home.parts
        self.over = True
        parts.calls.settle(self.admitted, result, status=200, rpc_code=code, size=len(body))
        self.home.over(self)
        self.asker.answer(body)

    def goes_on_with(self, response: Any) -> None:
        """The server answered something else, or not at all: that takes a closer look."""
        dispatcher, lane, message, shortcut = self.home.parts.dispatcher, self.lane, self.message, self.lane.shortcut
        assert shortcut is not None, "it was forwarded"
        outbound = outbound_of(lane.route, message, message.body, {})
        self._goes_on(
            lambda route, call: dispatcher.answered(route, message, call, lambda: shortcut.answer_to(outbound, response))
        )

    def _goes_on(self, answer: Callable[[Route, Admitted], Awaitable[Answer]]) -> None:
        call = self.admitted
        assert call is not None, "it was admitted"
        self._hand_over(lambda: answer(self.lane.route, call))

    def _hand_over(self, answer: Callable[[], Awaitable[Answer]]) -> None:
        home, lane, message = self.home, self.lane, self.message

        async def handle(request: Request, responder: Responder) -> None:
            self.over = True
            home.parts.ongoing.open.discard(self)
            doing = home.long_way.answered(lane.route, message, responder, answer())
            await home.long_way.go_on(request, responder, lane.bearer, doing)

        self.asker.hand_over(handle)

    def broken(self, error: Exception) -> None:
        """A fault of ours: whether the call ran is not known."""
        if not self.over:
            self._give_up(Result.LOST)
        self.asker.fail(error)

    # What the edge says (`yett.edge.at_once.Work`).

    def client_left(self) -> None:
        """In the stateless era that cancels the call; in the handshake era it goes on."""
        if not self.over and self.message.era is Era.STATELESS:
            self.cancel()
            self.asker.drop()

    def cancel(self) -> None:
        """Give it up; the ledger, if it is still to speak, takes it for one that was not sent."""
        if not self.over:
            self._give_up(Result.CLIENT_GONE)

    def _give_up(self, result: Result) -> None:
        self.over = True
        if self.sent is not None:
            self.sent.abort()
        if self.admitted is not None:
            self.home.parts.calls.settle(self.admitted, result if self.sent is not None else Result.NOT_SENT)
        self.home.over(self)

    # What people say (`yett.gateway.stopping.Stoppable`).

    @property
    def bearer(self) -> Bearer:
        """For whom it is in work."""
        return self.lane.bearer

    def end(self, why: str) -> None:
        """Cut it off."""
        self.ended = why
        self._give_up(Result.CLIENT_GONE)

        async def handle(request: Request, responder: Responder) -> None:
            self.home.door.cut(request, responder, self.bearer, why)

        self.asker.hand_over(handle)


class PlainAnswer:
    """Waits for the server's answer to a call (`yett.ports.Waiter`)."""

    __slots__ = ("_call",)

    def __init__(self, call: PlainCall) -> None:
        self._call = call

    def done(self) -> bool:
        """Whether nobody wants the answer any more."""
        return self._call.over

    def set_result(self, response: Any) -> None:
        """The head of the answer is here."""
        try:
            self._call.answered(response)
        except Exception as error:  # noqa: BLE001 - the boundary: the connection to the server must be put in order
            self._call.broken(error)

    def set_exception(self, fault: Exception) -> None:
        """There will be none."""
        self._call.goes_on_with(fault)


def _plain_outcome(message: Message, body: bytes) -> tuple[Result, int | None] | None:
    """What came of a call whose answer needs no editing; None where that takes a closer look."""
    peek = peek_response(body)
    if peek is None or not peek.is_response or peek.id != message.id:
        return None
    if peek.rpc_error_code is not None:
        return Result.RPC_ERROR, peek.rpc_error_code
    if peek.result_type not in {None, "complete"}:
        return None
    return Result.TOOL_ERROR if peek.is_tool_error else Result.OK, None
