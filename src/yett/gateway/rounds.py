"""Calls of several rounds: a server asks for input, and the client calls again with it.

The rounds are bound by the gateway's own state, which is used once: to the grant, the method, the name and the arguments. Each
round is judged; the limits are charged by the first.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from yett.audit.record import Refused, Result
from yett.gateway.calls import Admitted, Calls, Earlier
from yett.gateway.kinds import rule_against
from yett.gateway.outcomes import Judged, failed, judge_body
from yett.gateway.route import Route
from yett.gateway.streams import answers
from yett.ports import Answer
from yett.protocol.answers import MalformedAnswer
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.peek import peek_response
from yett.protocol.rejection import INTERNAL_ERROR, INVALID_PARAMS, http_status
from yett.protocol.replies import error
from yett.protocol.rounds import (
    INPUT_REQUIRED,
    METHODS,
    ROUND_KEYS,
    STATE,
    Wanted,
    continued,
    declared_now,
    read_wanted,
    with_state,
    without_round,
)
from yett.protocol.server_messages import KINDS

ROUNDS_MAX: Final = 10_000
"""Calls that wait for input; the one that waits longest gives way."""
GRANT_ROUNDS_MAX: Final = 256
"""Of one grant, whose own give way first."""
GRANT_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes that servers want back from the clients of one grant: two of the longest messages, and many usual ones."""
BYTES_MAX: Final = 128 * 1024 * 1024
"""The same for all grants."""
ROUND_S: Final = 3_600.0
"""How long input may take: people are asked, and people are slow."""

Bound = tuple[str, str, str, str, str]
"""Grant, server, method, name, digest of the arguments: what may not change between two rounds."""


@dataclass(frozen=True, slots=True)
class _Round:
    bound: Bound
    wanted: Wanted
    until_s: float
    covers: frozenset[str] | None
    """Rules for which people approved the call; None where it has not begun: the gateway itself asked for something first."""

    @property
    def size(self) -> int:
        """Bytes of the server's that are kept."""
        return len(self.wanted.state or b"") + sum(map(len, self.wanted.kinds))


class Rounds:
    """The only owner of calls that wait for input."""

    def __init__(self, calls: Calls, monotonic: Callable[[], float]) -> None:
        self._calls = calls
        self._monotonic = monotonic
        self._open: OrderedDict[str, _Round] = OrderedDict()
        self._of_grant: dict[str, OrderedDict[str, None]] = {}
        self._bytes = 0

    # --- a server asks --------------------------------------------------------------------------------------------------

    def judge(self, route: Route, message: Message, answer: Answer, call: Admitted) -> Judged:
        """As `judge_body`, where the answer may ask for input."""
        body, request_id = answer.body or b"", call.request_id
        if message.era is not Era.STATELESS or b"input_required" not in body or answer.status >= 400:
            return judge_body(message, answer, request_id)
        assert message.id is not None, "only requests have answers"
        peek = peek_response(body)
        asks = peek is not None and answers(peek, message.id) and peek.result_type == INPUT_REQUIRED
        if not asks or message.method not in METHODS:
            return judge_body(message, answer, request_id)
        try:
            wanted = read_wanted(body)
        except MalformedAnswer as failure:
            return Judged(Result.MALFORMED, None, failed(message.id, str(failure), request_id))
        refusal = refusal_of(route, message, wanted.kinds.values())
        if refusal is not None:
            self._calls.turn_away(route.caller, refusal, Refused.SERVER_REQUEST)
            told = Answer(body=error(message.id, INTERNAL_ERROR, refusal, {"request_id": request_id}))
            return Judged(Result.RPC_ERROR, INTERNAL_ERROR, told)
        return Judged(Result.OK, None, Answer(body=with_state(body, self._remember(route, message, wanted, call.covers))))

    def ask_first(self, route: Route, message: Message) -> str:
        """The state under which a call is to be sent again that was not let through: it begins anew then."""
        return self._remember(route, message, Wanted({}, None), None)

    def _remember(self, route: Route, message: Message, wanted: Wanted, covers: frozenset[str] | None) -> str:
        state, grant_id = secrets.token_urlsafe(24), route.caller.grant.id
        self._open[state] = made = _Round(self._bound(route, message), wanted, self._monotonic() + ROUND_S, covers)
        self._bytes += made.size
        mine = self._of_grant.setdefault(grant_id, OrderedDict())
        mine[state] = None
        while len(mine) > GRANT_ROUNDS_MAX or sum(self._open[one].size for one in mine) > GRANT_BYTES_MAX:
            self._take(next(iter(mine)))
        while len(self._open) > ROUNDS_MAX or self._bytes > BYTES_MAX:
            self._take(next(iter(self._open)))
        return state

    # --- a client brings it ---------------------------------------------------------------------------------------------

    def resume(self, route: Route, message: Message) -> tuple[Message, Earlier | None] | Answer:
        """The next round of a call, as its server is to see it, and what it goes on with; the refusal of what is none."""
        assert message.id is not None, "a call has an id"
        state = message.params.get(STATE)
        bound = self._bound(route, message)
        found = self._open.get(state) if isinstance(state, str) else None
        if not isinstance(state, str) or found is None or found.bound != bound or found.until_s <= self._monotonic():
            self._calls.turn_away(route.caller, "input for a call that does not wait for it", Refused.RESPONSE)
            text = f"no call of this grant with these arguments waits for input under this `{STATE}`; call without it"
            return Answer(status=http_status(INVALID_PARAMS, message.era), body=error(message.id, INVALID_PARAMS, text))
        self._take(state)
        if found.covers is None:
            return replace(message, body=without_round(message.body)), None
        return replace(message, body=continued(message.body, found.wanted)), Earlier(found.covers)

    def _bound(self, route: Route, message: Message) -> Bound:
        caller, digest = route.caller, self._calls.digest(message.arguments)
        return caller.grant.id, caller.server.id, message.method, message.name, digest

    def _take(self, state: str) -> None:
        taken = self._open.pop(state)
        self._bytes -= taken.size
        grant_id = taken.bound[0]
        mine = self._of_grant[grant_id]
        del mine[state]
        if not mine:
            del self._of_grant[grant_id]


def continues(route: Route, message: Message) -> bool:
    """Whether a call says that it goes on with another one.

    Input without a state is bound to nothing: the call is one of its own, judged and charged. That is for clients who may be
    asked for everything; where the policy keeps a server from asking, nobody can tell which question such input answers.
    """
    if message.era is not Era.STATELESS or ROUND_KEYS.isdisjoint(message.params):
        return False
    return STATE in message.params or route.kinds() != KINDS


def refusal_of(route: Route, message: Message, kinds: Iterable[str]) -> str | None:
    """Why the client is not asked for things of these kinds; None where it may be."""
    declared = declared_now(message.params)
    for kind in sorted(set(kinds)):
        rule = rule_against(route.caller.policy, kind)
        if rule is not None:
            return f"the server asked for {kind}, which is denied by {rule}"
        if kind not in declared:
            return f"the server asked for {kind}, which the client did not say that it can be asked"
    return None
