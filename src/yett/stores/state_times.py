"""How long the ledger waits: for company, for the file, for its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from yett.audit.mode import AuditMode
from yett.ports import Clock

LINGER_S: Final = {AuditMode.STRICT: 0.05, AuditMode.RELAXED: 0.2}
"""How long records that nobody waits for may wait for company."""
LOOP_PATIENCE_S: Final = 0.000_5
"""How long the event loop itself waits while another process writes; then it turns to other work until the next try."""
RETRY_S: Final = 0.002
PROBE_S: Final = 0.25
"""How often a file that failed is tried again."""
CLOSING_PATIENCE_S: Final = 2.0
QUEUE_MAX: Final = 10_000
"""Calls, records and outcomes that wait for the file. What comes beyond is denied; an outcome is lost, its units stay held."""
LOOK_LASTS_S: Final = 0.001
"""How long a look at the counters may overlook what other processes write. Only the transaction decides."""


def surely_past(clock: Clock) -> Callable[[], int]:
    """Now, or less where the clock has jumped ahead: a jump must not make old counters look forgotten."""
    opened_ns, opened_s = clock.now_ns(), clock.monotonic()
    return lambda: min(clock.now_ns(), opened_ns + int((clock.monotonic() - opened_s) * 1e9))
