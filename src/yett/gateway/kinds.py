"""What the policy lets servers ask of clients: sampling, elicitation, roots."""

from __future__ import annotations

from collections.abc import Mapping

from yett.gateway.published import ActivePolicy
from yett.protocol.server_messages import KINDS


def rule_against(policy: ActivePolicy | None, kind: str) -> str | None:
    """The rule that forbids servers to ask this of clients; None where they may. Shadow mode does not concern it."""
    if policy is None:
        return "(no policy)"
    allowed: Mapping[str, bool] = policy.compiled.policy.server_requests
    if kind in allowed:
        return None if allowed[kind] else f"/server_requests/{kind}"
    return None if policy.compiled.policy.default_allows else "(default deny)"


def kinds_allowed(policy: ActivePolicy | None) -> frozenset[str]:
    """What servers may ask of clients."""
    return frozenset(kind for kind in KINDS if rule_against(policy, kind) is None)
