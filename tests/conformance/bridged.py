"""The suite before servers of the other era: what passes directly, and what comes out of it across the bridge.

`python -m tests.conformance.bridged` prints the table.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.conformance.stage import ALLOW_ALL, program
from tests.conformance.suite import REVISIONS, Outcomes, differences, run_against
from tests.support.one_era import HANDSHAKE, STATELESS, running_server
from tests.support.real_gateway import SILENT, running_gateway

FILE: Final = Path(__file__).with_name("known_bridged.json")
"""By revision and scenario: the checks that come out differently, and why."""
OTHER_ERA: Final = {"2025-06-18": STATELESS, "2025-11-25": STATELESS, "2026-07-28": HANDSHAKE}
"""By the revision that the suite speaks: the only era of the server."""
TASKS: Final = ("tasks-capability-negotiation",)
"""Tasks are not translated between the eras; this scenario tells that none are offered, and the others need some."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """Where the fixture is alone, and where it is behind the bridge."""

    directory: Path
    direct: str
    across: Mapping[str, str]
    """By the era of the server."""

    def run(self, revision: str) -> tuple[Outcomes, Outcomes]:
        """What the suite finds directly and across the bridge."""
        direct = run_against(self.direct, revision, self.directory / f"direct-{revision}", TASKS)
        url = self.across[OTHER_ERA[revision]]
        return direct, run_against(url, revision, self.directory / f"bridged-{revision}", TASKS)


def known(revision: str) -> dict[str, tuple[str, ...]]:
    """What is written down to differ, by scenario."""
    entries = json.loads(FILE.read_text(encoding="utf-8"))
    assert all(entry["reason"].strip() for entry in entries), "a difference needs its reason"
    return {
        scenario: tuple(sorted(checks))
        for entry in entries
        if revision in entry["revisions"]
        for scenario, checks in entry["checks"].items()
    }


@contextmanager
def running_bridged(directory: Path) -> Iterator[Bridged]:
    """The fixture alone, and one of each era behind the gateway."""
    with ExitStack() as stack:
        alone = stack.enter_context(program("tests.conformance.fixture.server"))
        gateway = stack.enter_context(running_gateway(directory / "gateway", configuration=SILENT))
        gateway.publish("all", ALLOW_ALL, directory)
        host, port = gateway.url.removeprefix("http://").split(":")
        across = {}
        for era in (STATELESS, HANDSHAKE):
            gateway.yett("server", "add", era, "--url", stack.enter_context(running_server(era)).url, "--no-look")
            token = gateway.mint(era, "all")["token"]
            shim = stack.enter_context(program("tests.conformance.shim", host, port, line=f"Authorization: Bearer {token}\n"))
            across[era] = f"http://localhost:{shim}/mcp/{era}"
            if era == HANDSHAKE:
                anyio.run(_insist, f"{gateway.url}/mcp/{era}", token)
        yield Bridged(directory, alone, across)


async def _insist(url: str, token: str) -> None:
    """Do without a handshake, so that the gateway answers `server/discover` for clients of this grant."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(url, http_client=http), mode="2026-07-28") as client,
    ):
        await client.list_tools()


def main() -> int:
    """Print the table; 0 if every difference is a written one."""
    holds = True
    with tempfile.TemporaryDirectory() as scratch, running_bridged(Path(scratch)) as stage:
        for revision in REVISIONS:
            direct, across = stage.run(revision)
            found, listed = differences(direct, across), known(revision)
            print(f"{revision}, before a server that speaks only {OTHER_ERA[revision]} revisions")
            for name in sorted(direct):
                mark = "the same" if name not in found else f"known: {', '.join(found[name])}"
                unlisted = name in found and listed.get(name) != found[name]
                print(f"  {name:58} {mark if not unlisted else f'NOT WRITTEN DOWN: {found[name]}'}")
            print(f"  {len(direct) - len(found)} of {len(direct)} the same\n", flush=True)
            holds = holds and found == listed
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
