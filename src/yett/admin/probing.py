"""Whether a server that has a credential answers without it, too: asked once when it is new, and whenever a person looks."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from yett.admin.outside import REFUSED, Lookout, Seen
from yett.gateway.snapshot import ServerEntry
from yett.stores.control.records import Look

BARE: Final = "bare"
"""Where it stands in what a server said: `answered` or `refused`."""


def asked_bare(lookout: Lookout, entry: ServerEntry, seen: Seen, last: Look | None, *, patient: bool) -> Seen:
    """What a look found, with whether the server answers who shows nothing. What is known from before is kept.

    Only for a server that answered with a credential; a question that leads to nothing leaves what was known.
    """
    if seen.said is None or seen.said.get("credential") is not True:
        return seen
    known = None if last is None or last.said.get("credential") is not True else last.said.get(BARE)
    if known is None or patient:
        bare = lookout.look(replace(entry, credential=None, sealed=None))
        known = "answered" if bare.said is not None else "refused" if (bare.problem or "").startswith(REFUSED) else known
    return seen if known is None else Seen({**seen.said, BARE: known}, seen.problem)
