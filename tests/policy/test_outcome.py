"""What a refused limit makes of a decision."""

from __future__ import annotations

from decimal import Decimal

import pytest

from yett.policy.decision import Ask, Code, Decision, Effect
from yett.policy.outcome import after_reserve, limit_message
from yett.quota.charge import Amount, Charge, CounterKey
from yett.quota.reserve import Refusal
from yett.quota.windows import Window


def charge(
    window: str = "day", *, scope: str = "grant", maximum: Amount = 100, sliding: bool = False, message: str | None = None
) -> Charge:
    return Charge(
        CounterKey(("o", "s", "g"), "spend", scope, Window(window, sliding)), 1, maximum, "/tools/pay/limits/spend", message
    )


ALLOWED = Decision(
    Effect.ALLOW,
    charges=(charge(),),
    shadow_charges=(charge("hour"),),
    asks=(Ask("/tools/pay/require_approval/always", 60, (), 1),),
)


def test_a_decision_whose_limits_all_fit_stays_as_it_is() -> None:
    assert after_reserve(ALLOWED, None, None) is ALLOWED


def test_a_limit_that_does_not_fit_denies_and_holds_nothing() -> None:
    decision = after_reserve(ALLOWED, Refusal(charge(), 59), None)
    assert (decision.effect, decision.code, decision.rule) == (Effect.DENY, Code.LIMIT_EXCEEDED, "/tools/pay/limits/spend")
    assert decision.retry_after_s == 59
    assert (decision.charges, decision.shadow_charges, decision.asks) == ((), (), ())


def test_an_enforced_limit_wins_over_one_in_shadow() -> None:
    decision = after_reserve(ALLOWED, Refusal(charge(), 59), Refusal(charge("hour"), 5))
    assert (decision.effect, decision.retry_after_s) == (Effect.DENY, 59)


def test_a_limit_in_shadow_that_does_not_fit_lets_the_call_through_and_says_so() -> None:
    decision = after_reserve(ALLOWED, None, Refusal(charge("hour"), 5))
    assert (decision.effect, decision.code, decision.retry_after_s) == (Effect.WOULD_DENY, Code.LIMIT_EXCEEDED, 5)
    assert (decision.charges, decision.shadow_charges) == (ALLOWED.charges, ())


def test_the_first_suppressed_denial_is_the_one_that_stands() -> None:
    before = Decision(Effect.WOULD_DENY, Code.DENY_IF_MATCHED, "/tools/pay/deny_if/always", "no")
    assert after_reserve(before, None, Refusal(charge("hour"), 5)) is before


def test_the_limits_own_words_are_used_where_it_has_some() -> None:
    assert limit_message(Refusal(charge(message="ask finance"), 59)) == "ask finance"
    assert limit_message(Refusal(charge(message="ask finance"), None)) == "ask finance"


@pytest.mark.parametrize(
    ("limit", "retry_after_s", "sentence"),
    [
        (charge(), 59, "limit `spend` (100 a day for this grant) would be exceeded; it opens again in 59 s"),
        (charge("hour"), 3_600, "limit `spend` (100 an hour for this grant) would be exceeded; it opens again in 1 h"),
        (charge("90"), 90, "limit `spend` (100 every 90 s for this grant) would be exceeded; it opens again in 1 min 30 s"),
        (
            charge("90", sliding=True),
            1,
            "limit `spend` (100 in any 90 s for this grant) would be exceeded; it opens again in 1 s",
        ),
        (
            charge("minute", sliding=True, scope="session"),
            60,
            "limit `spend` (100 in any minute for this session) would be exceeded; it opens again in 1 min",
        ),
        (
            charge("month", scope="organisation", maximum=Decimal("0.50")),
            93_784,
            "limit `spend` (0.50 a month for the organisation) would be exceeded; it opens again in 1 d 2 h 3 min 4 s",
        ),
        (
            charge("week", scope="server", maximum=Decimal("1E+2")),
            None,
            "limit `spend` (100 a week for this server) cannot hold what this call adds; ask for no more than the limit",
        ),
    ],
)
def test_the_default_sentence_says_when_the_call_would_pass(limit: Charge, retry_after_s: int | None, sentence: str) -> None:
    assert limit_message(Refusal(limit, retry_after_s)) == sentence


def test_a_tiny_maximum_is_written_with_an_exponent() -> None:
    assert "(5E-324 a day" in limit_message(Refusal(charge(maximum=Decimal("5E-324")), 1))
