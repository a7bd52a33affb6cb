"""How much is tried: `make test` runs a tenth of `make nightly`, with fixed seeds."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

NIGHTLY: Final = os.environ.get("YETT_NIGHTLY", "") not in {"", "0"}
"""Set by `make nightly`: full counts, fresh seeds."""


def times(count: int) -> int:
    """`count`, or ten times as many at night."""
    return count * 10 if NIGHTLY else count


def examples(count: int) -> settings:
    """Hypothesis settings for `count` examples with a fixed seed; at night ten times as many with a fresh one.

    How long anything takes is no finding: machines are busy.
    """
    slow = [HealthCheck.too_slow]
    return settings(max_examples=times(count), deadline=None, derandomize=not NIGHTLY, suppress_health_check=slow)
