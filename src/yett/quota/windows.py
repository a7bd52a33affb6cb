"""Windows of time in which a counter counts. Pure; time is an integer of nanoseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

NS: Final = 1_000_000_000
SLIDING_PARTS: Final = 60
"""A sliding window is counted in this many parts; the current part and this many before it count."""

_FIXED_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_WEEK_OFFSET_DAYS: Final = 3  # 1970-01-01 was a Thursday; ISO weeks start on Monday.
SECONDS_MAX: Final = 31_536_000


@dataclass(frozen=True, slots=True)
class Window:
    """One window as written in a policy: `minute`, `hour`, `day`, `week`, `month`, or whole seconds in decimal.

    `bucket(now)` numbers the stretch of time that holds `now`; `opens(bucket)` is the first instant of a bucket. A fixed window
    is one bucket; a sliding window is `SLIDING_PARTS + 1` consecutive buckets, each a sixtieth of its length.
    """

    name: str
    sliding: bool = False

    @property
    def seconds(self) -> int:
        """Length in seconds; a month has none and raises `KeyError`."""
        return int(self.name) if self.name.isdecimal() else _FIXED_SECONDS[self.name]

    @property
    def buckets_counted(self) -> int:
        """How many buckets, the newest included, count against the limit."""
        return SLIDING_PARTS + 1 if self.sliding else 1

    def bucket(self, now_ns: int) -> int:
        """Number of the bucket that holds `now_ns`."""
        if self.sliding:
            return now_ns * SLIDING_PARTS // (self.seconds * NS)
        if self.name == "month":
            moment = datetime.fromtimestamp(now_ns // NS, UTC)
            return moment.year * 12 + moment.month - 1
        return (now_ns + self._offset_ns) // (self.seconds * NS)

    def opens(self, bucket: int) -> int:
        """First instant of `bucket`, in ns."""
        if self.sliding:
            return -(-bucket * self.seconds * NS // SLIDING_PARTS)
        if self.name == "month":
            return int(datetime(bucket // 12, bucket % 12 + 1, 1, tzinfo=UTC).timestamp()) * NS
        return bucket * self.seconds * NS - self._offset_ns

    @property
    def _offset_ns(self) -> int:
        return _WEEK_OFFSET_DAYS * _FIXED_SECONDS["day"] * NS if self.name == "week" else 0
