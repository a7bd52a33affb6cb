"""Which outcomes give reservations back."""

from __future__ import annotations

import pytest

from yett.audit.mode import AuditMode
from yett.audit.record import Outcome, Result


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Result.NOT_SENT, 0),
        *(Outcome(Result.RPC_ERROR, 0, 200, code) for code in (-32700, -32600, -32601)),
        *(Outcome(Result.HTTP_ERROR, 0, status) for status in (401, 404, 405, 406, 413, 415, 429)),
    ],
    ids=str,
)
def test_what_surely_did_not_run_gives_its_units_back(outcome: Outcome) -> None:
    assert outcome.surely_did_not_run


@pytest.mark.parametrize(
    "outcome",
    [
        *(Outcome(result, 0) for result in Result if result is not Result.NOT_SENT),
        *(Outcome(Result.RPC_ERROR, 0, 200, code) for code in (-32602, -32603, -32000, 0, 1)),
        *(Outcome(Result.HTTP_ERROR, 0, status) for status in (400, 403, 408, 409, 500, 502, 503, 504)),
        *(Outcome(Result.OK, 0, status) for status in (200, 404)),
    ],
    ids=str,
)
def test_every_doubt_keeps_them(outcome: Outcome) -> None:
    assert not outcome.surely_did_not_run


def test_the_audit_modes_are_named_as_in_the_settings() -> None:
    assert [AuditMode("strict"), AuditMode("relaxed")] == [AuditMode.STRICT, AuditMode.RELAXED]
