"""Calls that may become tasks, and what clients ask about those tasks afterwards: which of it reaches the server, and what of the
answers the client may see.

What is asked about a task is judged as the call that made it, by the policy in force, and charges nothing.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from yett.audit.record import Refused, Result
from yett.errors import OperatorFault
from yett.gateway.calls import Admitted, Calls, Earlier
from yett.gateway.from_server import progress_token, shows_tool
from yett.gateway.outcomes import Judged, failed, judge_body
from yett.gateway.rounds import Rounds, refusal_of
from yett.gateway.route import Route
from yett.gateway.streams import answers
from yett.gateway.tasks import Origin, Place, Task, TaskBook, place_of
from yett.gateway.tools import ToolBook
from yett.ports import Answer
from yett.protocol.answers import MalformedAnswer
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.methods import CALL
from yett.protocol.peek import TASK_RESULT, peek_response
from yett.protocol.rejection import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    MISSING_CLIENT_CAPABILITY,
    http_status,
)
from yett.protocol.replies import RELATED_TASK, error
from yett.protocol.revisions import WITH_TASKS
from yett.protocol.server_messages import Key
from yett.protocol.strict_json import read
from yett.protocol.tasks import (
    TASK,
    TASK_ID,
    TASKS_GET,
    TASKS_RESULT,
    TASKS_UPDATE,
    State,
    arguments_in,
    at_cursor,
    declares_tasks,
    not_found,
    read_made,
    read_state,
    shown_list,
    state_of,
    undeclared,
    updated,
)

TOO_MANY: Final = "too many tasks of this grant are open, or too long arguments are kept for them; collect results, or wait"
TOO_MANY_CODE: Final = -32000
UNREADABLE: Final = "the gateway cannot tell whose task this is, so nothing is said of it; ask the operator"
CURSORS_MAX: Final = 64
"""Pages of a grant's list that may be asked for; servers put what they like into cursors, also ids of others' tasks."""
LISTERS_MAX: Final = 1_000
"""Grants that may have such pages."""


class TaskCalls:
    """The way of tasks through the gate."""

    def __init__(self, calls: Calls, book: TaskBook, rounds: Rounds, tools: ToolBook) -> None:
        self._calls = calls
        self.book = book
        self._rounds = rounds
        self._tools = tools
        self._cursors: OrderedDict[tuple[Place, str], OrderedDict[str, str]] = OrderedDict()
        self._count = 0
        self._mark = secrets.token_hex(4)
        """In cursors, so that none of another process, before or beside this one, is taken for one of ours."""

    # --- calls that may become tasks ------------------------------------------------------------------------------------

    def begin(self, route: Route, message: Message) -> Making | Answer | None:
        """How the answer to a call is taken that may be a task, None where none may; the refusal of one that may not become what
        it asks for, or says that it belongs to a task which is none of this grant's: servers put what comes of it there."""
        assert message.id is not None, "a call has an id"
        stateless = message.era is Era.STATELESS
        if "_meta" in message.params and self._is_of_anothers(route, message):
            return self._not_found(route, message, message.id)
        if message.method != CALL or (not declares_tasks(message.params) if stateless else TASK not in message.params):
            return None
        if not stateless and not _has_tasks(route):
            text = f"this revision has no tasks; call without `{TASK}`"
            return Answer(body=error(message.id, INVALID_PARAMS, text))
        has_room = self.book.has_room(route.caller.grant.id, len(message.body))
        if not has_room and not stateless:
            self._calls.turn_away(route.caller, "too many tasks of this grant", Refused.HTTP)
            return Answer(body=error(message.id, TOO_MANY_CODE, TOO_MANY))
        if not stateless and route.session is not None:
            route.session.conversation.lasts(message.id)
        return Making(self.book, self._rounds, message, has_room)

    # --- what is asked about tasks --------------------------------------------------------------------------------------

    def about(self, route: Route, message: Message) -> Following | Answer:
        """The task that a request is about, if this grant made it; the answer where it did not."""
        assert message.id is not None, "a request has an id"
        if message.era is Era.STATELESS and not declares_tasks(message.params):
            status = http_status(MISSING_CLIENT_CAPABILITY, message.era)
            return Answer(status=status, body=undeclared(message.id))
        if not _has_tasks(route):
            return Answer(body=error(message.id, METHOD_NOT_FOUND, "Method not found"))
        try:
            task = self.book.find(route, message.name)
            if task is None:
                return self._not_found(route, message, message.id, ended=self.book.has_ended(route, message.name))
        except OperatorFault as fault:
            request_id = self._calls.turn_away(route.caller, "whose task it is cannot be read", Refused.SESSION)
            self._calls.report(request_id, route.caller.server.name, fault)
            return failed(message.id, UNREADABLE, request_id, status=http_status(INTERNAL_ERROR, message.era))
        if "_meta" in message.params and self._is_of_anothers(route, message):
            return self._not_found(route, message, message.id)
        return Following(self._calls, self.book, task)

    def _is_of_anothers(self, route: Route, message: Message) -> bool:
        meta = message.params["_meta"]
        if not isinstance(meta, dict) or RELATED_TASK not in meta:
            return False
        related = meta[RELATED_TASK]
        id = related.get(TASK_ID) if isinstance(related, dict) else None
        return self._known(route, id) is None

    def _known(self, route: Route, id: object) -> Task | None:
        with suppress(OperatorFault):
            return self.book.find(route, id) if isinstance(id, str) else None
        return None

    def _not_found(self, route: Route, message: Message, id: bytes, *, ended: bool = False) -> Answer:
        reason = "the task went with its program" if ended else "no such task of this grant"
        self._calls.turn_away(route.caller, reason, Refused.SESSION)
        return Answer(status=http_status(INVALID_PARAMS, message.era), body=not_found(id, ended=ended))

    # --- lists ----------------------------------------------------------------------------------------------------------

    def listing(self, route: Route, message: Message) -> Message | Answer:
        """A request for a list with the server's own cursor in it; the refusal of a cursor that this grant was not given."""
        assert message.id is not None, "a request has an id"
        if not _has_tasks(route):
            return Answer(body=error(message.id, METHOD_NOT_FOUND, "Method not found"))
        if "cursor" not in message.params:
            return message
        named = message.params["cursor"]
        given = self._cursors.get((place_of(route), route.caller.grant.id))
        cursor = given.get(named) if given is not None and isinstance(named, str) else None
        if cursor is None:
            return Answer(body=error(message.id, INVALID_PARAMS, "Invalid cursor"))
        return replace(message, body=at_cursor(message.body, cursor))

    def shown(self, route: Route, body: bytes) -> bytes:
        """The answer to it with this grant's tasks only, of tools that its policy shows. Errors: `MalformedAnswer`."""
        return shown_list(body, lambda id: self.shows(route, id), lambda cursor: self._named(route, cursor))

    def shows(self, route: Route, id: object) -> bool:
        """Whether the grant of this route may see that there is such a task."""
        task = self._known(route, id)
        return task is not None and shows_tool(route, task.origin.tool, self._tools)

    def _named(self, route: Route, cursor: str) -> str:
        owner = place_of(route), route.caller.grant.id
        given = self._cursors.setdefault(owner, OrderedDict())
        self._cursors.move_to_end(owner)
        if len(self._cursors) > LISTERS_MAX:
            self._cursors.popitem(last=False)
        self._count += 1
        name = f"page-{self._mark}-{self._count:x}"
        given[name] = cursor
        if len(given) > CURSORS_MAX:
            given.popitem(last=False)
        return name

    # --- what servers tell of their own accord --------------------------------------------------------------------------

    def told(self, route: Route, message: Message, task: object) -> bool:
        """Whether a subscription may be told this state of a task; takes note of it."""
        found = self._known(route, task.get("taskId")) if isinstance(task, dict) else None
        if found is None or not isinstance(task, dict) or not self.shows(route, found.id):
            return False
        try:
            state = state_of(task, stateless=True)
        except MalformedAnswer:
            return False
        if refusal_of(route, message, state.kinds.values()) is not None:
            return False
        self.book.saw(route, found, state, whole=True)
        return True


