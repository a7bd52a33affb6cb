"""Counters of state.db inside one transaction, with a memory that other processes' writes make void."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import apsw
from msgspec import Struct

from yett.audit.record import CallRecord, Outcome, Reservation
from yett.ports import Receipt
from yett.quota.charge import Amount, Buckets, Charge, CounterKey, Usage, add, amount_text, read_amount, subtract
from yett.quota.reserve import counted, current_bucket
from yett.quota.windows import Window
from yett.stores.state_sql import Cell, Insert

COUNTERS_CACHED_MAX: Final = 20_000
"""Counters kept in memory, some 1 KB each; the ones loaded first are dropped first."""
PLANS_MAX: Final = 1_024
"""Plans kept in memory, some 1 KB each; the oldest are dropped first."""
PRUNE_AFTER_NS: Final = 2 * 86_400 * 1_000_000_000
"""How long a counter that no longer counts is kept: a clock that was a day ahead must not have emptied it."""
PRUNED_AT_ONCE: Final = 50
"""Counters deleted in one transaction at most: calls wait for it."""

_UPSERT_BUCKETS: Final = Insert(
    "INSERT INTO buckets (counter, bucket, amount) VALUES ", 3, " ON CONFLICT DO UPDATE SET amount = excluded.amount"
)

Held: TypeAlias = tuple[tuple[Reservation, ...], str]
"""What is held, as values and as the text in the record."""


class Counter:
    """One counter as this process knows it."""

    __slots__ = ("_buckets", "encoded", "ends_ns", "id", "label", "open", "others", "place", "shown", "total")

    def __init__(self, number: int, name: str, encoded: str, buckets: Buckets | None = None) -> None:
        self.id = number
        self.encoded = encoded
        self.label = f"[{number},{json.dumps(name, ensure_ascii=False)},"
        """How a reservation on it begins in a record."""
        self.shown: set[tuple[Amount, str]] = set()
        """Pairs of maximum and rule that were written beside it. Two rules may share it; writing each in turn helps nobody."""
        self.open: int | None = None
        """The newest bucket while it may be charged at once: then `total` is what is in it. None: it may not."""
        self.total: Amount = 0
        self.others: Amount = 0
        """What the buckets before the open one add to what counts, as long as it is the newest."""
        self.ends_ns = 0
        """When the open bucket ends."""
        self.place = (number, 0)
        """Id and open bucket: where `total` goes in the file."""
        self._buckets: Buckets = buckets or {}

    @property
    def buckets(self) -> Buckets:
        """What it holds. A value: it is replaced, never changed, for others may hold it."""
        bucket = self.open
        if bucket is not None and self._buckets[bucket] != self.total:
            self._buckets = {**self._buckets, bucket: self.total}
        return self._buckets

    def replace(self, buckets: Buckets) -> None:
        """Hold this from now on; what was planned on the old content is void."""
        self.open = None
        self._buckets = buckets

    def may_be_charged(self, window: Window, at_ns: int) -> bool:
        """Have the newest bucket open to be charged at once. Not so where a charge at `at_ns` opens another."""
        if self.open is not None:
            return at_ns < self.ends_ns
        buckets = self._buckets
        newest = current_bucket(window, buckets, at_ns)
        if newest not in buckets:
            return False
        total = buckets[newest]
        self.open, self.total, self.others = newest, total, subtract(counted(window, buckets, at_ns), total)
        self.ends_ns, self.place = window.opens(newest + 1), (self.id, newest)
        return True


class Plan(Struct, frozen=True, gc=False):
    """How to reserve these charges as long as their buckets are the newest: worked out once for many calls."""

    charges: tuple[Charge, ...]
    until_ns: int
    """When the first of the buckets ends."""
    steps: tuple[tuple[Counter, int, int, int], ...]
    """Of each counter, all different: itself, the bucket, what is added, and the most that the bucket may then hold."""
    held: tuple[Reservation, ...]
    text: str


class Counters:
    """Reads and writes counters over one connection. Used by one thread at a time.

    Errors: `apsw.Error`; after one inside a transaction call `forget`.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._cursor = connection.cursor()
        self._known: dict[CounterKey, Counter | None] = {}
        self.version = -1
        """Changes whenever another connection has committed, once `refresh` has looked."""
        self._changed: dict[tuple[int, int], Amount] = {}
        self._plans: dict[int, Plan] = {}
        """By identity of the charges: callers and what they ask for come again and again, and with them the same charges."""
        self._once: dict[int, tuple[Charge, ...]] = {}
        """Charges that came once: what comes only once is not worth a plan."""

    def refresh(self) -> None:
        """Forget what another connection may have changed."""
        version: Any = self._cursor.execute("PRAGMA data_version").get
        if version != self.version:
            self.forget()
            self.version = version
        # Never in the middle of a transaction: a counter charged there is not yet in the file.
        while len(self._known) > COUNTERS_CACHED_MAX:
            self._drop(next(iter(self._known)))

    def forget(self) -> None:
        """Drop everything in memory."""
        self._known.clear()
        self._changed.clear()
        self._plans.clear()
        self._once.clear()

    def _drop(self, key: CounterKey) -> None:
        counter = self._known.pop(key, None)
        if counter is not None:
            counter.open = None

    def usage(self, keys: Iterable[CounterKey]) -> dict[CounterKey, Buckets]:
        """The contents of these counters, those charged in this transaction included."""
        found = {}
        for key in keys:
            counter = self._known.get(key) or self._seek(key)
            if counter is not None:
                found[key] = counter.buckets
        return found

    def reserve_at_once(self, charges: tuple[Charge, ...], at_ns: int) -> Held | None:
        """As `reserve` where all charges fit and nothing but sums changes; None, and nothing done, where that is not plain."""
        plan = self._plans.get(id(charges))
        if plan is None or plan.charges is not charges or at_ns >= plan.until_ns:
            return self._reserve_in_one_pass(charges, at_ns)
        for counter, bucket, amount, most in plan.steps:
            if counter.open != bucket or type(counter.total) is not int:
                return self._reserve_in_one_pass(charges, at_ns)
            if counter.total + amount > most:
                return None
        changed = self._changed
        for counter, _, amount, _ in plan.steps:
            changed[counter.place] = counter.total = counter.total + amount
        return plan.held, plan.text

    def _reserve_in_one_pass(self, charges: tuple[Charge, ...], at_ns: int) -> Held | None:
        """The same without a plan; makes one for charges that came before."""
        totals: dict[tuple[int, int], Amount] = {}
        charged: list[Counter] = []
        for key, amount, maximum, rule, _ in charges:
            counter = self._known.get(key)
            if counter is None or (maximum, rule) not in counter.shown:
                return None
            if (counter.open is None or at_ns >= counter.ends_ns) and not counter.may_be_charged(key.window, at_ns):
                return None
            total = totals[counter.place] = add(counter.total, amount)
            if (add(total, counter.others) if counter.others else total) > maximum:
                return None
            charged.append(counter)
        if len(totals) < len(charged):
            return None  # two charges on one counter are each checked against what both add
        held: list[Reservation] = []
        texts: list[str] = []
        alike = True
        for counter, total, charge in zip(charged, totals.values(), charges, strict=True):
            counter.total, amount, bucket = total, charge.amount, counter.place[1]
            held.append(Reservation(counter.encoded, counter.id, bucket, amount))
            texts.append(f'{counter.label}{bucket},"{amount}"]')
            alike = alike and amount == 1
        self._changed.update(totals)
        done = tuple(held), f"[{','.join(texts)}]"
        if alike:  # other amounts are a call's own, and do not come again
            self._remember(charges, charged, done)
        return done

    def _remember(self, charges: tuple[Charge, ...], charged: Sequence[Counter], done: Held) -> None:
        """Make a plan of charges of whole numbers that came twice."""
        if self._once.get(id(charges)) is not charges:
            self._once[id(charges)] = charges
            if len(self._once) > PLANS_MAX:
                del self._once[next(iter(self._once))]
            return
        planned = []
        for charge, counter in zip(charges, charged, strict=True):
            amount = charge.amount
            if not (isinstance(amount, int) and isinstance(charge.maximum, int) and isinstance(counter.others, int)):
                return
            planned.append((counter, counter.place[1], amount, charge.maximum - counter.others))
        until_ns = min(counter.ends_ns for counter in charged)
        self._plans[id(charges)] = Plan(charges, until_ns, tuple(planned), *done)
        if len(self._plans) > PLANS_MAX:
            del self._plans[next(iter(self._plans))]

    def reserve(self, charges: Sequence[Charge], record: CallRecord) -> Held:
        """Add what the charges ask for, in memory until `write`.

        `usage` of all their counters must have been asked in this transaction.
        """
        held, texts = [], []
        for charge in charges:
            key, amount = charge.key, charge.amount
            counter = self._known[key]
            if counter is None or (charge.maximum, charge.rule) not in counter.shown:
                counter = self._show(charge, counter, record)
            buckets = counter.buckets
            bucket = current_bucket(key.window, buckets, record.at_ns)
            before = buckets.get(bucket)
            if before is None:
                buckets = self._open_bucket(key.window, counter, bucket)
            total = amount if before is None else add(before, amount)
            counter.replace({**buckets, bucket: total})
            self._changed[counter.id, bucket] = total
            held.append(Reservation(counter.encoded, counter.id, bucket, amount))
            texts.append(f'{counter.label}{bucket},"{amount}"]')
        return tuple(held), f"[{','.join(texts)}]"

    def write(self) -> None:
        """Write the charges of this transaction, each counter once."""
        if self._changed:
            flat: list[Cell] = []
            for (counter, bucket), amount in self._changed.items():
                flat += (counter, bucket, amount_text(amount))
            _UPSERT_BUCKETS.run(self._cursor, flat)
            self._changed.clear()

    def give_back(self, reservations: Iterable[Reservation]) -> None:
        """Take units off the buckets in which they were reserved. Nothing is taken where a reset or the prune came between."""
        for held in reservations:
            row: Any = self._cursor.execute(
                "SELECT amount FROM buckets WHERE counter = ? AND bucket = ?", (held.counter_id, held.bucket)
            ).get
            if row is not None:
                left = subtract(read_amount(row), held.amount)
                self._cursor.execute(
                    "UPDATE buckets SET amount = ? WHERE counter = ? AND bucket = ?",
                    (amount_text(left), held.counter_id, held.bucket),
                )
                self._drop(CounterKey.decode(held.counter))

    def prune(self, surely_past_ns: int) -> int:
        """Delete counters that stopped counting long before, some at a time; how many."""
        old: list[Any] = self._cursor.execute(
            "SELECT id, key FROM counters WHERE counts_until_ns < ? LIMIT ?", (surely_past_ns - PRUNE_AFTER_NS, PRUNED_AT_ONCE)
        ).fetchall()
        for number, encoded in old:
            self._cursor.execute("DELETE FROM buckets WHERE counter = ?", (number,))
            self._cursor.execute("DELETE FROM counters WHERE id = ?", (number,))
            self._drop(CounterKey.decode(encoded))
        return len(old)

    def _seek(self, key: CounterKey) -> Counter | None:
        return None if key in self._known else self._load(key)

    def _load(self, key: CounterKey) -> Counter | None:
        encoded = key.encode()
        rows: list[Any] = self._cursor.execute(
            "SELECT id, maximum, rule, bucket, amount FROM counters LEFT JOIN buckets ON counter = id WHERE key = ?",
            (encoded,),
        ).fetchall()
        counter = None
        if rows:
            number, maximum, rule, _, _ = rows[0]
            buckets = {bucket: read_amount(amount) for *_, bucket, amount in rows if bucket is not None}
            counter = Counter(number, key.name, encoded, buckets)
            counter.shown.add((read_amount(maximum), rule))
        self._known[key] = counter
        return counter

    def _open_bucket(self, window: Window, counter: Counter, bucket: int) -> Buckets:
        """Make way for a new bucket: those that no longer count go from the file. Returns those that stay."""
        oldest = bucket - window.buckets_counted + 1
        kept = {number: held for number, held in counter.buckets.items() if number >= oldest}
        if len(kept) < len(counter.buckets):
            self._cursor.execute("DELETE FROM buckets WHERE counter = ? AND bucket < ?", (counter.id, oldest))
            for number in counter.buckets.keys() - kept.keys():
                self._changed.pop((counter.id, number), None)
        until_ns = window.closed_for_good(bucket)
        self._cursor.execute("UPDATE counters SET counts_until_ns = ? WHERE id = ?", (until_ns, counter.id))
        return kept

    def _show(self, charge: Charge, counter: Counter | None, record: CallRecord) -> Counter:
        """Write the limit beside its counter, for people; make the counter where there is none yet."""
        encoded = charge.key.encode() if counter is None else counter.encoded
        number: Any = self._cursor.execute(
            "INSERT INTO counters (key, maximum, rule, server_name, grant_label, counts_until_ns) VALUES (?, ?, ?, ?, ?, 0) "
            "ON CONFLICT (key) DO UPDATE SET maximum = excluded.maximum, rule = excluded.rule, "
            "server_name = excluded.server_name, grant_label = excluded.grant_label RETURNING id",
            (encoded, amount_text(charge.maximum), charge.rule, record.server_name, record.grant_label),
        ).get
        if counter is None:
            counter = self._known[charge.key] = Counter(number, charge.key.name, encoded)
        counter.shown.add((charge.maximum, charge.rule))
        return counter


