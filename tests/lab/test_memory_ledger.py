"""The ledger that scenario files run on."""

from __future__ import annotations

from decimal import Decimal

from yett.lab.memory_ledger import MemoryLedger
from yett.policy.decision import Code, Decision, Effect
from yett.quota.charge import Charge, CounterKey
from yett.quota.windows import NS, Window

START = 1_767_225_600 * NS
DAY = CounterKey(("o", "s", "g"), "n", "grant", Window("day"))
TRIAL = CounterKey(("o", "s", "g"), "n", "grant", Window("day"), shadow=True)
ONE = Decision(Effect.ALLOW, charges=(Charge(DAY, 1, 1, "/tools/t/limits/n"),))
TRIED = Decision(Effect.ALLOW, charges=ONE.charges, shadow_charges=(Charge(TRIAL, 2, 1, "/all_tools/limits/n"),))


def test_a_call_beyond_the_limit_is_denied_until_the_window_ends() -> None:
    ledger = MemoryLedger()
    assert ledger.admit_now(ONE, START).effect is Effect.ALLOW
    denied = ledger.admit_now(ONE, START)
    assert (denied.effect, denied.code, denied.retry_after_s) == (Effect.DENY, Code.LIMIT_EXCEEDED, 86_400)
    assert ledger.holds == ()
    assert ledger.admit_now(ONE, START + 86_400 * NS).effect is Effect.ALLOW


def test_what_surely_did_not_run_is_given_back_in_its_own_window() -> None:
    ledger = MemoryLedger()
    ledger.admit_now(ONE, START)
    first = ledger.holds
    ledger.admit_now(ONE, START + 86_400 * NS)
    ledger.settle(first, ran=False)
    assert ledger.usage([DAY], START)[DAY] == {20_454: 0, 20_455: 1}


def test_what_ran_keeps_its_units() -> None:
    ledger = MemoryLedger()
    ledger.admit_now(ONE, START)
    ledger.settle(ledger.holds, ran=True)
    assert ledger.admit_now(ONE, START).effect is Effect.DENY


def test_a_shadow_limit_that_does_not_fit_takes_nothing_and_lets_the_call_through() -> None:
    ledger = MemoryLedger()
    assert ledger.admit_now(TRIED, START).effect is Effect.WOULD_DENY
    assert [hold.key for hold in ledger.holds] == [DAY]


def test_a_denied_call_takes_nothing() -> None:
    ledger = MemoryLedger()
    denied = Decision(Effect.DENY, Code.NOT_LISTED, "(default deny)", "no")
    assert ledger.admit_now(denied, START) is denied
    assert ledger.usage([DAY], START) == {}


def test_giving_back_after_a_reset_leaves_the_counter_empty() -> None:
    ledger = MemoryLedger()
    ledger.admit_now(Decision(Effect.ALLOW, charges=(Charge(DAY, Decimal("0.5"), 1, "r"),)), START)
    ledger.reset(DAY)
    ledger.settle(ledger.holds, ran=False)
    assert ledger.usage([DAY], START) == {}
