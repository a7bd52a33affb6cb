"""What the relay alone costs, without policy and log: the edge and the HTTP client beside nginx. `python -m bench.relay`.

Runs like `bench.gateway`, and against the same server. Of the figures, CPU time a call is the steadiest.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop
from tests.support.ports import free_port

from bench.gateway import GATE_CORE, Candidate, check_answer, measure, print_table, running_nginx, running_upstream
from bench.processes import family, pinned, resident_mb, wait_ready
from yett.app.clock import SystemClock
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.server import serve
from yett.ports import Outbound
from yett.upstreams.http import HttpUpstream

GRACE_S = 1.0


async def relay(port: int, url: str) -> None:
    """Hand every request on as it is, until SIGTERM."""
    clock = SystemClock()
    upstream = HttpUpstream(url, clock=clock)

    async def handle(request: Request, responder: Responder) -> None:
        if request.method != b"POST":
            return responder.send(200)
        answer = await upstream.exchange(Outbound(request.body, "tools/call", b"1", modern=True, headers=request.headers))
        assert answer.body is not None, "the benchmark's server answers briefly"
        return responder.send(answer.status, answer.body, answer.content_type)

    server = await serve(handle, host="127.0.0.1", port=port, limits=EdgeLimits(), monotonic=clock.monotonic)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.aclose(GRACE_S)
    await upstream.aclose()


@contextmanager
def running_relay(upstream: str) -> Iterator[Candidate]:
    """The relay in a process of its own."""
    port = free_port()
    with pinned(GATE_CORE, [sys.executable, "-m", "bench.relay", "--serve", str(port), "--upstream", upstream]) as process:
        ready = wait_ready(f"http://127.0.0.1:{port}/", process)
        pids = family(process.pid)
        yield Candidate("yett relay", f"http://127.0.0.1:{port}/mcp", pids, ready_s=ready, idle_mb=resident_mb(pids))


def main() -> None:
    """Run the comparison, or the relay itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--upstream", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        return uvloop.run(relay(options.serve, options.upstream))
    with tempfile.TemporaryDirectory(prefix="yett-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        upstream = stack.enter_context(running_upstream(folder))
        limit = stack.enter_context(running_nginx(folder, upstream))
        candidates = [limit, stack.enter_context(running_relay(f"http://127.0.0.1:{upstream}/mcp"))]
        for candidate in candidates:
            check_answer(candidate)
        for _ in range(options.rounds):
            for candidate in candidates:
                measure(candidate, folder, options.seconds)
        print_table(candidates, limit)
    return None


if __name__ == "__main__":
    main()
