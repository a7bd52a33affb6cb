"""Every reason of a denial has its remedy."""

from __future__ import annotations

import pytest

from yett.policy.decision import Code, Effect
from yett.registry_server.remedies import ALLOWED, REFUSED, REMEDIES, condition, remedy


def test_every_reason_code_is_explained() -> None:
    assert set(REMEDIES) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_denial_is_explained_by_its_code(code: Code) -> None:
    assert remedy("deny", code.value) == REMEDIES[code]


def test_other_decisions_say_what_they_were() -> None:
    assert remedy("allow", None) == ALLOWED
    assert remedy("refused", "token") == REFUSED
    assert "shadow" in remedy("would_deny", "limit_exceeded").means
    assert "approve" in remedy("approval", None).means
    assert remedy("deny", "never heard of").means == "the policy denies it"
    assert all(remedy(effect.value, None).passes for effect in Effect)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("/tools/pay/deny_if/args.amount-gt", "`args.amount`, by `gt`"),
        ("/tools/pay/require/args.to-starts_with#2", "`args.to`, by `starts_with`"),
        ("/all_tools/limits/calls-per-minute", None),
        ("(default deny)", None),
        (None, None),
    ],
)
def test_the_argument_that_a_rule_looks_at_is_named(rule: str | None, shown: str | None) -> None:
    assert condition(rule) == shown
