"""Answers that a client may take up again after its connection was lost: what came of each, until it is old or there is too much.

An answer belongs to its session, and so to its grant: the ids of its messages cannot be guessed, and mean nothing elsewhere. Each
message goes to the client once, on one connection at a time: who takes an answer up takes it over.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from yett.gateway.sessions import Session
from yett.ports import Event

KEPT_S: Final = 300.0
"""Seconds that an answer is kept for a client that does not come, and that a call runs for nobody: a laptop wakes up again."""
KEPT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of the kept answers of all sessions."""
SESSION_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes of those of one session: two of the longest messages that clients may send themselves."""
SESSION_MESSAGES_MAX: Final = 1_024
"""Messages in those of one session."""
MESSAGE_BYTES: Final = 1_024
"""What a message counts beside its own bytes: its answer is an object in several tables."""
LOST_MAX: Final = 4_096
"""Answers that were given up before anybody came, and of which is still known that they were."""
NUMBER_DIGITS_MAX: Final = 9

TOO_OLD: Final = "nobody came to take it up in time"
TOO_MUCH: Final = "more waited for clients to take it up than the gateway keeps"
CUT_OFF: Final = "people or the end of the gateway cut it off"
ENDED: Final = "its session is over"


@dataclass(frozen=True, slots=True)
class Terms:
    """How answers are kept."""

    kept_s: float = KEPT_S
    """0: none is, and clients get plain answers."""
    quiet_s: float = 0.0
    """After how long without a message the gateway closes a stream, and its client has to come back; 0: never."""
    bytes_max: int = KEPT_BYTES_MAX


class Reading(Protocol):
    """Who gives an answer to the client."""

    def taken_over(self) -> None:
        """Somebody else does from now on."""
        ...


class KeptAnswer:
    """What a server says to one request, numbered from 1; 0 names the event that only says that there is something to take up."""

    __slots__ = ("_messages", "_name", "_news", "_reader", "count", "delivered", "home", "id", "lost", "on_heard", "over", "size")

    def __init__(self, home: SessionAnswers, name: bytes, id: bytes) -> None:
        self.home = home
        self.id = id
        """Of the request, as JSON text."""
        self.count = 0
        """Messages so far, kept or not."""
        self.size = 0
        """Bytes that are kept."""
        self.over = False
        """Whether there will be no more."""
        self.delivered = False
        """Whether all of it was written to a client that was there, which may not have got it all the same."""
        self.lost: str | None = None
        """Why nothing is kept of it any more."""
        self.on_heard: Callable[[], None] | None = None
        """Told when somebody begins to hear it while it is made, or ceases to."""
        self._name = name
        self._reader: Reading | None = None
        self._messages: list[bytes] = []
        self._news: asyncio.Future[None] | None = None

    @property
    def name(self) -> bytes:
        """Under which its session knows it."""
        return self._name

    @property
    def kept(self) -> int:
        """How many messages are kept."""
        return len(self._messages)

    @property
    def heard(self) -> bool:
        """Whether somebody gives it to the client now."""
        return self._reader is not None

    def event_id(self, number: int) -> bytes:
        """What a client names to have what comes after this message."""
        return b"%b-%d" % (self._name, number)

    def put(self, message: bytes) -> Event:
        """Keep one more message, and give it its id."""
        self.count += 1
        if self.lost is None:
            self._messages.append(message)
            self.home.owner.grown(self, len(message) + MESSAGE_BYTES)
        self.wake()
        return Event(message, None, self.event_id(self.count))

    def after(self, number: int) -> Event | None:
        """The message after this one, if it is there."""
        if number >= len(self._messages):
            return None
        return Event(self._messages[number], None, self.event_id(number + 1))

    def finish(self, *, delivered: bool = False) -> None:
        """There will be no more; `delivered`: all of it was written to a client."""
        self.over = True
        self.on_heard = None
        self.delivered = delivered
        self.home.owner.finished(self)
        self.wake()

    def lose(self, why: str) -> None:
        """Nothing is kept of it any more; its owner counts."""
        self.lost = self.lost or why
        self._messages.clear()
        self.size = 0
        self.wake()

    # --- who hears it ---------------------------------------------------------------------------------------------------

    def attach(self, reader: Reading) -> None:
        """This one gives it to the client from now on, and nobody else."""
        before, self._reader = self._reader, reader
        if before is not None:
            before.taken_over()
        if self.on_heard is not None:
            self.on_heard()

    def detach(self, reader: Reading) -> None:
        """This one does not any more."""
        if self._reader is not reader:
            return
        self._reader = None
        if self.on_heard is not None:
            self.on_heard()

    def wake(self) -> None:
        """Have the one who waits for something new look."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def news(self) -> None:
        """Return when there may be something new; for the one who reads it."""
        self._news = asyncio.get_running_loop().create_future()
        await self._news


