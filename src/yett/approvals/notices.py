"""What people are to be told now about calls that wait for them. Pure: requests and what was said go in, notices come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from yett.approvals.model import Approval, State

Said = Mapping[tuple[str, "Kind"], "Saying"]
"""What was said on one channel: by request and kind."""


class Kind(Enum):
    """Why people are told. Stable."""

    ASKED = "asked"
    REMINDER = "reminder"
    """Nobody has decided, and much of the time is over."""
    DECIDED = "decided"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that was said, or tried to be."""

    at_ns: int
    tries: int
    done: bool
    """Whether it was taken, or given up."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How often people are told."""

    remind_share: float = 0.5
    """After which part of the time people are reminded; 1 never."""
    digest_over: int = 5
    """More requests than this within the window come as digests: new ones, reminders, decisions, ends, each for itself."""
    window_s: float = 300.0
    pauses_s: Sequence[int] = (5, 30, 120, 600)
    """After the first failure, the second and so on; after the last one it is given up."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to people: about one request, or about several."""

    kind: Kind
    approvals: tuple[Approval, ...]

    @property
    def id(self) -> str:
        """Its name: the same whenever it is tried, and no other notice's."""
        named = "\n".join(sorted(one.id for one in self.approvals))
        one = self.approvals[0].id if len(self.approvals) == 1 else blake2b(named.encode(), digest_size=10).hexdigest()
        return f"{one}.{self.kind.value}"

    @property
    def waits(self) -> bool:
        """Whether people may still decide."""
        return self.kind in {Kind.ASKED, Kind.REMINDER}

    @property
    def is_digest(self) -> bool:
        """Whether it is about several."""
        return len(self.approvals) > 1


def due(approvals: Sequence[Approval], said: Said, now_ns: int, manner: Manner) -> list[Notice]:
    """What is to be said now on one channel."""
    found: list[Notice] = []
    for kind in Kind:
        wanted = [one for one in approvals if _wanted(one, kind, said, now_ns, manner)]
        found += _together(kind, wanted, said, now_ns, manner)
    return found


def given_up(saying: Saying, manner: Manner) -> bool:
    """Whether what failed so often is not tried again."""
    return saying.tries > len(manner.pauses_s)


def _wanted(approval: Approval, kind: Kind, said: Said, now_ns: int, manner: Manner) -> bool:
    before = said.get((approval.id, kind))
    if before is not None and (before.done or given_up(before, manner) or now_ns < _again_ns(before, manner)):
        return False
    asked = said.get((approval.id, Kind.ASKED))
    match kind:
        case Kind.ASKED:
            return approval.state is State.PENDING
        case Kind.REMINDER:
            waited_ns, whole_ns = now_ns - approval.created_ns, approval.expires_ns - approval.created_ns
            late = manner.remind_share < 1 and waited_ns >= whole_ns * manner.remind_share
            return approval.state is State.PENDING and asked is not None and asked.done and late
        case Kind.DECIDED:
            return asked is not None and bool(approval.votes) and approval.state not in {State.PENDING, State.EXPIRED}
        case Kind.EXPIRED:
            return asked is not None and approval.state is State.EXPIRED


def _again_ns(before: Saying, manner: Manner) -> int:
    return before.at_ns + manner.pauses_s[min(before.tries, len(manner.pauses_s)) - 1] * 1_000_000_000


def _together(kind: Kind, wanted: list[Approval], said: Said, now_ns: int, manner: Manner) -> Iterator[Notice]:
    """One by one while they are few; else as digests, with as much time between two that a window has no more than it may."""
    window_ns = int(manner.window_s * 1e9)
    recent = [
        saying.at_ns for (_, of), saying in said.items() if of is kind and saying.done and saying.at_ns > now_ns - window_ns
    ]
    if len(wanted) + len(recent) <= manner.digest_over:
        yield from (Notice(kind, (one,)) for one in wanted)
    elif wanted and (not recent or now_ns - max(recent) >= window_ns // max(manner.digest_over, 1)):
        yield Notice(kind, tuple(wanted))
