"""What is open in one handshake session beside the client's own requests: what the server asked, and what may be resumed."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from yett.audit.record import Result
from yett.ports import Event
from yett.protocol.messages import Message
from yett.protocol.server_messages import Key
from yett.protocol.strict_json import JsonValue

if TYPE_CHECKING:  # routes hold sessions, and sessions this
    from yett.gateway.route import Route

ASKED_MAX: Final = 64
"""Requests of a server that wait for the client's answer; one more is refused."""
ASKED_S: Final = 3_600.0
"""How long one may wait: people are asked, and people are slow."""
EVENT_IDS_MAX: Final = 1_024
"""Ids of events, after the last of which a client may resume. More are not on their way to a client at once."""
TASK_CALLS_MAX: Final = 256
"""Calls that asked to become tasks, and are not cancelled as other calls are. As many as there may be tasks."""
INTERRUPTED_MAX: Final = 64
"""Requests whose streams may be resumed."""
OWN: Final = 0
"""Stands for the server's own stream where the others have the numbers of requests."""
NO_STREAM: Final = -1
"""Stands for an id that a server gave to events of several streams."""


class Endable(Protocol):
    """What ends with its session."""

    def end(self) -> None:
        """Nothing more is to come."""
        ...


class Stream(Endable, Protocol):
    """One on which the gateway itself may speak."""

    def tell(self, event: Event) -> bool:
        """Have the client told; False where this stream is none for that."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the server that the client has not answered."""

    method: str
    progress_token: Key | None
    until_s: float
    as_task: bool = False
    """Whether the client may answer with a task of its own."""


class Interrupted(Protocol):
    """A request of the client whose stream the client may have resumed."""

    @property
    def message(self) -> Message: ...

    def response(self, route: Route, data: bytes, *, status: int, size: int) -> bytes:
        """The response as the client may see it."""
        ...

    def settle(self, result: Result) -> None:
        """Write down what came of it, unless that is known already."""
        ...


@dataclass(slots=True)
class Conversation:
    """The open ends of one session."""

    monotonic: Callable[[], float]
    declared: frozenset[str] = frozenset()
    """What the client said that it can be asked."""
    streams: set[Stream] = field(default_factory=set)
    """The server's own event streams that the client has open."""
    progress: Counter[Key] = field(default_factory=Counter)
    """Progress tokens of requests that are in work, and of tasks that last."""
    kept: Endable | None = None
    """The answers that the client may take up again (`yett.gateway.kept_answers`)."""
    over: bool = False
    """Whether the session ended."""
    asked_count: int = 0
    """How often the server asked something of the client, whether or not the client heard of it."""
    _task_calls: deque[bytes] = field(default_factory=lambda: deque(maxlen=TASK_CALLS_MAX))
    _client_tasks: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _asked: OrderedDict[Key, Asked] = field(default_factory=OrderedDict)
    _event_ids: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """Their hashes, since what is kept for a session must be small, and the numbers of the requests whose they are."""
    _interrupted: OrderedDict[int, Interrupted] = field(default_factory=OrderedDict)
    """By number."""
    _interruptions: int = OWN

    # --- what the server asks -------------------------------------------------------------------------------------------

    def ask(self, id: Key, method: str, progress_token: Key | None, *, as_task: bool = False) -> bool:
        """Remember a request of the server; False if too many are open. One that is replayed is still the same one."""
        now = self.monotonic()
        while self._asked and next(iter(self._asked.values())).until_s <= now:
            self._asked.popitem(last=False)
        if id not in self._asked and len(self._asked) >= ASKED_MAX:
            return False
        self._asked[id] = Asked(method, progress_token, now + ASKED_S, as_task)
        self._asked.move_to_end(id)
        return True

    @property
    def is_asked(self) -> bool:
        """Whether an answer of the client may be waited for."""
        return bool(self._asked)

    def settle(self, id: Key | None) -> Asked | None:
        """The open request that an answer or a cancellation names; it is open no longer."""
        asked = None if id is None else self._asked.pop(id, None)
        return None if asked is None or asked.until_s <= self.monotonic() else asked

    def done_with(self, token: Key) -> None:
        """Nothing more is to be reported under this token, unless another request has it, too."""
        self.progress[token] -= 1
        if self.progress[token] <= 0:
            del self.progress[token]

    def reports_progress(self, token: Key | None) -> bool:
        """Whether a token is one under which the client may report progress."""
        return token is not None and any(asked.progress_token == token for asked in self._asked.values())

    # --- tasks ----------------------------------------------------------------------------------------------------------

    def lasts(self, id: bytes) -> None:
        """This call of the client asks to become a task."""
        self._task_calls.append(id)

    def took(self, id: str, kind: str) -> None:
        """The client answered what the server asked of this kind with a task; the oldest one gives way."""
        self._client_tasks[id] = kind
        self._client_tasks.move_to_end(id)
        if len(self._client_tasks) > ASKED_MAX:
            self._client_tasks.popitem(last=False)

    def kind_of_task(self, id: JsonValue) -> str | None:
        """What a task of the client is the answer to, if it is one that this session's server asked for."""
        return self._client_tasks.get(id) if isinstance(id, str) else None

    def is_lasting(self, id: bytes | None) -> bool:
        """Whether a call is one that only `tasks/cancel` cancels."""
        return id is not None and id in self._task_calls

    # --- what may be resumed --------------------------------------------------------------------------------------------

    def gave(self, event_id: bytes, stream: int = OWN) -> None:
        """An event with this id went to the client, on the stream of the request of this number."""
        key = hash(event_id)
        self._event_ids[key] = stream if self._event_ids.get(key, stream) == stream else NO_STREAM
        if len(self._event_ids) > EVENT_IDS_MAX:
            self._event_ids.popitem(last=False)

    def has_given(self, event_id: bytes) -> bool:
        """Whether an event with this id went to the client of this session."""
        return hash(event_id) in self._event_ids

    def interrupt(self, request: Interrupted) -> int:
        """Have the answer to this request come on a resumed stream, also when one came and got lost on its way; its number."""
        self._interruptions += 1
        self._interrupted[self._interruptions] = request
        if len(self._interrupted) > INTERRUPTED_MAX:
            self._interrupted.popitem(last=False)[1].settle(Result.LOST)
        return self._interruptions

    def resumed(self, event_id: bytes) -> tuple[int, Interrupted | None]:
        """The stream of which an event with this id was, and its request, if it is one of those that are remembered.

        INVARIANT: by the stream, and not by the id of a response: a client may use one id for two requests, and would have
        the answer to one judged as that to the other.
        """
        stream = self._event_ids.get(hash(event_id), OWN)
        return stream, self._interrupted.get(stream)

    def end(self) -> None:
        """The session is over, and so are its streams; answers that are still out do not come."""
        self.over = True
        for stream in tuple(self.streams):
            stream.end()
        if self.kept is not None:
            self.kept.end()
        for interrupted in self._interrupted.values():
            interrupted.settle(Result.LOST)
        self._interrupted.clear()
