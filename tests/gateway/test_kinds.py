"""What the policy lets servers ask of clients."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import Gate, grant
from yett.gateway.kinds import kinds_allowed, rule_against
from yett.protocol.server_messages import KINDS

ALLOWED = pytest.mark.parametrize(
    ("document", "allowed"),
    [
        ({"default": "allow"}, KINDS),
        ({"default": "deny"}, set()),
        ({"default": "deny", "mode": "shadow"}, set()),
        ({"default": "deny", "server_requests": {"roots": "allow"}}, {"roots"}),
        ({"default": "allow", "server_requests": {"roots": "deny"}}, KINDS - {"roots"}),
        ({"default": "allow", "server_requests": {"roots": "deny"}, "mode": "shadow"}, KINDS - {"roots"}),
    ],
)


@ALLOWED
def test_a_key_decides_and_else_the_default_and_shadow_mode_never(document: dict[str, Any], allowed: set[str]) -> None:
    gate = Gate()
    gate.publish({"version": "1", **document})
    policy = gate.route().caller.policy
    assert kinds_allowed(policy) == gate.route().kinds() == allowed
    assert {kind for kind in KINDS if rule_against(policy, kind) is None} == allowed


def test_without_a_policy_nothing_may_be_asked() -> None:
    gate = Gate()
    gate.publish({"version": "1", "default": "allow"}, grants=[grant(policy=None)])
    assert kinds_allowed(gate.route().caller.policy) == frozenset()
    assert rule_against(None, "roots") == "(no policy)"


def test_the_rule_is_named_as_the_language_says() -> None:
    gate = Gate()
    gate.publish({"version": "1", "default": "deny", "server_requests": {"sampling": "deny"}})
    policy = gate.route().caller.policy
    assert (rule_against(policy, "sampling"), rule_against(policy, "roots")) == ("/server_requests/sampling", "(default deny)")
