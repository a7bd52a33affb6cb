"""How long pages and searches of the control plane take at full size: `python -m bench.control_lists [--quick]`.

A thousand servers, ten thousand grants, five thousand policies of three revisions, and as many lines of the admin log as that
would have left. Each list is asked for as the API does it, from the use case to the JSON text, without HTTP itself: first page,
last page, searches that find much, one thing, and nothing, and each filter. The figures are the median and the worst of the
rounds, and the processor's time of the median; a list is too slow if its median is above 50 ms. On a busy machine only the
processor's time says something.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.policies import by_tool
from yett.admin.desk import Applied, Desk
from yett.admin.grant_views import GrantFilter
from yett.admin.listing import PAGE, PAGE_MAX, Listing
from yett.admin.permissions import operator
from yett.admin.service import Service
from yett.admin.views import DataPlaneView
from yett.app.desk import open_desk
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.policy.canonical import canonical_json, revision_digest
from yett.policy.document import read_policy
from yett.settings import load_settings
from yett.stores.control.records import Change, Grant, GrantRequest, Look, Policy, Revision, Server
from yett.stores.control.transaction import Transaction

SERVERS: Final = 1_000
GRANTS: Final = 10_000
POLICIES: Final = 5_000
REVISIONS: Final = 3
RULES: Final = 10
REQUESTS: Final = 2_000
LINES: Final = 20_000
ROUNDS: Final = 30
MS_MAX: Final = 50.0
BEGIN_NS: Final = 1_800_000_000 * 10**9
FILTERS: Final = {
    "grants of a server": GrantFilter(server="server-0001"),
    "grants of a policy": GrantFilter(policy="policy-0002"),
    "grants of an owner": GrantFilter(owner="person7@example.com"),
    "grants that are live": GrantFilter(status="live"),
    "grants that are revoked": GrantFilter(status="revoked"),
}


class Nobody:
    """Implements `yett.admin.desk.Publication`: no data plane is there."""

    def begin(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        return lambda: Applied(applied=True)

    def offer(self, delta: SnapshotDelta) -> Callable[[], Applied]:
        return lambda: Applied(applied=True)

    def data_planes(self) -> list[DataPlaneView]:
        return []


def fill(write: Transaction) -> None:
    """Everything, in one transaction."""
    checked = read_policy(json.dumps(by_tool(RULES)).encode(), yaml=False)
    text, digest = canonical_json(checked), revision_digest(checked)
    for number in range(SERVERS):
        server = Server(id=f"s-{number}", name=f"server-{number:04}", url="http://127.0.0.1:9/mcp", created_at_ns=BEGIN_NS)
        write.servers.add(server)
        write.servers.note_look(Look(server_id=server.id, at_ns=BEGIN_NS, said={"tools": [{"name": "a" * 200}] * 20}))
    for number in range(POLICIES):
        name = f"policy-{number:04}"
        bound = f"s-{number % SERVERS}" if number % 2 else None
        write.policies.add(
            Policy(id=f"p-{number}", name=name, server_id=bound, published=REVISIONS, created_at_ns=BEGIN_NS + number)
        )
        for revision in range(1, REVISIONS + 1):
            row = Revision(
                policy_id=f"p-{number}",
                number=revision,
                digest=digest,
                document=text,
                author="ada",
                message="why",
                created_at_ns=BEGIN_NS,
            )
            write.policies.add_revision(row)
    for number in range(GRANTS):
        write.grants.add(_grant(number))
    for number in range(REQUESTS):
        write.grant_requests.add(_request(number))
    for number in range(LINES):
        view = {"id": f"g-{number}", "label": f"label {number}", "server": "server-0001"}
        line = Change(
            at_ns=BEGIN_NS + number, actor="ada", action="grant.minted", subject=f"g-{number}", name=f"label {number}", after=view
        )
        write.log.add(line)


def _grant(number: int) -> Grant:
    ended = BEGIN_NS + number if number % 10 == 0 else None
    return Grant(
        id=f"g-{number}",
        server_id=f"s-{number % SERVERS}",
        policy_id=f"p-{number % POLICIES // 2 * 2}",
        digest=f"{number:064x}",
        label=f"agent {number} of team {number % 100}",
        owner=f"person{number % 500}@example.com",
        tags={"team": str(number % 100)},
        created_at_ns=BEGIN_NS + number,
        revoked_at_ns=ended,
    )


def _request(number: int) -> GrantRequest:
    return GrantRequest(
        id=f"r-{number}",
        server_id=f"s-{number % SERVERS}",
        requester=f"person{number % 500}@example.com",
        reason=f"outage {number}",
        seconds=3_600,
        created_at_ns=BEGIN_NS + number,
        expires_at_ns=BEGIN_NS + 10**18,
        decision="denied" if number % 2 else None,
    )


def asks(service: Service) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    grants, policies, servers, requests = service.grant_page, service.policy_page, service.server_page, service.request_page
    far = f"{BEGIN_NS + GRANTS - PAGE}.g-{GRANTS - PAGE}"
    found: dict[str, Callable[[], Any]] = {
        "servers, a page": lambda: servers(Listing()),
        "servers, the longest page": lambda: servers(Listing(limit=PAGE_MAX)),
        "servers, the last page": lambda: servers(Listing(after=f"server-{SERVERS - PAGE:04}")),
        "policies, a page": lambda: policies(Listing()),
        "policies, the longest page": lambda: policies(Listing(limit=PAGE_MAX)),
        "policies, the last page": lambda: policies(Listing(after=f"policy-{POLICIES - PAGE:04}")),
        "policies of a server": lambda: policies(Listing(), "server-0001"),
        "grants, a page": lambda: grants(Listing()),
        "grants, the longest page": lambda: grants(Listing(limit=PAGE_MAX)),
        "grants, the last page": lambda: grants(Listing(after=far)),
        "uses of a policy": lambda: service.policy_uses("policy-0002", Listing()),
        "revisions of a policy": lambda: service.policy_revisions("policy-0002", Listing()),
        "requests, a page": lambda: requests(Listing()),
        "requests, all of them": lambda: requests(Listing(), "all"),
        "one policy": lambda: service.policy("policy-0002"),
        "one grant by its label": lambda: service.grant("agent 77 of team 77"),
        "the admin log": lambda: service.changes(100),
        "the admin log, searched": lambda: service.changes(100, search="label 77"),
        "status": service.status,
    }
    found |= {name: partial(grants, Listing(), wanted) for name, wanted in FILTERS.items()}
    pages: dict[str, Callable[..., Any]] = {"servers": servers, "policies": policies, "grants": grants, "requests": requests}
    for what, text in {"much": "e", "one thing": "77", "nothing": "zzz"}.items():
        for name, page in pages.items():
            found[f"{name}, searched, {what}"] = partial(page, Listing(search=text))
    return found


def measure(ask: Callable[[], Any], rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round, to the JSON text: by the clock, and of the processor."""
    took, worked = [], []
    for _ in range(rounds):
        begin, began = time.perf_counter(), time.thread_time()
        msgspec.json.encode(ask())
        worked.append((time.thread_time() - began) * 1e3)
        took.append((time.perf_counter() - begin) * 1e3)
    return took, worked


def run(rounds: int) -> Collection[str]:
    """Print a line for each; the names of those that are too slow."""
    slow = []
    with tempfile.TemporaryDirectory() as directory:
        settings = load_settings(None, {"YETT_STATE_DIRECTORY": str(Path(directory) / "state")})
        desk: Desk = open_desk(settings, Nobody())
        with closing(desk):
            service = Service(desk, operator("bench", desk.first_organisation()))
            begin = time.perf_counter()
            desk.read(desk.first_organisation(), fill)
            print(f"filled in {time.perf_counter() - begin:.1f} s")
            for name, ask in asks(service).items():
                took, worked = measure(ask, rounds)
                median, work = statistics.median(took), statistics.median(worked)
                mark = "  TOO SLOW" if median > MS_MAX else ""
                print(f"{name:36} {median:7.1f} ms  worst {max(took):7.1f} ms  processor {work:7.1f} ms{mark}")
                if median > MS_MAX:
                    slow.append(name)
    return slow


def main() -> int:
    """Exit status 1 if a list is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    slow = run(5 if parser.parse_args().quick else ROUNDS)
    print(f"too slow: {', '.join(slow)}" if slow else f"every list within {MS_MAX:g} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
