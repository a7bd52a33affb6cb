"""The machine's clock."""

from __future__ import annotations

import time


class SystemClock:
    """Implements `yett.ports.Clock`."""

    # The library's own functions, for a call asks for the time five times.
    now_ns = staticmethod(time.time_ns)
    monotonic = staticmethod(time.monotonic)