class Shelf:
    """Answers of which something is kept, in the order in which that began, and which of them goes first."""

    __slots__ = ("_delivered", "_waiting", "count", "size")

    def __init__(self) -> None:
        self.size = 0
        """Bytes."""
        self.count = 0
        """Messages."""
        self._delivered: OrderedDict[KeptAnswer, None] = OrderedDict()
        self._waiting: OrderedDict[KeptAnswer, None] = OrderedDict()

    def grow(self, answer: KeptAnswer, size: int) -> None:
        """One more message of an answer is kept."""
        self.size += size
        self.count += 1
        self._waiting.setdefault(answer)

    def settle(self, answer: KeptAnswer) -> None:
        """An answer was delivered."""
        if answer in self._waiting:
            del self._waiting[answer]
            self._delivered[answer] = None

    def take_off(self, answer: KeptAnswer) -> None:
        """Nothing of an answer is kept any more."""
        self.size -= answer.size
        self.count -= answer.kept
        self._waiting.pop(answer, None)
        self._delivered.pop(answer, None)

    def oldest(self) -> KeptAnswer:
        """The oldest of those that a client was given, which are hardly asked for again; else the oldest."""
        return next(iter(self._delivered or self._waiting))


@dataclass(slots=True)
class SessionAnswers:
    """Those of one session."""

    owner: KeptAnswers
    grant_id: str
    shelf: Shelf = field(default_factory=Shelf)
    by_name: dict[bytes, KeptAnswer] = field(default_factory=dict)
    _prefix: bytes = field(default_factory=lambda: secrets.token_hex(12).encode())
    _count: int = 0
    _ended: bool = False

    def begin(self, id: bytes) -> KeptAnswer:
        """An answer of which nothing has come yet."""
        self._count += 1
        answer = KeptAnswer(self, b"%b-%d" % (self._prefix, self._count), id)
        if self._ended:
            answer.lose(ENDED)
        else:
            self.by_name[answer.name] = answer
        return answer

    def find(self, event_id: bytes) -> tuple[KeptAnswer, int] | None:
        """The answer that an event belongs to, and its number there."""
        name, _, digits = event_id.rpartition(b"-")
        answer = self.by_name.get(name)
        if answer is None or not digits.isdigit() or len(digits) > NUMBER_DIGITS_MAX:
            return None
        number = int(digits)
        return (answer, number) if number <= answer.count and answer.event_id(number) == event_id else None

    def end(self) -> None:
        """The session is over, and nothing of it is kept."""
        self._ended = True
        answers = list(self.by_name.values())
        self.by_name.clear()
        for answer in answers:
            self.owner.drop(answer, ENDED)


