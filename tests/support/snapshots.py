"""States of a control plane, and random histories of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from tests.support.policies import ALLOW_ALL, DENY_ALL, entry
from yett.gateway.snapshot import (
    EVERYTHING,
    ClassesEntry,
    GrantEntry,
    PinsEntry,
    PolicyEntry,
    ServerEntry,
    SnapshotDelta,
    ToolClass,
)

ORIGIN = "origin"


def server(id: str, organisation: str = "o", name: str | None = None, **members: Any) -> ServerEntry:
    return ServerEntry(id=id, organisation=organisation, name=name or f"name-{id}", url="http://127.0.0.1:9/mcp", **members)


def grant(id: str, digest: str | None = None, **members: Any) -> GrantEntry:
    return GrantEntry(**{"id": id, "organisation": "o", "digest": digest or f"D-{id}", "server": "s1", **members})


def policy(id: str, revision: str = "1-a", document: Any = ALLOW_ALL) -> PolicyEntry:
    made = entry(document, name=f"name-{id}", revision=revision)
    return PolicyEntry(id=id, organisation="o", name=made.name, revision=revision, document=made.document)


def delta(revision: int, previous: int | None = -1, **members: Any) -> SnapshotDelta:
    """A change to `revision`, of the one before unless `previous` says otherwise."""
    return SnapshotDelta(
        **{"origin": ORIGIN, "revision": revision, "previous": revision - 1 if previous == -1 else previous, **members}
    )


_IDS = [f"{number}" for number in range(6)]
_SOME = st.lists(st.sampled_from(_IDS), unique=True, max_size=4)


_CLASSES = st.dictionaries(st.sampled_from("ab"), st.sampled_from([ToolClass("Read"), ToolClass("Write", "x")]))
_PINS = st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from(["x", "x y"]))


@st.composite
def histories(draw: st.DrawFn) -> list[SnapshotDelta]:
    """A whole, and changes of it, one after another: entries come, change, and go; some that never were are gone, too."""
    return [_change(draw, revision) for revision in range(1, draw(st.integers(2, 8)))]


def _change(draw: st.DrawFn, revision: int) -> SnapshotDelta:
    first = revision == 1
    return delta(
        revision,
        None if first else -1,
        servers=[_server(draw, id) for id in draw(_SOME)],
        servers_gone=[] if first else draw(_SOME),
        grants=_grants(draw, draw(_SOME), revision),
        grants_gone=[] if first else draw(_SOME),
        policies=[_policy(draw, id, revision) for id in draw(_SOME)],
        policies_gone=[] if first else draw(_SOME),
        classes=[ClassesEntry(server=id, tools=draw(_CLASSES)) for id in draw(_SOME)],
        pins=[PinsEntry(server=id, tools=draw(_PINS)) for id in draw(_SOME)],
        stopped=draw(st.lists(st.sampled_from(["o", "p", EVERYTHING]), unique=True)),
        problems=draw(st.lists(st.sampled_from(["a", "b"]), unique=True)),
    )


def _server(draw: st.DrawFn, id: str) -> ServerEntry:
    organisation = draw(st.sampled_from(["o", "p"]))
    return server(id, organisation, draw(st.sampled_from(["files", "time", f"own-{id}"])), stopped=draw(st.booleans()))


def _grants(draw: st.DrawFn, ids: Iterable[str], revision: int) -> list[GrantEntry]:
    """Digests are those of random tokens: none comes twice, but that a rotated grant keeps its last one."""
    made = []
    for id in ids:
        number = draw(st.integers(0, 2))
        members: dict[str, Any] = {"previous_digest": f"{id}-before", "previous_until_ns": number} if number else {}
        digest = draw(st.sampled_from([f"{id}-a", f"{id}-b", f"{id}-{revision}"]))
        policy_id = draw(st.sampled_from([None, *_IDS]))
        made.append(grant(id, digest, server=draw(st.sampled_from(_IDS)), policy=policy_id, **members))
    return made


def _policy(draw: st.DrawFn, id: str, revision: int) -> PolicyEntry:
    document = draw(st.sampled_from([ALLOW_ALL, DENY_ALL]))
    return policy(id, draw(st.sampled_from([f"{revision}-a", f"{revision}-b"])), document)
