"""How fast a change reaches the data plane, and what calls feel of it: `python -m bench.publish [--quick]`.

A thousand servers, ten thousand grants and five thousand policies of ten rules. The data plane has core 0 for itself; the
control plane (its store, its use cases, its end of the feed), the server and the client share core 1, where the control plane
gives way to the others, so that what the client measures is the data plane's and not its own. The client calls at a steady
pace over one connection, in rounds in turn: without publishes; with publishes of another installation of the same size in the
same process, of which this data plane hears nothing, so that what calls feel of it is the shared machine; and with publishes
to it. Tokens are minted and revoked, the policy of the calls and others are saved. A publish is measured from the commit to
the data plane's acknowledgement, and as a whole. On a busy machine run it above all else (`chrt -f 10`); then the control
plane is slowed down by what else runs, and the calls are not.
Needs nginx (the server, which answers at once) and taskset.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.support.ports import free_port

from bench.fairness import figures, measure
from bench.gateway import GATE_CORE, LOAD_CORE, running_upstream
from bench.policies import by_tool
from bench.processes import pinned, resident_mb, wait_ready
from yett.admin.desk import Applied
from yett.admin.permissions import operator
from yett.admin.publish import Publisher
from yett.admin.service import Service
from yett.admin.views import DataPlaneView, NewGrant, NewRevision
from yett.app.desk import open_desk
from yett.gateway.feed import SNAPSHOT_FILE, SOCKET_FILE
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.tokens import digest, mint, token_key
from yett.policy.canonical import canonical_json, revision_digest
from yett.policy.document import read_policy
from yett.settings import Settings, load_settings, prepare_directory
from yett.stores.control.records import Grant, Policy, Revision, Server
from yett.stores.control.transaction import Transaction

SERVERS: Final = 1_000
GRANTS: Final = 10_000
POLICIES: Final = 5_000
RULES: Final = 10
PER_SECOND: Final = 5
"""Publishes while calls are measured."""
CALLS: Final = 3_000
PACE_S: Final = 0.005
ROUNDS: Final = 5
MEASURED: Final = "measured"
PUBLISH_MS_MAX: Final = 200.0
READY_S_MAX: Final = 1.0
OTHER: Final = "other"
"""The installation of which the data plane hears nothing."""

_DOCUMENTS: Final = [json.dumps({**by_tool(RULES), "description": text}) for text in ("one", "two")]


# --- the control plane ------------------------------------------------------------------------------------------------------


@dataclass
class Timed:
    """Implements `yett.admin.desk.Publication`, and keeps how long each commit took to be acknowledged."""

    publisher: Publisher
    took_ms: list[float] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)

    def begin(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        return self.publisher.begin(snapshot)

    def offer(self, delta: SnapshotDelta) -> Callable[[], Applied]:
        began = time.perf_counter()
        answer = self.publisher.offer(delta)

        def timed() -> Applied:
            applied = answer()
            self.took_ms.append((time.perf_counter() - began) * 1000)
            if not applied.applied or applied.note:
                self.notes.add(str(applied))
            return applied

        return timed

    def data_planes(self) -> list[DataPlaneView]:
        return self.publisher.data_planes()


def fill(write: Transaction, token: str, key: bytes, upstream: int) -> None:
    """The whole installation, in the caller's transaction."""
    parsed = read_policy(_DOCUMENTS[0].encode())
    text, text_digest = canonical_json(parsed), revision_digest(parsed)
    for number in range(SERVERS):
        name = MEASURED if number == 0 else f"server-{number}"
        url = f"http://127.0.0.1:{upstream}/mcp"
        write.servers.add(Server(id=f"s{number}", name=name, url=url, created_at_ns=1))
    for number in range(POLICIES):
        name = MEASURED if number == 0 else f"policy-{number}"
        write.policies.add(Policy(id=f"p{number}", name=name, created_at_ns=1))
        revision = {"digest": text_digest, "document": text, "author": "bench", "message": "", "created_at_ns": 1}
        write.policies.add_revision(Revision(policy_id=f"p{number}", number=1, **revision))  # type: ignore[arg-type]  # as named
        write.policies.replace(Policy(id=f"p{number}", name=name, published=1, created_at_ns=1))
    for number in range(GRANTS):
        write.grants.add(
            Grant(
                id=f"g{number}",
                server_id=f"s{number % SERVERS}",
                policy_id=f"p{number % POLICIES}",
                digest=digest(token if number == 0 else mint(), key),
                label=f"grant-{number}",
                tags={"team": f"team-{number % 50}", "stage": "production"},
                created_at_ns=1,
            )
        )