class Returning:
    """Units that calls have given back and that no transaction has taken off yet: a look at a counter leaves them out."""

    def __init__(self) -> None:
        self._units: dict[str, dict[int, Amount]] = {}

    def begin(self, receipt: Receipt) -> None:
        """An outcome that gives its units back was queued."""
        for held in receipt.reservations:
            units = self._units.setdefault(held.counter, {})
            units[held.bucket] = add(units.get(held.bucket, 0), held.amount)

    def end(self, outcomes: Iterable[tuple[Receipt, Outcome]]) -> None:
        """These outcomes were written, or given up."""
        if not self._units:
            return
        for receipt, outcome in outcomes:
            if receipt.reservations and outcome.surely_did_not_run:
                for held in receipt.reservations:
                    units = self._units.get(held.counter, {})
                    units[held.bucket] = subtract(units.get(held.bucket, 0), held.amount)
                    if not any(units.values()):
                        self._units.pop(held.counter, None)

    def taken_off(self, usage: Usage) -> Usage:
        """`usage` without these units."""
        if not self._units:
            return usage
        return {key: _less(buckets, self._units.get(key.encode(), {})) for key, buckets in usage.items()}


def _less(buckets: Buckets, units: Mapping[int, Amount]) -> Buckets:
    return {bucket: subtract(amount, units[bucket]) if bucket in units else amount for bucket, amount in buckets.items()}
