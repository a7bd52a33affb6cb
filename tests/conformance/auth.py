"""The suite's client scenarios `auth/*`, with the gateway as the OAuth client: `python -m tests.conformance.auth`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.auth_client import GATE_URL, POLICY
from tests.conformance.stage import ALLOW_ALL, LAUNCHED, program
from tests.conformance.suite import EXTENSIONS, Outcome, Outcomes, run_auth
from tests.support.real_gateway import SILENT, Gateway, running_gateway

REVISIONS: Final = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", EXTENSIONS)
METADATA_URL: Final = "https://conformance-test.local/client-metadata.json"
"""The one that the suite expects of every client."""
CONFIGURATION: Final = f"""{SILENT}
[egress]
allow = ["127.0.0.1", "::1"]
[oauth]
client_metadata_url = "{METADATA_URL}"
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway, and the client that speaks through it."""

    gateway: Gateway
    directory: Path
    command: str

    def run(self, revision: str) -> Outcomes:
        """Every `auth/*` scenario of a revision."""
        environment = {**self.gateway.environment, GATE_URL: self.gateway.url}
        return run_auth(self.command, revision, self.directory / f"auth-{revision}", environment)


@contextmanager
def running_stage(directory: Path) -> Iterator[Stage]:
    """All of it, up."""
    with ExitStack() as stack:
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="yett-"))  # a socket's path must be short
        client = stack.enter_context(program("tests.conformance.forks", f"{sockets}/c", "tests.conformance.auth_client"))
        gateway = stack.enter_context(running_gateway(directory / "gateway", configuration=CONFIGURATION))
        gateway.publish(POLICY, ALLOW_ALL, directory)
        yield Stage(gateway, directory, " ".join([*LAUNCHED, client]))


def passes(found: Outcome) -> bool:
    """Whether nothing failed, and the suite had nothing to remark."""
    return found.passed and not found.warned and bool(found.checks)


def lines_of(revision: str, outcomes: Outcomes) -> list[str]:
    """The table as people read it."""
    width = max(map(len, outcomes), default=0)
    lines = [f"auth, {revision}: the gateway as OAuth client"]
    for name, found in sorted(outcomes.items()):
        failed = [check for check, states in found.checks.items() if {"FAILURE", "WARNING"} & set(states)]
        mark = "✓" if passes(found) else "✗"
        lines.append(f"{name:{width}}  {mark} {found.count('SUCCESS')} checks {', '.join(failed)}".rstrip())
    passing = sum(passes(found) for found in outcomes.values())
    lines.append(f"{passing} of {len(outcomes)} scenarios pass")
    return [*lines, ""]


def main(arguments: list[str]) -> int:
    """Print the tables; 0 if every scenario passes."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.auth", description=__doc__)
    parser.add_argument("--revision", choices=REVISIONS, action="append", help="only this one; may be given again")
    parser.add_argument("--keep", type=Path, help="keep what the suite wrote in this directory")
    options = parser.parse_args(arguments)
    holds = True
    with tempfile.TemporaryDirectory() as scratch, running_stage(options.keep or Path(scratch)) as stage:
        for revision in options.revision or REVISIONS:
            outcomes = stage.run(revision)
            holds = holds and all(map(passes, outcomes.values()))
            print("\n".join(lines_of(revision, outcomes)), flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
