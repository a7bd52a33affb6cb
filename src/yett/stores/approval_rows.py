"""Requests, exemptions and delegations as rows of state.db. Whoever writes holds the transaction."""

from __future__ import annotations

import secrets
from base64 import b32encode
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import apsw
import msgspec

from yett.approvals.lifecycle import current, fits, spares
from yett.approvals.model import APPROVAL_PREFIX, EXEMPTION_PREFIX, Approval, ApprovalRequest, Delegation, Exemption, State

T = TypeVar("T")

_encode: Final = msgspec.json.Encoder().encode
_OPEN: Final = (State.PENDING.value, State.APPROVED.value)


def new_id(prefix: str = APPROVAL_PREFIX) -> str:
    """A name that nobody guesses and that a person can type: 80 bits."""
    return prefix + b32encode(secrets.token_bytes(10)).decode().lower()


def new_exemption_id() -> str:
    """The same for an exemption."""
    return new_id(EXEMPTION_PREFIX)


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


class ApprovalRows:
    """Reads and writes by one connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    # --- requests -------------------------------------------------------------------------------------------------------

    def get(self, id: str) -> Approval | None:
        """The request of this id, as it was written last."""
        return next(self._approvals("WHERE id = ?", (id,)), None)

    def put(self, approval: Approval) -> None:
        """Write a request as it stands now."""
        request = approval.request
        body = _encode(approval).decode()
        cells = (approval.id, request.binding, request.organisation, request.grant_id, request.server_id, request.target)
        times = (approval.state.value, approval.created_ns, approval.expires_ns)
        self._connection.execute("INSERT OR REPLACE INTO approvals VALUES (?,?,?,?,?,?,?,?,?,?)", (*cells, *times, body))

    def open_for(self, wanted: ApprovalRequest, now_ns: int) -> Approval | None:
        """The open request of this very call: an approved one rather than one that waits, the oldest of several."""
        found = self._approvals("WHERE binding = ? AND state IN (?,?) ORDER BY created_ns", (wanted.binding, *_OPEN))
        fitting = [one for one in found if current(one, now_ns).state.open and fits(one.request, wanted)]
        return next((one for one in fitting if one.state is State.APPROVED), fitting[0] if fitting else None)

    def denied_for(self, wanted: ApprovalRequest, now_ns: int) -> Approval | None:
        """The request of this very call on which a person said no, as long as it would have been open."""
        where = "WHERE binding = ? AND state = ? AND +expires_ns > ? ORDER BY created_ns DESC LIMIT 1"
        return next(self._approvals(where, (wanted.binding, State.DENIED.value, now_ns)), None)

    def approved_like(self, grant_id: str, server_id: str, target: str, arguments_digest: str) -> list[Approval]:
        """Approved requests of a call that looks the same, whatever else they are bound to."""
        where = "WHERE grant_id = ? AND state = ? AND server_id = ? AND target = ?"
        found = self._approvals(where, (grant_id, State.APPROVED.value, server_id, target))
        return [one for one in found if one.request.arguments_digest == arguments_digest]

    def pending_of(self, grant_id: str, now_ns: int) -> int:
        """How many requests of a grant wait for people."""
        sql = "SELECT count(*) FROM approvals WHERE grant_id = ? AND state = ? AND +expires_ns > ?"
        count: Any = self._connection.execute(sql, (grant_id, State.PENDING.value, now_ns)).get
        return int(count)

    def overdue(self, now_ns: int, limit: int) -> list[tuple[Approval, Approval]]:
        """Requests that time alone has ended, as they are written and as they stand."""
        where = "WHERE (state IN (?,?) AND expires_ns <= ?) OR state = ? LIMIT ?"
        found = self._approvals(where, (*_OPEN, now_ns, State.RUNNING.value, limit))
        both = ((one, current(one, now_ns)) for one in found)
        return [pair for pair in both if pair[0].state is not pair[1].state]

    def listed(
        self, *, organisation: str | None, states: Sequence[State] = (), limit: int, before_ns: int | None = None
    ) -> list[Approval]:
        """Requests, the newest first."""
        terms, values = ["1"], list[str | int]()
        if organisation is not None:
            terms, values = [*terms, "organisation = ?"], [*values, organisation]
        if states:
            terms.append(f"state IN ({_marks(states)})")
            values += [state.value for state in states]
        if before_ns is not None:
            terms, values = [*terms, "created_ns < ?"], [*values, before_ns]
        return list(self._approvals(f"WHERE {' AND '.join(terms)} ORDER BY created_ns DESC LIMIT ?", (*values, limit)))

    def tellable(self, since_ns: int, limit: int) -> list[Approval]:
        """Requests of which people may have to be told: those that wait, and those whose time ended no longer ago than this."""
        others = [state.value for state in State if state is not State.PENDING]
        where = f"WHERE state = ? OR (state IN ({_marks(others)}) AND expires_ns > ?) ORDER BY created_ns DESC LIMIT ?"
        return list(self._approvals(where, (State.PENDING.value, *others, since_ns, limit)))

    def forget_before(self, ended_ns: int, limit: int) -> int:
        """Delete what ended before this, with what was said about it; how many requests."""
        over = [state.value for state in State if not state.open and state is not State.RUNNING]
        sql = f"SELECT id FROM approvals WHERE state IN ({_marks(over)}) AND expires_ns < ? LIMIT ?"  # noqa: S608 - question marks
        ids = self._connection.execute(sql, (*over, ended_ns, limit)).fetchall()
        for table, column in (("approvals", "id"), ("approval_notices", "approval")):
            self._connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)  # noqa: S608 - our own names
        for table in ("exemptions", "delegations"):  # people made them, so they are few
            self._connection.execute(f"DELETE FROM {table} WHERE until_ns < ?", (ended_ns,))  # noqa: S608 - our own names
        return len(ids)

    # --- exemptions -----------------------------------------------------------------------------------------------------

    def exemption(self, id: str) -> Exemption | None:
        """The exemption of this id."""
        return next(self._exemptions("WHERE id = ?", (id,)), None)

    def put_exemption(self, exemption: Exemption) -> None:
        """Write an exemption as it stands now."""
        cells = (exemption.id, exemption.organisation, exemption.grant_id, exemption.server_id, exemption.target)
        until_ns = exemption.until_ns if exemption.ended_ns is None else min(exemption.ended_ns, exemption.until_ns)
        sql = "INSERT OR REPLACE INTO exemptions VALUES (?,?,?,?,?,?,?)"
        self._connection.execute(sql, (*cells, until_ns, _encode(exemption).decode()))

    def exemption_for(self, wanted: ApprovalRequest, now_ns: int) -> Exemption | None:
        """An exemption by which this call need not be asked for."""
        where = "WHERE grant_id = ? AND target = ? AND until_ns > ?"
        found = self._exemptions(where, (wanted.grant_id, wanted.target, now_ns))
        return next((one for one in found if spares(one, wanted, now_ns)), None)

    def exemptions_from(self, approval: Approval) -> list[Exemption]:
        """Those that came of a request and have not ended."""
        where, request = "WHERE grant_id = ? AND target = ?", approval.request
        found = self._exemptions(where, (request.grant_id, request.target))
        return [one for one in found if one.approval == approval.id and one.ended_ns is None]

    def exemptions(self, *, organisation: str | None, now_ns: int, policy: str | None = None) -> list[Exemption]:
        """Those that hold now, of an organisation or of all."""
        found = self._exemptions("WHERE until_ns > ? AND (? IS NULL OR organisation = ?)", (now_ns, organisation, organisation))
        return [one for one in found if policy is None or one.policy == policy]

    # --- delegations ----------------------------------------------------------------------------------------------------

    def put_delegation(self, delegation: Delegation) -> None:
        """Write a delegation."""
        cells = (delegation.id, delegation.organisation, delegation.to, delegation.until_ns)
        body = _encode(delegation).decode()
        self._connection.execute("INSERT OR REPLACE INTO delegations VALUES (?,?,?,?,?)", (*cells, body))

    def delegations(self, organisation: str | None, now_ns: int) -> list[Delegation]:
        """Those that hold now, or will, of an organisation or of all."""
        sql = "SELECT body FROM delegations WHERE until_ns > ? AND (? IS NULL OR organisation = ?)"
        return list(self._read(sql, (now_ns, organisation, organisation), Delegation))

    # --- rows -----------------------------------------------------------------------------------------------------------

    def _approvals(self, where: str, values: Sequence[str | int]) -> Iterator[Approval]:
        return self._read("SELECT body FROM approvals " + where, values, Approval)  # noqa: S608 - our own terms

    def _exemptions(self, where: str, values: Sequence[str | int | None]) -> Iterator[Exemption]:
        return self._read("SELECT body FROM exemptions " + where, values, Exemption)  # noqa: S608 - our own terms

    def _read(self, sql: str, values: Sequence[str | int | None], kind: type[T]) -> Iterator[T]:
        rows: list[Any] = self._connection.execute(sql, tuple(values)).fetchall()
        return (msgspec.json.decode(body, type=kind) for (body,) in rows)