@asynccontextmanager
async def installation(settings: Settings, token: str, upstream: int) -> AsyncIterator[tuple[Service, Timed, float]]:
    """A filled store, published, its data plane served; the last value is how long publishing took, in seconds."""
    key = token_key(settings.state_dir)
    timed = Timed(Publisher(settings.state_dir / SNAPSHOT_FILE))
    desk = await asyncio.to_thread(open_desk, settings, timed)
    organisation = await asyncio.to_thread(desk.first_organisation)
    await asyncio.to_thread(desk.write, lambda whole: fill(whole.of(organisation), token, key, upstream))
    began = time.perf_counter()
    await asyncio.to_thread(desk.begin)
    begin_s = time.perf_counter() - began
    async with timed.publisher.listening(settings.state_dir / SOCKET_FILE):
        yield Service(desk, operator("bench", organisation)), timed, begin_s
    await asyncio.to_thread(desk.close)


def give_way() -> None:
    """Have whatever is measured go before this process, which shares its core."""
    raised = os.sched_getscheduler(0) in {os.SCHED_FIFO, os.SCHED_RR}
    os.sched_setscheduler(0, os.SCHED_OTHER if raised else os.SCHED_IDLE, os.sched_param(0))


async def control(token: str, upstream: int) -> None:
    """Serve the data plane, and publish what each line on stdin says: `seconds`, or `seconds` and a word to tell it nothing."""
    give_way()
    settings = load_settings(None)
    other = msgspec.structs.replace(settings, state_dir=settings.state_dir.with_name(OTHER))
    prepare_directory(other.state_dir)
    async with installation(other, mint(), upstream) as untold, installation(settings, token, upstream) as told:
        print(json.dumps({"begin_s": told[2]}), flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).split():
            service, timed, _ = untold if OTHER in line else told
            timed.took_ms.clear()
            whole_ms = await asyncio.to_thread(publish, service, float(line[0]))
            notes = [] if OTHER in line else sorted(timed.notes)
            print(json.dumps({"commit_to_ack_ms": timed.took_ms, "whole_ms": whole_ms, "notes": notes}), flush=True)


def publish(service: Service, seconds: float) -> list[float]:
    """Change this and that, at a steady pace; how long each use case took."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    minted: list[str] = []

    def mint_one() -> None:
        minted.append(service.mint_grant(NewGrant(server="server-7", label=f"new-{time.monotonic_ns()}")).grant.id)

    def save(name: str) -> None:
        document = _DOCUMENTS[len(took) // 4 % 2]
        service.set_policy(name, NewRevision(document=document, message="bench"))

    cases = (mint_one, lambda: save(MEASURED), lambda: service.revoke_grant(minted.pop()), lambda: save("policy-77"))
    while time.perf_counter() < until:
        began = time.perf_counter()
        cases[len(took) % len(cases)]()
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(max(1 / PER_SECOND - (time.perf_counter() - began), 0))
    return took


# --- the measurement --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    port: int
    data_plane: int
    """Its process id."""
    control: subprocess.Popen[str]
    begin_s: float
    ready_s: float


@contextmanager
def stage(folder: Path, token: str) -> Iterator[Stage]:
    """Server, control plane and data plane."""
    state, port = folder / "state", free_port()
    prepare_directory(state)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YETT_")}
    environment |= {"YETT_STATE_DIRECTORY": str(state), "YETT_DATA_PLANE_PORT": str(port)}
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "bench.publish", "--control", token]
    with (
        running_upstream(folder) as upstream,
        subprocess.Popen([*command, str(upstream)], env=environment, **pipes) as controlling,
    ):
        begin_s = heard(controlling)["begin_s"]
        with pinned(GATE_CORE, [sys.executable, "-m", "yett.app.data_plane"], env=environment) as process:
            ready_s = wait_ready(f"http://127.0.0.1:{port}/readyz", process)
            yield Stage(port, process.pid, controlling, begin_s, ready_s)
        assert controlling.stdin is not None
        controlling.stdin.close()


def heard(controlling: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line of the control plane."""
    assert controlling.stdout is not None
    line: dict[str, Any] = json.loads(controlling.stdout.readline())
    return line


