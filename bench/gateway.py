"""Calls a second and latency of the gate beside nginx as a plain reverse proxy, in one run on one machine: `make bench`.

Candidates run alone on core 0; wrk and the server behind all of them (nginx with a fixed answer) share core 1. Rounds are
interleaved and medians are shown: read the ratios, not the absolute figures. On a busy machine processor time is the steadiest of
them. Needs nginx, wrk and taskset.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.ports import free_port

from bench import nginx
from bench.load import Measured, burst, write_script
from bench.policies import ARGUMENTS, TOOL
from bench.processes import cpu_seconds, family, pinned, resident_mb, wait_ready
from bench.upstream import REVISION, result_of
from bench.yett import running_yett

GATE_CORE: Final = 0
LOAD_CORE: Final = 1
CONNECTIONS: Final = (1, 16, 64)

BODY: Final = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": TOOL,
            "arguments": ARGUMENTS,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": REVISION,
                "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    }
).encode()
HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": REVISION,
    "Mcp-Method": "tools/call",
    "Mcp-Name": TOOL,
}


@dataclass(slots=True)
class Candidate:
    """One way to the server, running, and what was measured of it."""

    name: str
    url: str
    pids: list[int] = field(default_factory=list)
    """The processes whose memory and time count; empty for the direct way."""
    headers: Mapping[str, str] = field(default_factory=dict)
    ready_s: float = 0.0
    idle_mb: float = 0.0
    bursts: dict[int, list[tuple[Measured, float]]] = field(default_factory=dict)
    """By connections: each burst, and CPU µs a call of the candidate's processes."""


@contextmanager
def running_upstream(folder: Path) -> Iterator[int]:
    """The server behind every candidate; its port."""
    slow, port = free_port(), free_port()
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result_of("tools/call")})
    command = nginx.write_upstream(folder / "upstream", port, answer, f"http://127.0.0.1:{slow}")
    with pinned(LOAD_CORE, [sys.executable, "-m", "bench.upstream", str(slow)]) as helper:
        wait_ready(f"http://127.0.0.1:{slow}/", helper)
        with pinned(LOAD_CORE, command) as process:
            wait_ready(f"http://127.0.0.1:{port}/", process)
            yield port


@contextmanager
def running_nginx(folder: Path, upstream: int) -> Iterator[Candidate]:
    """nginx as a plain reverse proxy: the limit of what can be had."""
    port = free_port()
    with pinned(GATE_CORE, nginx.write_proxy(folder / "proxy", port, upstream)) as process:
        ready = wait_ready(f"http://127.0.0.1:{port}/", process)
        pids = family(process.pid)
        yield Candidate("nginx", f"http://127.0.0.1:{port}/mcp", pids, ready_s=ready, idle_mb=resident_mb(pids))


def check_answer(candidate: Candidate) -> None:
    """The candidate gives the server's own answer; a benchmark of refusals would look splendid."""
    request = urllib.request.Request(candidate.url, data=BODY, headers={**HEADERS, **candidate.headers})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)
    assert found["result"]["content"] == result_of("tools/call")["content"], f"{candidate.name} answered {found}"


def measure(candidate: Candidate, folder: Path, seconds: float) -> None:
    """One burst at each number of connections."""
    script = folder / f"{candidate.name.replace(' ', '-')}.lua"
    write_script(script, BODY, {**HEADERS, **candidate.headers})
    for connections in CONNECTIONS:
        before = cpu_seconds(candidate.pids)
        measured = burst(candidate.url, script, connections=connections, seconds=seconds, core=LOAD_CORE)
        used = (cpu_seconds(candidate.pids) - before) * 1e6 / max(measured.calls, 1)
        candidate.bursts.setdefault(connections, []).append((measured, used))


def median(candidate: Candidate, connections: int, figure: str) -> float:
    """The median over the rounds of one figure of `Measured`, or of `cpu_us`."""
    bursts = candidate.bursts[connections]
    return statistics.median(used if figure == "cpu_us" else getattr(measured, figure) for measured, used in bursts)


def print_table(candidates: list[Candidate], limit: Candidate) -> None:
    """All figures, then the ratios to nginx."""
    figures = f"{'c':>4}{'calls/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>8}{'errors':>8}"
    print(f"{'':14}{figures}{'rps/nginx':>11}{'p50/nginx':>11}{'CPU/nginx':>11}")
    for candidate in candidates:
        for connections in CONNECTIONS:
            rps, p50 = median(candidate, connections, "rps"), median(candidate, connections, "p50_ms")
            errors = sum(measured.errors for measured, _ in candidate.bursts[connections])
            print(
                f"{candidate.name:14}{connections:>4}{rps:>10,.0f}{p50:>9.2f}{median(candidate, connections, 'p99_ms'):>9.2f}"
                f"{median(candidate, connections, 'cpu_us'):>8.0f}{errors:>8}"
                f"{rps / median(limit, connections, 'rps'):>11.2f}{p50 / median(limit, connections, 'p50_ms'):>11.2f}"
                f"{median(candidate, connections, 'cpu_us') / median(limit, connections, 'cpu_us'):>11.2f}"
            )
    print()
    for candidate in candidates:
        if candidate.pids:
            print(f"{candidate.name:14} resident when idle {candidate.idle_mb:.0f} MB, ready after {candidate.ready_s:.2f} s")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of one second: a look, not a measurement")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, 2.0)
    absent = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name) is None]
    if absent:
        sys.exit(f"the benchmark needs {', '.join(absent)}; on Debian: apt-get install nginx-light wrk util-linux")
    with tempfile.TemporaryDirectory(prefix="yett-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        upstream = stack.enter_context(running_upstream(folder))
        limit = stack.enter_context(running_nginx(folder, upstream))
        candidates = [Candidate("direct", f"http://127.0.0.1:{upstream}/mcp"), limit]
        for mode in ("strict", "relaxed"):
            gate = stack.enter_context(running_yett(folder / mode, f"http://127.0.0.1:{upstream}/mcp", mode, GATE_CORE))
            candidates.append(Candidate(f"yett {mode}", gate.url, gate.pids, gate.headers, gate.ready_s, gate.idle_mb))
        for candidate in candidates:
            check_answer(candidate)
        for number in range(rounds):
            for candidate in candidates if number % 2 == 0 else reversed(candidates):
                measure(candidate, folder, seconds)
        print_table(candidates, limit)


if __name__ == "__main__":
    main()