@dataclass(frozen=True, slots=True)
class Making:
    """A call that may be answered with a task."""

    book: TaskBook
    rounds: Rounds
    message: Message
    """As it was sent: what the answer needs of it may be let go of elsewhere."""
    has_room: bool
    """Whether a task may come of it; if not, the server was not told that the client takes tasks."""

    def judge(self, route: Route, message: Message, answer: Answer, call: Admitted) -> Judged:
        """As `Rounds.judge`, where the answer may be a task."""
        body = answer.body or b""
        peek = peek_response(body) if answer.status < 400 or not self.has_room else None
        assert self.message.id is not None, "a call has an id"
        if peek is None or not answers(peek, self.message.id):
            return self.rounds.judge(route, message, answer, call)
        if peek.rpc_error_code == MISSING_CLIENT_CAPABILITY and not self.has_room:
            told = Answer(body=error(self.message.id, TOO_MANY_CODE, TOO_MANY))
            return Judged(Result.RPC_ERROR, MISSING_CLIENT_CAPABILITY, told)
        if peek.result_type != TASK_RESULT or not self.has_room:
            return self.rounds.judge(route, message, answer, call)
        try:
            state = read_made(body, stateless=self.message.era is Era.STATELESS)
            self._make(route, state, call.covers)
        except MalformedAnswer as failure:
            return Judged(Result.MALFORMED, None, failed(self.message.id, str(failure), call.request_id))
        except OperatorFault:
            return Judged(Result.LOST, None, failed(self.message.id, UNREADABLE, call.request_id))
        return Judged(Result.OK, None, answer, task=state.id)

    def _make(self, route: Route, state: State, covers: frozenset[str]) -> None:
        token: Key | None = None
        if route.session is not None:
            token = progress_token(self.message)
        origin = Origin(self.message.name, arguments_in(self.message.body), covers)
        if not self.book.make(route, state, origin, token):
            raise MalformedAnswer("the server gave this task the id of another one; its author must mend it")