@contextmanager
def publishing(running: Stage, line: str, told: list[dict[str, Any]]) -> Iterator[None]:
    """Publishes go on while the block runs, as `line` says (see `control`)."""
    assert running.control.stdin is not None
    running.control.stdin.write(f"{line}\n")
    running.control.stdin.flush()
    yield
    told.append(heard(running.control))


def run(calls: int, rounds: int) -> dict[str, Any]:
    """All figures."""
    os.sched_setaffinity(0, {LOAD_CORE})
    token = mint()
    rows: dict[str, list[Any]] = {"quiet": [], "untold": [], "told": []}
    told: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, stage(Path(name), token) as running:
        measure(running.port, token, 200, MEASURED, PACE_S)
        for _ in range(rounds):
            began = time.perf_counter()
            rows["quiet"].append(figures(measure(running.port, token, calls, MEASURED, PACE_S)))
            seconds = time.perf_counter() - began
            with publishing(running, f"{seconds} {OTHER}", []):
                rows["untold"].append(figures(measure(running.port, token, calls, MEASURED, PACE_S)))
            with publishing(running, f"{seconds}", told):
                rows["told"].append(figures(measure(running.port, token, calls, MEASURED, PACE_S)))
        resident = resident_mb([running.data_plane])
        size = (Path(name) / "state" / SNAPSHOT_FILE).stat().st_size
    return {"rows": rows, "told": told, "resident_mb": resident, "snapshot_mb": size / 1e6, "stage": running}


def show(table: dict[str, Any]) -> int:
    """Print the figures; 1 if a promise is not kept."""
    took = sorted(value for one in table["told"] for value in one["commit_to_ack_ms"])
    whole = sorted(value for one in table["told"] for value in one["whole_ms"])
    print(f"{SERVERS:,} servers, {GRANTS:,} grants, {POLICIES:,} policies; snapshot {table['snapshot_mb']:.1f} MB")
    running: Stage = table["stage"]
    print(f"data plane ready in {running.ready_s:.2f} s, {table['resident_mb']:.0f} MB; all published in {running.begin_s:.2f} s")
    for name, times in (("commit to ack", took), ("use case, whole", whole)):
        high = times[int(len(times) * 0.99)]
        print(f"{name:18} {len(times):4}   p50 {statistics.median(times):7.2f} ms   p99 {high:7.2f} ms   max {times[-1]:7.2f} ms")
    failed = 0
    for name, rounds in table["rows"].items():
        failed += sum(one.failed for one in rounds)
        p50, p99 = (statistics.median(getattr(one, figure) for one in rounds) for figure in ("p50_ms", "p99_ms"))
        spread = " ".join(f"{one.p99_ms:.2f}" for one in rounds)
        print(f"calls, {name:11}        p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   (p99 by round: {spread})")
    notes = sorted({note for one in table["told"] for note in one["notes"]})
    print(*(f"note: {note}" for note in notes), f"failed calls: {failed}", sep="\n")
    return 0 if took[-1] <= PUBLISH_MS_MAX and running.ready_s <= READY_S_MAX and not failed and not notes else 1


def main() -> int:
    """Print the figures; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", nargs=2, metavar=("TOKEN", "UPSTREAM"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.control is not None:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(control(arguments.control[0], int(arguments.control[1])))
        return 0
    return show(run(1_000, 2) if arguments.quick else run(CALLS, ROUNDS))


if __name__ == "__main__":
    sys.exit(main())
