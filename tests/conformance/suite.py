"""The official suite as a subprocess, and what it found as values that can be compared."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.programs import ROOT, node_command

REVISIONS: Final = ("2025-06-18", "2025-11-25", "2026-07-28")
TASKS: Final = tuple(
    f"tasks-{name}"
    for name in (
        *("lifecycle", "capability-negotiation", "wire-fields", "request-state-removal", "mrtr-input", "request-headers"),
        *("dispatch-and-envelope", "required-task-error", "mrtr-composition"),
    )
)
"""The scenarios of the tasks extension, which belong to no revision; one more is skipped by the suite itself."""
WITH_EXTENSIONS: Final = "2026-07-28"
"""The revision that has extensions."""
SECONDS_MAX: Final = 120.0
"""One run of one revision; more means that something hangs."""
SCENARIO_MILLISECONDS_MAX: Final = 20_000
"""The longest scenario waits for ten seconds, and comes back for five."""
EXTENSIONS: Final = "extensions"
"""In place of a revision: the scenarios of extensions of the protocol."""
AUTH: Final = "YETT_CONFORMANCE_AUTH"
"""Tells the launcher that scenarios `auth/*` are meant."""
ABSENT: Final = "(no result)"
"""Stands for the checks of a scenario that did not run to its end."""

_STAMP: Final = re.compile(r"^(?:server-)?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scenario came to: each check with the sorted states that it was reported in, notes left out."""

    checks: Mapping[str, tuple[str, ...]]

    @property
    def passed(self) -> bool:
        """Whether nothing failed; a warning is not a failure."""
        return not any("FAILURE" in states for states in self.checks.values())

    @property
    def warned(self) -> bool:
        """Whether the suite had something to say all the same."""
        return any("WARNING" in states for states in self.checks.values())

    def count(self, state: str) -> int:
        """How many reports were of this state."""
        return sum(states.count(state) for states in self.checks.values())


Outcomes = Mapping[str, Outcome]


def differences(direct: Outcomes, through: Outcomes) -> dict[str, tuple[str, ...]]:
    """The checks that came out differently, by scenario."""
    found: dict[str, tuple[str, ...]] = {}
    for scenario in sorted(direct.keys() | through.keys()):
        if scenario not in direct or scenario not in through:
            found[scenario] = (ABSENT,)
            continue
        one, other = direct[scenario].checks, through[scenario].checks
        if changed := tuple(sorted(check for check in one.keys() | other.keys() if one.get(check) != other.get(check))):
            found[scenario] = changed
    return found


def run_against(url: str, revision: str, directory: Path, tasks: Sequence[str] = TASKS) -> Outcomes:
    """Every server scenario of `revision` against the server at `url`; the suite's own files stay in `directory`.

    `tasks`: which scenarios of the tasks extension, where the revision has extensions.
    """
    _suite("server", "--url", url, "--suite", "all", "--spec-version", revision, "-o", str(directory), log=directory)
    for scenario in tasks if revision == WITH_EXTENSIONS else ():
        _suite("server", "--url", url, "--scenario", scenario, "-o", str(directory), log=directory)
    return _read(directory)


def run_client(command: str, revision: str, directory: Path, environment: Mapping[str, str]) -> Outcomes:
    """Every client scenario of `revision` but `auth/*`, all at once; `command` gets the suite's URL as its last argument."""
    arguments = ["--command", command, "--suite", "all", "--spec-version", revision, "-o", str(directory)]
    _suite("client", *arguments, log=directory, environment=environment)
    return {name: outcome for name, outcome in _read(directory).items() if not name.startswith("auth/")}


def run_auth(command: str, revision: str, directory: Path, environment: Mapping[str, str]) -> Outcomes:
    """Every client scenario `auth/*` of `revision`, or of the extensions."""
    which = ["extensions"] if revision == EXTENSIONS else ["all", "--spec-version", revision]
    arguments = ["--command", command, "--suite", *which, "-o", str(directory)]
    _suite("client", *arguments, log=directory, environment={**environment, AUTH: "1"})
    return {name: outcome for name, outcome in _read(directory).items() if name.startswith("auth/")}


def _suite(kind: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run it; its exit code says whether checks failed, which is read from its files instead.

    A run that hangs is ended: the scenarios that it did not come to have no result, which is a difference.
    """
    log.mkdir(parents=True, exist_ok=True)
    with (log / "suite.log").open("ab") as file, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [*node_command("conformance"), kind, *arguments, "--timeout", str(SCENARIO_MILLISECONDS_MAX)],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=SECONDS_MAX,
            check=False,
        )


def _read(directory: Path) -> Outcomes:
    outcomes: dict[str, Outcome] = {}
    for path in sorted(directory.glob("**/checks.json")):
        name = _STAMP.match(path.parent.relative_to(directory).as_posix())
        assert name is not None, path
        states: dict[str, list[str]] = defaultdict(list)
        for check in json.loads(path.read_text(encoding="utf-8")):
            if check["status"] != "INFO":
                states[check["id"]].append(check["status"])
        outcomes[name[1]] = Outcome({check: tuple(sorted(found)) for check, found in states.items()})
    assert outcomes, f"the suite left nothing in {directory}: see suite.log there"
    return outcomes