@dataclass(frozen=True, slots=True)
class Following:
    """A request about a task of this grant."""

    calls: Calls
    book: TaskBook
    task: Task

    def as_call(self, message: Message) -> Message:
        """The request as it is judged: as the call that made the task."""
        body = message.body
        if message.method == TASKS_UPDATE:
            body = updated(body, frozenset(self.task.asked))
        return replace(message, name=self.task.origin.tool, arguments=read(self.task.origin.arguments), body=body)

    @property
    def earlier(self) -> Earlier:
        """What it goes on with."""
        return Earlier(self.task.origin.covers, self.task.id)

    def judge(self, route: Route, message: Message, answer: Answer, call: Admitted) -> Judged:
        """What the client may see of the answer."""
        judged = judge_body(message, answer, call.request_id)
        if judged.result not in {Result.OK, Result.TOOL_ERROR}:
            return judged
        if message.method == TASKS_RESULT:
            self.passing(route)
            return judged
        tells = message.method == TASKS_GET or message.era is Era.HANDSHAKE
        return self._state(route, message, judged, call.request_id) if tells else judged

    def passing(self, route: Route) -> None:
        """The result goes to the client."""
        self.book.collect(route, self.task)

    def _state(self, route: Route, message: Message, judged: Judged, request_id: str) -> Judged:
        assert message.id is not None, "only requests have answers"
        stateless = message.era is Era.STATELESS
        try:
            state = read_state(judged.answer.body or b"", self.task.id, stateless=stateless)
        except MalformedAnswer as failure:
            return Judged(Result.MALFORMED, None, failed(message.id, str(failure), request_id))
        refusal = refusal_of(route, message, state.kinds.values())
        if refusal is not None:
            self.calls.turn_away(route.caller, refusal, Refused.SERVER_REQUEST)
            told = Answer(body=error(message.id, INTERNAL_ERROR, refusal, {"request_id": request_id}))
            return Judged(Result.RPC_ERROR, INTERNAL_ERROR, told)
        self.book.saw(route, self.task, state, whole=stateless)
        return replace(judged, result=Result.TOOL_ERROR) if state.is_tool_error else judged


def _has_tasks(route: Route) -> bool:
    """Whether the session's revision has tasks; without a session, only the server knows."""
    return route.session is None or route.session.revision in {None, WITH_TASKS}
