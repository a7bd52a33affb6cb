"""What people look at beside a request: lists of them page by page, earlier calls like it, what its limits leave. Reads only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from yett.approvals.lifecycle import current
from yett.approvals.model import Approval, ApprovalRequest, Charged, State
from yett.quota.charge import Amount, CounterKey, add, read_amount, subtract
from yett.quota.reserve import counted
from yett.stores.state_reader import StateReader

CALLS_LOOKED_AT: Final = 200_000
"""The newest records of the decision log, in which earlier calls are looked for: the log has no index by grant."""
AT_ONCE: Final = 200
"""Requests that are read at once."""
_OPEN: Final = (State.PENDING.value, State.APPROVED.value)
_WRITTEN_AS: Final = {State.EXPIRED: _OPEN, State.UNKNOWN: (State.RUNNING.value,)}
"""As what a request may still be written that time alone has brought to this state."""
_CALL: Final = (
    "SELECT calls.seq, calls.at_ns, decision, code, rule, message, result FROM calls LEFT JOIN outcomes USING (seq) WHERE "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """Which requests are wanted, the newest first."""

    organisation: str
    state: State | None = None
    servers: Collection[str] | None = None
    """Ids; None for all."""
    after: tuple[int, str] | None = None
    """`created_ns` and id of the last one of the page before."""
    limit: int


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call of the decision log, in short."""

    seq: int
    at_ns: int
    decision: str
    code: str | None
    rule: str | None
    message: str | None
    result: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """A limit as it stands now, and what this call would do to it."""

    charge: Charged
    key: CounterKey
    used: Amount
    remaining: Amount
    """After the call; 0 where it does not fit."""
    fits: bool


def page(reader: StateReader, wanted: WantedPage, now_ns: int) -> list[Approval]:
    """At most `wanted.limit` requests, as they stand now."""
    found: list[Approval] = []
    for one in _listed(reader, wanted):
        standing = current(one, now_ns)
        if wanted.state in {None, standing.state}:
            found.append(standing)
        if len(found) == wanted.limit:
            break
    return found


def one_of(reader: StateReader, organisation: str, id: str, now_ns: int) -> Approval | None:
    """The request of this id, if it is of this organisation: another's costs what one costs that is not there."""
    rows = reader.rows("SELECT body FROM approvals WHERE id = ? AND organisation = ?", (id, organisation))
    return current(_read(rows[0][0]), now_ns) if rows else None


def open_of(reader: StateReader, organisation: str, now_ns: int) -> list[Approval]:
    """The requests of an organisation that wait, or whose call may still come."""
    sql = "SELECT body FROM approvals WHERE state IN (?,?) AND expires_ns > ? AND organisation = ?"
    return [_read(body) for (body,) in reader.rows(sql, (*_OPEN, now_ns, organisation))]


def history(reader: StateReader, request: ApprovalRequest, limit: int) -> list[LoggedCall]:
    """The last calls of this grant with this tool, the newest first."""
    where = "calls.seq > ? AND grant_id = ? AND server_id = ? AND target = ? ORDER BY calls.seq DESC LIMIT ?"
    floor = reader.newest() - CALLS_LOOKED_AT
    rows = reader.rows(_CALL + where, (floor, request.grant_id, request.server_id, request.target, limit))
    return [LoggedCall(*row) for row in rows]


def logged_call(reader: StateReader, seq: int) -> LoggedCall | None:
    """The record of this number."""
    rows = reader.rows(_CALL + "calls.seq = ?", (seq,))
    return LoggedCall(*rows[0]) if rows else None


def requests_after(reader: StateReader, seq: int | None) -> tuple[int, dict[str, None]]:
    """The number of the newest event, and the ids of requests that events after `seq` tell of, the oldest first."""
    [(newest,)] = reader.rows("SELECT ifnull(max(seq), 0) FROM events")
    if seq is None or newest == seq:
        return int(newest), {}
    sql = "SELECT json_extract(detail, '$.approval') FROM events WHERE seq > ? AND seq <= ? AND action GLOB 'approval_*'"
    rows = reader.rows(f"{sql} AND action <> 'approval_refused' ORDER BY seq", (seq, newest))
    return int(newest), {str(id): None for (id,) in rows}


def steps_since(reader: StateReader, at_ns: int, actions: Collection[str]) -> list[tuple[int, str, str, dict[str, Any]]]:
    """When, by whom, what, and its details: events of these kinds, the oldest first."""
    sql = "SELECT at_ns, actor, action, detail FROM events WHERE seq >= ? AND at_ns >= ?"
    sql += " AND action IN (SELECT value FROM json_each(?)) ORDER BY seq"
    values = (reader.first_since(at_ns), at_ns, json.dumps(sorted(actions)))
    return [(at, actor, action, json.loads(detail)) for at, actor, action, detail in reader.rows(sql, values)]


def rooms(reader: StateReader, charges: Sequence[Charged], now_ns: int) -> list[Room]:
    """What each limit holds now, and what would be left after the call. Limits on one counter all add to it."""
    plus: dict[str, Amount] = {}
    for charge in charges:
        plus[charge.counter] = add(plus.get(charge.counter, 0), read_amount(charge.amount))
    return [_room(reader, charge, plus[charge.counter], now_ns) for charge in charges]


def _room(reader: StateReader, charge: Charged, plus: Amount, now_ns: int) -> Room:
    rows = reader.rows(
        "SELECT bucket, amount FROM counters JOIN buckets ON counter = counters.id WHERE key = ?", (charge.counter,)
    )
    key = CounterKey.decode(charge.counter)
    used = counted(key.window, {bucket: read_amount(amount) for bucket, amount in rows}, now_ns)
    wanted, maximum = add(used, plus), read_amount(charge.maximum)
    return Room(charge, key, used, subtract(maximum, wanted), wanted <= maximum)


def _listed(reader: StateReader, wanted: WantedPage) -> Iterator[Approval]:
    after = wanted.after
    while True:
        terms, values = _terms(wanted, after)
        sql = f"SELECT body FROM approvals WHERE {' AND '.join(terms)} ORDER BY created_ns DESC, id DESC LIMIT ?"  # noqa: S608 - our own terms
        rows: list[Any] = reader.rows(sql, (*values, AT_ONCE))
        read = [_read(body) for (body,) in rows]
        yield from read
        if len(read) < AT_ONCE:
            return
        after = read[-1].created_ns, read[-1].id


def _terms(wanted: WantedPage, after: tuple[int, str] | None) -> tuple[list[str], list[str | int]]:
    terms, values = ["organisation = ?"], list[str | int]([wanted.organisation])
    if wanted.state is not None:
        states = [wanted.state.value, *_WRITTEN_AS.get(wanted.state, ())]
        terms.append("state IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(states))
    if wanted.servers is not None:
        terms.append("server_id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(wanted.servers)))
    if after is not None:
        terms.append("(created_ns, id) < (?, ?)")
        values += after
    return terms, values


def _read(body: str) -> Approval:
    return msgspec.json.decode(body, type=Approval)
