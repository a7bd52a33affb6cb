"""Where people decide: the requests of state.db for whoever may read them. Each act is one transaction, and stands in the log.

Data planes and `yett run` see it at the next call. It works whether any of them runs or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import apsw
from msgspec.structs import replace

from yett.approvals import lifecycle
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Delegation, Exemption, State, Vote
from yett.stores.approval_rows import ApprovalRows, new_exemption_id
from yett.stores.state_approvals import Consents
from yett.stores.state_file import faults_of, open_writer
from yett.stores.state_rows import INSERT_EVENTS, SELECT_NEWEST, Event, event_row

EVERYTHING: Final = -1
"""No limit, as SQLite has it."""
MakeVote: TypeAlias = Callable[[Approval], Vote | Refusal]
"""Judges who votes by the request as it stands, inside the transaction."""


class ApprovalDesk:
    """One connection to state.db. Used by one thread at a time. Errors of all methods: `StoreFault`."""

    def __init__(self, path: Path, connection: apsw.Connection | None = None) -> None:
        self._path = path
        self._connection = open_writer(path) if connection is None else connection
        self._consents = Consents(self._connection)
        self._rows = ApprovalRows(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # --- looking --------------------------------------------------------------------------------------------------------

    def version(self) -> int:
        """Another number as soon as anybody else has written: whoever watches looks only then."""
        with faults_of(self._path):
            return int(self._connection.pragma("data_version"))

    def get(self, id: str, now_ns: int) -> Approval | None:
        """The request of this id as it stands now."""
        with faults_of(self._path):
            found = self._rows.get(id)
        return None if found is None else lifecycle.current(found, now_ns)

    def listed(
        self,
        *,
        now_ns: int,
        organisation: str | None = None,
        states: Sequence[State] = (),
        limit: int = 100,
        before_ns: int | None = None,
    ) -> list[Approval]:
        """Requests as they stand now, the newest first; of one organisation or of all."""
        with faults_of(self._path):
            found = self._rows.listed(organisation=organisation, states=states, limit=limit, before_ns=before_ns)
        standing = [lifecycle.current(one, now_ns) for one in found]
        return [one for one in standing if not states or one.state in states]

    def tellable(self, now_ns: int, since_ns: int, limit: int) -> list[Approval]:
        """Requests of which people may have to be told, of all organisations, as they stand now."""
        with faults_of(self._path):
            return [lifecycle.current(one, now_ns) for one in self._rows.tellable(since_ns, limit)]

    def exemptions(self, *, now_ns: int, organisation: str | None = None, policy: str | None = None) -> list[Exemption]:
        """Exemptions that hold now."""
        with faults_of(self._path):
            return self._rows.exemptions(organisation=organisation, now_ns=now_ns, policy=policy)

    def delegations(self, organisation: str, now_ns: int) -> list[Delegation]:
        """Delegations of an organisation that hold now, or will."""
        with faults_of(self._path):
            return self._rows.delegations(organisation, now_ns)

    # --- deciding -------------------------------------------------------------------------------------------------------

    def vote(self, id: str, make: MakeVote, now_ns: int) -> Approval | Refusal | None:
        """Have a person say yes or no; the request afterwards, why not, or None where there is no such request."""
        with self._writing() as consents:
            found = self._rows.get(id)
            if found is None:
                return None
            standing = lifecycle.current(found, now_ns)
            vote = make(standing)
            after = vote if isinstance(vote, Refusal) else lifecycle.voted(standing, vote, now_ns)
            if isinstance(after, Approval):
                consents.decided(after, now_ns, new_exemption_id())
            return after

    def withdraw(self, id: str, why: str, actor: str, now_ns: int) -> Approval | Refusal | None:
        """End a request whose answer nobody needs; as `vote`."""
        with self._writing() as consents:
            found = self._rows.get(id)
            if found is None:
                return None
            after = lifecycle.withdrawn(found, why, now_ns)
            if isinstance(after, Approval):
                consents.withdraw(after, now_ns, actor)
            return after

    def end_exemption(self, id: str, actor: str, actor_name: str, now_ns: int) -> Exemption | None:
        """Have people be asked again from now on; None where there is no such exemption, or it has ended."""
        with self._writing() as consents:
            found = self._rows.exemption(id)
            if found is None or found.ended_ns is not None or found.until_ns <= now_ns:
                return None
            return consents.end_exemption(found, now_ns, actor, actor_name)

    def delegate(self, delegation: Delegation, actor: str, now_ns: int) -> None:
        """Write a delegation; one whose end has come ends it. `actor` is who does so."""
        with self._writing() as consents:
            self._delegate(consents, delegation, actor, now_ns)

    def begin_anew(self, why: str, actor: str, now_ns: int) -> None:
        """End all that is open or lets calls pass: after a restore nobody knows what people have denied, used or ended since."""
        with self._writing() as consents:
            for found in self._rows.listed(organisation=None, states=[State.PENDING, State.APPROVED], limit=EVERYTHING):
                after = lifecycle.withdrawn(found, why, now_ns)
                if isinstance(after, Approval):
                    consents.withdraw(after, now_ns, actor)
            for exemption in self._rows.exemptions(organisation=None, now_ns=now_ns):
                consents.end_exemption(exemption, now_ns, actor, actor)
            for delegation in self._rows.delegations(None, now_ns):
                self._delegate(consents, replace(delegation, until_ns=now_ns), actor, now_ns)

    def _delegate(self, consents: Consents, delegation: Delegation, actor: str, now_ns: int) -> None:
        self._rows.put_delegation(delegation)
        detail = {"delegation": delegation.id, "by": delegation.by_name, "to": delegation.to_name}
        detail["organisation"] = delegation.organisation
        action = "delegation_ended" if delegation.until_ns <= now_ns else "delegation_given"
        consents.events.append(Event(now_ns, actor, action, {**detail, "until_ns": delegation.until_ns}))

    def note(self, event: Event) -> None:
        """Write down what somebody tried and may not, so that it is seen."""
        with self._writing() as consents:
            consents.events.append(event)

    def pass_time(self, now_ns: int) -> None:
        """End what time has ended."""
        with self._writing() as consents:
            consents.pass_time(now_ns)

    # --- notices --------------------------------------------------------------------------------------------------------

    def noticed(self, ids: Sequence[str]) -> list[tuple[str, str, str, int, int, bool]]:
        """What was said about these requests: id, channel, kind, when, how often it was tried, whether that is over."""
        with faults_of(self._path):
            sql = "SELECT approval, channel, kind, at_ns, tries, done FROM approval_notices WHERE approval = ?"
            rows: list[Any] = [row for id in ids for row in self._connection.execute(sql, (id,)).fetchall()]
        return [(id, channel, kind, at_ns, tries, bool(done)) for id, channel, kind, at_ns, tries, done in rows]

    def notice(self, id: str, channel: str, kind: str, *, tries: int, done: bool, now_ns: int) -> None:
        """Write down that something was sent, or tried."""
        with faults_of(self._path):
            sql = "INSERT OR REPLACE INTO approval_notices VALUES (?,?,?,?,?,?)"
            self._connection.execute(sql, (id, channel, kind, now_ns, tries, int(done)))

    @contextmanager
    def _writing(self) -> Iterator[Consents]:
        """One transaction: all that is done inside, with its events, or nothing."""
        with faults_of(self._path):
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield self._consents
                self._write_events(cursor)
            except BaseException:
                self._consents.events.clear()
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def _write_events(self, cursor: apsw.Cursor) -> None:
        events, self._consents.events = self._consents.events, []
        newest: Any = cursor.execute(SELECT_NEWEST).get
        for seq, event in enumerate(events, start=int(newest) + 1):
            INSERT_EVENTS.run(cursor, event_row(seq, event))
