"""Whether who was let in still may be here, by a later snapshot. Pure."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from yett.gateway.active import Snapshot
from yett.gateway.calls import Caller


def refreshed(caller: Caller, snapshot: Snapshot) -> Caller | None:
    """The same caller by this snapshot; None where its grant, its token or its server is not what it was, or is stopped."""
    grant, server = snapshot.grants_by_id.get(caller.grant.id), snapshot.servers.get(caller.server.id)
    if grant is None or grant.server != caller.server.id or server != caller.server:
        return None
    if grant.until_ns(caller.digest) == 0 or not snapshot.vouches(caller.digest) or snapshot.stop_of(grant, server) is not None:
        return None
    return replace(caller, grant=grant, about=snapshot.facts[grant.id], policy=snapshot.policy_of(grant))


def present(current: Callable[[], Snapshot | None], now_ns: Callable[[], int], caller: Caller) -> Caller | None:
    """The same caller as of this moment; None where its time is over, too."""
    snapshot = current()
    now = None if snapshot is None else refreshed(caller, snapshot)
    until_ns = None if now is None else now.grant.until_ns(caller.digest)
    return None if until_ns is not None and until_ns <= now_ns() else now
