"""Records as rows: every column in its place, and no text or number of a stranger that keeps a record out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from tests.stores.ledger_cases import DENIED, OK, allow, call, limit, opened, rows
from tests.support.clock import START_NS
from yett.audit.record import Outcome, Refused, Result, SecurityRecord
from yett.stores.state_rows import Event, call_row, event_row, outcome_row, security_row
from yett.stores.state_sql import Insert

pytestmark = pytest.mark.anyio

DAY = START_NS // 86_400_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def test_a_record_holds_everything_the_log_promises(path: Path) -> None:
    async with opened(path) as store:
        wanted = call(allow(limit(maximum=5, amount=Decimal("0.5"))), request_id="r1")
        admission = await store.admit(wanted)
        assert admission.receipt is not None
        store.settle(admission.receipt, Outcome(Result.RPC_ERROR, START_NS + 5, 200, -32603, 1_500, 100, 200))
    [(seq, *written, reservations)] = rows(path, "SELECT * FROM calls")
    number = rows(path, "SELECT id FROM counters")[0][0]
    assert json.loads(reservations) == [[number, "n", DAY, "0.5"]]
    assert written == [
        *(START_NS, "r1", "g1", "billing agent", "s1", "srv", "payments", "tools/call", "pay", "payments", "1-0123456789ab"),
        *("allow", None, None, None, None, '["amount","currency"]', "ab" * 32, "127.0.0.1"),
    ]
    assert rows(path, "SELECT * FROM outcomes") == [(seq, START_NS + 5, "rpc_error", 200, -32603, 1_500, 100, 200, 0)]


async def test_every_row_has_a_value_for_every_column(path: Path) -> None:
    async with opened(path):
        pass
    made = {
        "calls": call_row(1, call(), DENIED, "[]"),
        "outcomes": outcome_row(1, OK, given_back=False),
        "security": security_row(1, SecurityRecord(START_NS, "r", Refused.TOKEN, "no")),
        "events": event_row(1, Event(START_NS, "ann", "limits_reset", {})),
    }
    for table, row in made.items():
        assert len(rows(path, f"PRAGMA table_info({table})")) == len(row)


async def test_text_of_strangers_is_kept_valid_and_short(path: Path) -> None:
    names = ("\ud800", "a\nb", "\x00", "\x1b[2J", "‮", '"', "x" * 5_000, *(f"k{n}" for n in range(100)))
    async with opened(path) as store:
        store.note(call(DENIED, target="t\ud83d\x00" + "x" * 1_000_000, argument_keys=names))
        admission = await store.admit(call())
        assert admission.receipt is not None
        store.settle(admission.receipt, Outcome(Result.RPC_ERROR, START_NS, rpc_code=-(10**40)))
    [(target, keys), _] = rows(path, "SELECT target, argument_keys FROM calls")
    assert len(target) < 1_200
    assert target.endswith("…)")
    assert len(json.loads(keys)) == 65
    assert json.loads(keys)[1:6] == ["a\nb", "\x00", "\x1b[2J", "‮", '"']
    assert rows(path, "SELECT rpc_code FROM outcomes") == [(-(2**63) + 1,)]


@pytest.mark.parametrize("number", [0, 1, 3, 63, 64, 65, 150])
def test_any_number_of_rows_is_inserted_in_order(number: int) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE pairs (a INTEGER, b TEXT)")
    Insert("INSERT INTO pairs VALUES ", 2).run(connection.cursor(), [cell for n in range(number) for cell in (n, f"n{n}")])
    assert connection.execute("SELECT a, b FROM pairs").fetchall() == [(n, f"n{n}") for n in range(number)]


def test_what_a_column_cannot_hold_is_written_as_near_as_it_can_be() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE cells (a)")
    Insert("INSERT INTO cells VALUES ", 1).run(connection.cursor(), ["\ud800", 2**70, -(2**70), None, "ok"])
    assert [cell for (cell,) in connection.execute("SELECT a FROM cells")] == ["\\ud800", 2**63 - 1, -(2**63) + 1, None, "ok"]
