"""`make conformance`: every scenario of every revision, directly and through the gateway, side by side."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.conformance import auth
from tests.conformance.known import Verdict, judge
from tests.conformance.stage import LEGS, Stage, running_stage
from tests.conformance.suite import REVISIONS, Outcome, Outcomes

GREEN, RED, YELLOW, DIM, BOLD, PLAIN = (f"\x1b[{number}m" for number in (32, 31, 33, 2, 1, 0))
COLUMN: Final = 18


@dataclass(frozen=True, slots=True)
class Table:
    """One revision of one role: the direct run, and each way through the gateway with its verdict."""

    role: str
    revision: str
    direct: Outcomes
    through: Mapping[str, tuple[Outcomes, Verdict]]

    @property
    def holds(self) -> bool:
        """Whether every way differs only as it is written down."""
        return all(verdict.holds for _, verdict in self.through.values())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        names = sorted(self.direct)
        columns = {"direct": self.direct, **{leg: outcomes for leg, (outcomes, _) in self.through.items()}}
        return {
            "role": self.role,
            "revision": self.revision,
            "holds": self.holds,
            "scenarios": {name: {leg: _cell(found.get(name)) for leg, found in columns.items()} for name in names},
            "unlisted": {leg: verdict.unlisted for leg, (_, verdict) in self.through.items()},
            "mended": {leg: verdict.mended for leg, (_, verdict) in self.through.items()},
        }


def server_table(stage: Stage, revision: str) -> Table:
    """The suite before the fixture: alone, and behind the gateway over HTTP and over stdio."""
    with ThreadPoolExecutor(1 + len(LEGS)) as pool:
        runs = {leg: pool.submit(stage.server, leg, revision) for leg in ("direct", *LEGS)}
    direct = runs["direct"].result()
    through = {leg: (runs[leg].result(), judge(leg, revision, direct, runs[leg].result())) for leg in LEGS}
    return Table("server", revision, direct, through)


def client_table(stage: Stage, revision: str) -> Table:
    """The suite behind the SDK's client: directly, and with the gateway between them. What fails directly says nothing."""
    whole = stage.client(revision, gated=False)
    direct = {name: outcome for name, outcome in whole.items() if outcome.passed}
    gated = {name: outcome for name, outcome in stage.client(revision, gated=True).items() if name in direct}
    return Table("client", revision, direct, {"client": (gated, judge("client", revision, direct, gated))})


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "no result"
    if not outcome.checks:
        return "nothing checked"
    passed, failed, warned = (outcome.count(state) for state in ("SUCCESS", "FAILURE", "WARNING"))
    return f"{passed}/{passed + failed + warned}" + (" failed" if failed else " warned" if warned else "")


def _painted(outcome: Outcome | None, *, differs: bool, colour: bool) -> str:
    failed, warned = outcome is None or not outcome.passed, outcome is not None and outcome.warned
    mark = "✗" if failed else "!" if warned else "✓"
    words = f"{mark} {_cell(outcome)}{' ≠' if differs else ''}".ljust(COLUMN)
    if not colour:
        return words
    return f"{RED if failed else YELLOW if differs or warned else GREEN}{words}{PLAIN}"


def lines_of(table: Table, *, colour: bool) -> list[str]:
    """The table as people read it."""
    bold, dim, plain = (BOLD, DIM, PLAIN) if colour else ("", "", "")
    width = max(map(len, [*table.direct, "00 scenarios"]))
    heads = ["direct", *(f"through {leg}" if leg != "client" else "through" for leg in table.through)]
    titles = "".join(head.ljust(COLUMN) for head in heads).rstrip()
    lines = [f"{bold}{table.role}, {table.revision}{plain}", f"{dim}{'':{width}}  {titles}{plain}"]
    for name in sorted(table.direct):
        cells = [_painted(table.direct[name], differs=False, colour=colour)]
        for outcomes, _ in table.through.values():
            found = outcomes.get(name)
            cells.append(_painted(found, differs=found != table.direct[name], colour=colour))
        lines.append(f"{name:{width}}  {''.join(cells)}".rstrip())
    same = [sum(table.direct[name] == outcomes.get(name) for name in table.direct) for outcomes, _ in table.through.values()]
    totals = [f"{sum(o.passed for o in table.direct.values())} pass", *(f"{number} the same" for number in same)]
    counted = "".join(text.ljust(COLUMN) for text in totals).rstrip()
    lines.append(f"{dim}{f'{len(table.direct)} scenarios':{width}}  {counted}{plain}")
    for leg, (_, verdict) in table.through.items():
        lines += [f"{leg}: {line}" for line in str(verdict).splitlines() if not verdict.holds]
    return [*lines, ""]


def main(arguments: list[str]) -> int:
    """Print the tables; 0 if every difference is a known one."""
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--revision", choices=REVISIONS, action="append", help="only this one; may be given again")
    parser.add_argument(
        "--role", choices=("server", "client"), action="append", help="only this one; the scenarios of authorization go with all"
    )
    parser.add_argument("--keep", type=Path, help="keep what the suite wrote in this directory")
    options = parser.parse_args(arguments)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    tables: list[Table] = []
    with tempfile.TemporaryDirectory() as scratch, running_stage(options.keep or Path(scratch)) as stage:
        for role, make in (("server", server_table), ("client", client_table)):
            for revision in options.revision or REVISIONS:
                if role not in (options.role or ("server", "client")):
                    continue
                tables.append(make(stage, revision))
                if not options.json:
                    print("\n".join(lines_of(tables[-1], colour=colour)), flush=True)
    auth_holds = options.role is not None or options.json or auth.main([]) == 0
    if options.json:
        print(json.dumps([table.as_json() for table in tables], indent=2))
    return 0 if auth_holds and all(table.holds for table in tables) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
