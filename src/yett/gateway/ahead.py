"""Policies of a change, compiled beside the loop before the change counts: calls that come meanwhile do not wait for that.

They are judged by what is active, and the change is acknowledged when it is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from yett.gateway.published import Made, Published, make
from yett.gateway.snapshot import PolicyEntry
from yett.policy.compile import PlanKey
from yett.policy.vocabulary import DOCUMENT_BYTES_MAX

AHEAD_BYTES: Final = DOCUMENT_BYTES_MAX
"""Of the documents of one change: up to so much is compiled ahead, some 90 ms, for which later changes wait. What is more waits
for its first use: thousands of policies would take a minute and gigabytes, and few of them are used at once."""
PLANS: Final = 64
"""What the revision before was asked last, that the new one works out ahead."""
TURN_S: Final = 0.0005
"""For how long the loop waits at most until the thread beside it lets it go on. Python's own 5 ms would be felt by every call."""


@dataclass(frozen=True, slots=True)
class Job:
    """A revision that is to be compiled."""

    entry: PolicyEntry
    asked: Sequence[PlanKey] = ()


async def made_ahead(entries: Iterable[PolicyEntry], before: Mapping[str, Published]) -> dict[str, Made]:
    """What came of the policies of a change that replaces those of `before`, by id; not all of them, where they are many."""
    jobs = jobs_of(entries, before)
    return {} if not jobs else await asyncio.to_thread(_make, jobs)


def jobs_of(entries: Iterable[PolicyEntry], before: Mapping[str, Published]) -> list[Job]:
    """What is compiled ahead: everything where that is little, else the successors of what is in use, as far as they go."""
    new = [entry for entry in entries if (known := before.get(entry.id)) is None or not known.is_of(entry)]
    used = {entry.id: active for entry in new if (known := before.get(entry.id)) and (active := known.active) is not None}
    if sum(len(entry.document) for entry in new) > AHEAD_BYTES:
        new = [entry for entry in new if entry.id in used]
    jobs, size = [], 0
    for entry in new:
        size += len(entry.document)
        if size <= AHEAD_BYTES:
            active = used.get(entry.id)
            jobs.append(Job(entry, () if active is None else active.compiled.asked(PLANS)))
    return jobs


def _make(jobs: Sequence[Job]) -> dict[str, Made]:
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(min(TURN_S, usual_s))
    try:
        return {job.entry.id: make(job.entry, job.asked) for job in jobs}
    finally:
        sys.setswitchinterval(usual_s)
