"""What the control plane remembers of servers as a whole, and of who is told of changes, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStanding:
    """How a server stood when it was last looked at."""

    server_id: str
    grade: str | None
    auth: str | None
    verification: str
    basis: str
    """Digest of what the grade was made of."""
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Somebody who is told of changes."""

    id: str
    url: str
    severity: int
    """From 0 (Low) to 3 (Critical): graver ones only."""
    kinds: tuple[str, ...]
    """Of changes; empty for all."""
    created_by: str
    created_at_ns: int
    cursor: int
    """The number of the last change that was told."""
    batch_last: int | None = None
    """The last change of the delivery that is under way, which is repeated as it was."""
    failures: int = 0
    """Deliveries that failed since the last one that did not."""
    state: str = "active"
    """`active`, or `dead` after too many failures."""
    problem: str | None = None
    due_at_ns: int | None = None
    """When it is tried again; None for at once."""
    delivered_at_ns: int | None = None
