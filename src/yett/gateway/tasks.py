"""Tasks: each belongs to the grant whose call made it, and to the tool of that call; nobody else can tell that it exists.

The server's own ids are bound rather than replaced: they stand in results, notifications, questions and texts, and a binding
needs no secret. What a grant may say about a task is looked up by grant and id together, so an id of another grant is found as
little as one that never was. Where a server gives one id to two grants, nobody can tell whose task it is, and neither has it,
however often it is given, until the first one's time is over.

Whose a task is stands in the state that all processes of the installation share, too: what this process does not know it reads
there, so that a restart loses no task, and two data planes know the same ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from yett.errors import OperatorFault
from yett.gateway.lasting_tasks import Found, LastingTasks, child_of
from yett.gateway.route import Route
from yett.gateway.sessions import Session
from yett.protocol.server_messages import Key
from yett.protocol.tasks import ENDED, State

TASKS_MAX: Final = 10_000
"""Tasks of all grants."""
GRANT_TASKS_MAX: Final = 256
"""Of one grant; those whose result was collected give way, and while there is none, no further call may become a task."""
GRANT_BYTES_MAX: Final = 2 * 1024 * 1024
"""Bytes of arguments that are kept for one grant's tasks, since each is judged again by them."""
BYTES_MAX: Final = 128 * 1024 * 1024
"""The same for all grants."""
TASK_S: Final = 86_400.0
"""How long a task is known whose server sets no end, or a later one."""
GRACE_S: Final = 60.0
"""How long after its end by the server's word; servers are not bound to forget it then."""
KEYS_MAX: Final = 256
"""Questions of one task that are remembered, so that they may be answered."""

Place: TypeAlias = tuple[str, str, str]
"""Where an id means something: the server, where each session or grant has a child of its own, whose child it is, and the address
at which the server is."""
_Name: TypeAlias = tuple[Place, str, str]
"""Place, grant, id."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The call that made a task."""

    tool: str
    arguments: bytes
    """As JSON text."""
    covers: frozenset[str] = frozenset()
    """Rules for which people approved it."""


@dataclass(slots=True, eq=False)
class Task:
    """One task of one grant."""

    id: str
    place: Place
    grant_id: str
    origin: Origin
    """It is judged as this call each time."""
    made_s: float
    kept_s: float
    """How long after that it is known."""
    session: Session | None
    token: Key | None
    """Under which its progress is reported, for as long as it lasts. Of the handshake era only."""
    collected: bool = False
    """Whether the client has its result, or will never get one."""
    asked: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Keys of what the server asked and the client was shown."""
    contested: bool = False
    """Whether another grant was given the same id: then it is nobody's."""

    @property
    def until_s(self) -> float:
        """When it is forgotten."""
        return self.made_s + self.kept_s

    @property
    def over(self) -> bool:
        """Whether nobody can ask for it any more: it went with the session whose child it was in."""
        return bool(self.place[1]) and self.session is not None and self.session.conversation.over

    def saw(self, state: State, *, whole: bool = False) -> None:
        """Take note of what the server says of it. `whole`: whether its result, if there is one yet, came with that."""
        self.kept_s = _kept_s(state)
        ended = state.status in ENDED
        self.collected = self.collected or (whole and ended) or state.status == "cancelled"
        for key in state.kinds:
            self.asked[key] = None
        while len(self.asked) > KEYS_MAX:
            self.asked.popitem(last=False)
        if ended:
            self.report_no_more()

    def learn(self, found: Found) -> None:
        """Take note of what other processes saw of it."""
        self.kept_s = max(self.kept_s, found.age_s + found.left_s)
        self.asked.update(dict.fromkeys(found.asked))
        self.collected = self.collected or found.collected
        self.contested = self.contested or found.contested

    def as_found(self, now_s: float) -> Found:
        """As it is written."""
        origin, age_s = self.origin, now_s - self.made_s
        left_s = self.kept_s - age_s
        asked = tuple(self.asked)
        return Found(origin.tool, origin.arguments, origin.covers, asked, age_s, left_s, self.collected, self.contested)

    def report_no_more(self) -> None:
        """Its progress is of no interest any more."""
        if self.token is not None and self.session is not None:
            self.session.conversation.done_with(self.token)
        self.token = None


