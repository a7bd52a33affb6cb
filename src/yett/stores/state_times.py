"""How long the ledger waits: for company, for the file, for its end."""

from __future__ import annotations

from typing import Final

from yett.audit.mode import AuditMode

LINGER_S: Final = {AuditMode.STRICT: 0.05, AuditMode.RELAXED: 0.2}
"""How long records that nobody waits for may wait for company."""
LOOP_PATIENCE_S: Final = 0.000_5
"""How long the event loop itself waits while another process writes; then it turns to other work until the next try."""
RETRY_S: Final = 0.002
PROBE_S: Final = 0.25
"""How often a file that failed is tried again."""
CLOSING_PATIENCE_S: Final = 2.0
