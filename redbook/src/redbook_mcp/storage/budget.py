"""Pictures counted by day, durably and across processes. What cannot be read lets nothing be spent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.storage import files, locks
from redbook_mcp.storage.faults import storage_faults
from redbook_mcp.storage.members import BadRecord, Members, count, one_of, parse

DAYS_KEPT: Final = 90
_SCHEMA: Final = 1
_FILE: Final = "budget.json"
_LOCK: Final = ".budget.lock"
_BYTES_MAX: Final = 64 * 1024
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Budget:
    """The ledger `budget.json` of a folder."""

    def __init__(self, root: Path, lock_wait_s: float) -> None:
        self._root = root
        self._wait_s = lock_wait_s

    def spend(self, day: str, images: int, limit: int | None) -> None:
        """Count `images` against `day`. Errors: BUDGET_EXCEEDED if that made more than `limit`; nothing is counted then."""

        def counted(spent: int) -> int:
            if limit is not None and spent + images > limit:
                raise RedBookError(
                    Code.BUDGET_EXCEEDED,
                    f"{images} more would make {spent + images} pictures on {day}, at most {limit} are allowed in a day (UTC); "
                    "wait for tomorrow, use provider local, or raise REDBOOK_IMAGES_PER_DAY",
                )
            return spent + images

        self._change(day, images, counted)

    def give_back(self, day: str, images: int) -> None:
        """Take back what was counted; never below nothing."""
        self._change(day, images, lambda spent: max(0, spent - images))

    def spent(self, day: str) -> int:
        """What is counted for a day."""
        _check(day, 1)
        with storage_faults(Code.RETRIEVAL_FAILED, "read budget.json"), files.folder(self._root) as folder:
            return self._days(folder).get(day, 0)

    def _change(self, day: str, images: int, edit: Callable[[int], int]) -> None:
        _check(day, images)
        with storage_faults(Code.UPDATE_FAILED, "write budget.json"), files.folder(self._root) as folder, self._locked(folder):
            days = self._days(folder)
            days[day] = edit(days.get(day, 0))
            kept = dict(sorted(days.items())[-DAYS_KEPT:])
            # An old day that was given back to falls out at once; what matters is that the day asked about stays.
            kept.setdefault(day, days[day])
            files.write(folder, _FILE, json.dumps({"schema": _SCHEMA, "days": kept}, indent=2).encode() + b"\n")

    def _locked(self, folder: int) -> AbstractContextManager[None]:
        busy = RedBookError(Code.CONFLICT, "the budget is being changed by somebody else; try again", retryable=True)
        return locks.held(folder, _LOCK, wait_s=self._wait_s, busy=lambda _: busy)

    def _days(self, folder: int) -> dict[str, int]:
        try:
            members = Members(parse(files.read(folder, _FILE, _BYTES_MAX)), "budget")
            members.take("schema", one_of((_SCHEMA,)))
            days = members.take("days", _counts)
            members.end()
        except FileNotFoundError:
            return {}
        except BadRecord as error:
            raise RedBookError(
                Code.RETRIEVAL_FAILED, f"cannot read {self._root / _FILE}: {error}; mend it, or remove it to count from nothing"
            ) from None
        return days


def _check(day: str, images: int) -> None:
    if not _DAY.fullmatch(day) or images < 1:
        raise RedBookError(Code.INVALID_INPUT, "a budget counts at least one picture on a day such as 2026-01-31")


def _counts(value: object, place: str) -> dict[str, int]:
    if not isinstance(value, dict) or not all(_DAY.fullmatch(name) for name in value):
        raise BadRecord(f"{place}: must be numbers by day")
    return {name: count(number, f"{place}.{name}") for name, number in value.items()}