class TaskBook:
    """The only owner of tasks."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.lasting: LastingTasks | None = None
        """Where they are known after this process; None where nothing is kept."""
        self._by_name: OrderedDict[_Name, Task] = OrderedDict()
        """The oldest first."""
        self._grant_of: dict[tuple[Place, str], str] = {}
        self._of_grant: dict[str, OrderedDict[_Name, None]] = {}
        self._bytes: dict[str, int] = {}
        self._all_bytes = 0
        self._swept_s = float("-inf")

    def __len__(self) -> int:
        return len(self._by_name)

    def find(self, route: Route, id: str) -> Task | None:
        """The task, if this grant made it at this server; another's is as if it were not there.

        Errors: `OperatorFault` where nobody can tell.
        """
        task = self._by_name.get((place_of(route), route.caller.grant.id, id))
        found = None if self.lasting is None else self.lasting.find(route, id)
        if found is not None and task is None:
            task = self._made_before(route, id, found)
        elif found is not None and task is not None:
            task.learn(found)
        return None if task is None or task.contested or self._gone(task) else task

    def _made_before(self, route: Route, id: str, found: Found) -> Task:
        """A task of another process, or of which this one was told to let go. It is not kept: it is read again each time."""
        origin, made_s = Origin(found.tool, found.arguments, found.covers), self._monotonic() - found.age_s
        task = Task(id, place_of(route), route.caller.grant.id, origin, made_s, 0.0, None, None)
        task.learn(found)
        return task

    def has_ended(self, route: Route, id: str) -> bool:
        """Whether this grant had such a task in a program that is not there any more. Errors: `OperatorFault`."""
        return self.lasting is not None and self.lasting.has_ended(route, id)

    def saw(self, route: Route, task: Task, state: State, *, whole: bool = False) -> None:
        """See `Task.saw`; what must be known elsewhere is written."""
        before = task.kept_s, task.collected, len(task.asked), next(reversed(task.asked), None)
        task.saw(state, whole=whole)
        if before != (task.kept_s, task.collected, len(task.asked), next(reversed(task.asked), None)):
            self._keep(route, task)

    def collect(self, route: Route, task: Task) -> None:
        """Its result goes to the client."""
        task.report_no_more()
        if not task.collected:
            task.collected = True
            self._keep(route, task)

    def _keep(self, route: Route, task: Task) -> bool:
        """Have it written as far as that is possible; False where another process has given its id to another grant."""
        if self.lasting is None:
            return True
        with suppress(OperatorFault):  # of what is known here already; the ledger's own faults deny all calls
            return self.lasting.keep(route, task.id, task.as_found(self._monotonic()))
        return True

    def _gone(self, task: Task) -> bool:
        return task.over or task.until_s <= self._monotonic()

    def has_room(self, grant_id: str, size: int) -> bool:
        """Whether one more call of this grant, with arguments of at most this length, may become a task."""
        if not self._fits(grant_id, size):
            for name in tuple(self._of_grant.get(grant_id, ())):
                task = self._by_name[name]
                if task.collected or self._gone(task):
                    self._drop(name)
        return self._fits(grant_id, size) and self._has_room_for_all(size)

    def _fits(self, grant_id: str, size: int) -> bool:
        count = len(self._of_grant.get(grant_id, ()))
        return count < GRANT_TASKS_MAX and self._bytes.get(grant_id, 0) + size <= GRANT_BYTES_MAX

    def _has_room_for_all(self, size: int) -> bool:
        if len(self._by_name) < TASKS_MAX and self._all_bytes + size <= BYTES_MAX:
            return True
        now_s = self._monotonic()
        if now_s - self._swept_s >= 1.0:
            self._swept_s = now_s
            for name, task in tuple(self._by_name.items()):
                if task.over or task.until_s <= now_s:
                    self._drop(name)
        return len(self._by_name) < TASKS_MAX and self._all_bytes + size <= BYTES_MAX

    def make(self, route: Route, state: State, origin: Origin, token: Key | None) -> bool:
        """Remember a task that a call was answered with; False where its id is that of another grant's task.

        One that this grant had before is another one now: a child that was started again counts from the start.
        Errors: `OperatorFault` where it cannot be written whose it is.
        """
        place, grant_id, session = place_of(route), route.caller.grant.id, route.session
        name = (place, grant_id, state.id)
        owner = self._grant_of.get((place, state.id))
        if owner is not None:
            held = self._by_name[(place, owner, state.id)]
            if (owner != grant_id or held.contested) and not self._gone(held):
                held.contested = True
                held.report_no_more()
                self._write(route, Task(state.id, place, grant_id, origin, self._monotonic(), _kept_s(state), None, None))
                return False
            self._drop((place, owner, state.id))
        task = Task(state.id, place, grant_id, origin, self._monotonic(), _kept_s(state), session, token)
        if not self._write(route, task):
            return False
        if token is not None and session is not None:
            session.conversation.progress[token] += 1
        task.saw(state)
        self._by_name[name] = task
        self._grant_of[place, state.id] = grant_id
        self._of_grant.setdefault(grant_id, OrderedDict())[name] = None
        self._bytes[grant_id] = self._bytes.get(grant_id, 0) + len(origin.arguments)
        self._all_bytes += len(origin.arguments)
        return True

    def _write(self, route: Route, task: Task) -> bool:
        return self.lasting is None or self.lasting.keep(route, task.id, task.as_found(task.made_s))

    def _drop(self, name: _Name) -> None:
        task = self._by_name.pop(name)
        task.report_no_more()
        del self._grant_of[task.place, task.id]
        mine = self._of_grant[task.grant_id]
        del mine[name]
        self._bytes[task.grant_id] -= len(task.origin.arguments)
        self._all_bytes -= len(task.origin.arguments)
        if not mine:
            del self._of_grant[task.grant_id], self._bytes[task.grant_id]


def place_of(route: Route) -> Place:
    """Where the ids that a server gives out on this way mean something."""
    return route.caller.server.id, child_of(route), route.caller.server.url or ""


def _kept_s(state: State) -> float:
    return TASK_S if state.ttl_ms is None else min(state.ttl_ms / 1_000 + GRACE_S, TASK_S)
