"""Values of the decision log as rows of state.db. The order of values is the order of columns in `state_schema.sql`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from yett.audit.clip import clip, clip_keys
from yett.audit.record import CallRecord, Outcome, SecurityRecord
from yett.policy.decision import Decision
from yett.stores.state_sql import Cell, Insert

MESSAGE_MAX: Final = 4_096
"""Characters of a denial's message that are kept; a policy may hold longer ones."""
INSERT_CALLS: Final = Insert("INSERT INTO calls VALUES ", 21)
INSERT_OUTCOMES: Final = Insert("INSERT OR IGNORE INTO outcomes VALUES ", 9)
"""The first outcome of a call stands."""
INSERT_TASKS: Final = Insert("INSERT OR IGNORE INTO tasks VALUES ", 2)
INSERT_CONSENTS: Final = Insert("INSERT OR IGNORE INTO consents VALUES ", 2)
INSERT_SECURITY: Final = Insert("INSERT INTO security VALUES ", 10)
SELECT_NEWEST: Final = (
    "SELECT max(ifnull((SELECT max(seq) FROM calls), 0), ifnull((SELECT max(seq) FROM security), 0), "
    "ifnull((SELECT max(seq) FROM events), 0))"
)
"""The highest sequence number in use."""
INSERT_EVENTS: Final = Insert("INSERT INTO events VALUES ", 5)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person or the store itself did to the file."""

    at_ns: int
    actor: str
    action: str
    detail: Mapping[str, object]


def call_row(seq: int, record: CallRecord, decision: Decision, reservations: str) -> tuple[Cell, ...]:
    """A judged call, with the decision that stands after its limits were reserved."""
    code, message = decision.code, decision.message
    return (
        seq,
        record.at_ns,
        record.request_id,
        record.grant_id,
        record.grant_label,
        record.session,
        record.server_id,
        record.server_name,
        record.method,
        clip(record.target),
        record.policy,
        record.policy_revision,
        decision.effect._value_,  # as `value`, without the call of a property
        None if code is None else code._value_,
        decision.rule,
        None if message is None else clip(message, MESSAGE_MAX),
        decision.retry_after_s,
        clip_keys(record.argument_keys),
        record.arguments_digest,
        record.client_ip,
        reservations,
    )


def outcome_row(seq: int, outcome: Outcome, *, given_back: bool) -> tuple[Cell, ...]:
    """What became of the call `seq`."""
    return (
        seq,
        outcome.at_ns,
        outcome.result._value_,  # as `value`, without the call of a property
        outcome.http_status,
        outcome.rpc_code,
        outcome.latency_us,
        outcome.request_bytes,
        outcome.response_bytes,
        int(given_back),
    )


def security_row(seq: int, record: SecurityRecord) -> tuple[Cell, ...]:
    """A request that never became a call."""
    return (
        seq,
        record.at_ns,
        record.request_id,
        record.kind.value,
        clip(record.reason),
        record.server,
        record.grant_id,
        record.client_ip,
        record.body_digest,
        record.body_bytes,
    )


def event_row(seq: int, event: Event) -> tuple[Cell, ...]:
    """Something that was done to the file."""
    return (seq, event.at_ns, event.actor, event.action, json.dumps(dict(event.detail), ensure_ascii=False))
