"""Windows of time in which a counter counts. Pure; time is an integer of nanoseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

NS: Final = 1_000_000_000
SLIDING_PARTS: Final = 60
"""A sliding window is counted in this many parts; the current part and this many before it count."""
SLIDING_SECONDS_MAX: Final = 86_400
SECONDS_MAX: Final = 31_536_000

_NAMED_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 0}
_WEEK_OFFSET_NS: Final = 3 * 86_400 * NS  # 1970-01-01 was a Thursday; ISO weeks start on Monday.


@dataclass(frozen=True, slots=True)
class Window:
    """One window as written in a policy: `minute`, `hour`, `day`, `week`, `month`, or whole seconds in decimal.

    `bucket(now)` numbers the stretch of time that holds `now`; `opens(bucket)` is the first instant of a bucket. A fixed window
    is one bucket; a sliding window is `SLIDING_PARTS + 1` consecutive buckets, each a sixtieth of its length. Which windows may
    slide is the parser's to check. Errors: `KeyError` for a name that is none of these.
    """

    name: str
    sliding: bool = False
    buckets_counted: int = field(init=False, repr=False, compare=False)
    """How many buckets, the newest included, count against the limit."""
    _length_ns: int = field(init=False, repr=False, compare=False)
    """0 for a month, which has no fixed length."""
    _offset_ns: int = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        seconds = int(self.name) if self.name.isdecimal() else _NAMED_SECONDS[self.name]
        # Worked out once: a window is made when a policy is compiled and asked at every call.
        object.__setattr__(self, "buckets_counted", SLIDING_PARTS + 1 if self.sliding else 1)
        object.__setattr__(self, "_length_ns", seconds * NS)
        object.__setattr__(self, "_offset_ns", _WEEK_OFFSET_NS if self.name == "week" and not self.sliding else 0)
        object.__setattr__(self, "_hash", hash((self.name, self.sliding)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def seconds(self) -> int:
        """Length in seconds; 0 for a month, which has no fixed length."""
        return self._length_ns // NS

    def bucket(self, now_ns: int) -> int:
        """Number of the bucket that holds `now_ns`."""
        if not self._length_ns:
            moment = datetime.fromtimestamp(now_ns // NS, UTC)
            return moment.year * 12 + moment.month - 1
        if self.sliding:
            return now_ns * SLIDING_PARTS // self._length_ns
        return (now_ns + self._offset_ns) // self._length_ns

    def opens(self, bucket: int) -> int:
        """First instant of `bucket`, in ns."""
        if not self._length_ns:
            return int(datetime(bucket // 12, bucket % 12 + 1, 1, tzinfo=UTC).timestamp()) * NS
        if self.sliding:
            return -(-bucket * self._length_ns // SLIDING_PARTS)
        return bucket * self._length_ns - self._offset_ns

    def closed_for_good(self, bucket: int) -> int:
        """First instant at which nothing charged in `bucket` counts any more, in ns."""
        return self.opens(bucket + self.buckets_counted)