class KeptAnswers:
    """The only owner of what is kept, and its bounds."""

    def __init__(self, monotonic: Callable[[], float], terms: Terms = Terms()) -> None:
        self.terms = terms
        self.size = 0
        """Bytes that are kept."""
        self._monotonic = monotonic
        self._shares: dict[str, Shelf] = {}
        """By grant."""
        self._finished: OrderedDict[KeptAnswer, float] = OrderedDict()
        """Those that are complete and kept, since when; the one that is so longest first."""
        self._lost: OrderedDict[KeptAnswer, None] = OrderedDict()

    def begin(self, session: Session, id: bytes) -> KeptAnswer:
        """An answer of this session, to request `id`, of which nothing has come yet."""
        self.expire()
        answers = session.conversation.kept
        if answers is None:
            answers = session.conversation.kept = SessionAnswers(self, session.grant_id)
            if session.conversation.over:
                answers.end()
        assert isinstance(answers, SessionAnswers), "nobody else keeps answers"
        return answers.begin(id)

    def find(self, session: Session, event_id: bytes) -> tuple[KeptAnswer, int] | None:
        """The answer of this session that an event belongs to, and its number there."""
        self.expire()
        answers = session.conversation.kept
        return answers.find(event_id) if isinstance(answers, SessionAnswers) else None

    def expire(self) -> None:
        """Keep nothing more of answers that nobody came for."""
        now_s = self._monotonic()
        while self._finished:
            answer, since_s = next(iter(self._finished.items()))
            if since_s > now_s - self.terms.kept_s:
                return
            if answer.heard:
                self._finished[answer] = now_s
                self._finished.move_to_end(answer)
            else:
                self.drop(answer, TOO_OLD)
                self.forget(answer)

    def forget(self, answer: KeptAnswer) -> None:
        """The ids of an answer mean nothing any more."""
        self.drop(answer, TOO_OLD)
        self._lost.pop(answer, None)
        answer.home.by_name.pop(answer.name, None)

    # --- what answers tell ----------------------------------------------------------------------------------------------

    def grown(self, answer: KeptAnswer, size: int) -> None:
        """One more message is kept; what is too much goes: of a session its oldest, of all the oldest of who has most."""
        answers, grant_id = answer.home, answer.home.grant_id
        answer.size += size
        self.size += size
        answers.shelf.grow(answer, size)
        self._shares.setdefault(grant_id, Shelf()).grow(answer, size)
        if answer.size > min(SESSION_BYTES_MAX, self.terms.bytes_max):
            self.drop(answer, TOO_MUCH)
        while answers.shelf.size > SESSION_BYTES_MAX or answers.shelf.count > SESSION_MESSAGES_MAX:
            self.drop(answers.shelf.oldest(), TOO_MUCH)
        while self.size > self.terms.bytes_max:
            self.drop(max(self._shares.values(), key=lambda share: share.size).oldest(), TOO_MUCH)

    def finished(self, answer: KeptAnswer) -> None:
        """An answer is complete."""
        if answer.lost is not None:
            self._bury(answer)
            return
        if answer.delivered:
            answer.home.shelf.settle(answer)
            share = self._shares.get(answer.home.grant_id)
            if share is not None:
                share.settle(answer)
        self._finished[answer] = self._monotonic()

    def drop(self, answer: KeptAnswer, why: str) -> None:
        """Keep nothing of an answer any more; that it was lost stays known for a while where no client has had it."""
        if answer.size:
            grant_id = answer.home.grant_id
            share = self._shares[grant_id]
            self.size -= answer.size
            answer.home.shelf.take_off(answer)
            share.take_off(answer)
            if not share.size:
                del self._shares[grant_id]
        self._finished.pop(answer, None)
        answer.lose(why)
        if answer.over:
            self._bury(answer)

    def _bury(self, answer: KeptAnswer) -> None:
        if answer.delivered or answer.name not in answer.home.by_name:
            self._lost.pop(answer, None)
            answer.home.by_name.pop(answer.name, None)
            return
        self._lost[answer] = None
        if len(self._lost) > LOST_MAX:
            oldest, _ = self._lost.popitem(last=False)
            oldest.home.by_name.pop(oldest.name, None)
