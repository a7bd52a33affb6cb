"""Policies are values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from tests.support.policies import policy, read
from yett.policy.model import ApprovalEntry, Entry, Policy, Rule


def test_an_empty_rule_demands_nothing() -> None:
    assert Rule() == Rule(require=(), deny_if=(), require_approval=(), limits=(), validate_arguments=None, mode=None)


def test_a_policy_that_was_read_cannot_be_changed() -> None:
    found = read(policy(tools={"a": {"deny_if": [{"conditions": []}]}}))
    with pytest.raises(FrozenInstanceError):
        found.default_allows = True  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        found.tools["b"] = Rule()  # type: ignore[index]  # that is the point
    with pytest.raises(FrozenInstanceError):
        found.tools["a"].deny_if[0].on_deny = "x"  # type: ignore[misc]  # that is the point


def test_policies_that_say_the_same_are_equal() -> None:
    assert Policy(default_allows=False) == read(policy())
    assert Policy(default_allows=False, risk={}) != Policy(default_allows=False)


def test_an_approval_is_an_entry_that_asks_any_admin_for_half_an_hour() -> None:
    entry = ApprovalEntry(())
    assert isinstance(entry, Entry)
    assert (entry.timeout_s, entry.approvers, entry.quorum) == (1_800, (), 1)
