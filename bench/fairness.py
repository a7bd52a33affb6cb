"""What one grant's flood does to another grant, and how fast a refusal comes: `python -m bench.fairness`.

The data plane runs on core 0; servers that take 20 ms for a call, the flood (wrk) and the grant that is measured share core 1.
Each grant has a server of its own, so that what is measured is the gateway's queue and not the server's. The measured grant
calls at a steady pace over one connection, first while nobody else does, then beside floods of the other grant. On a busy machine
the figures say nothing.
Needs wrk and taskset.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop
from tests.support.ports import free_port

from bench.gateway import BODY, GATE_CORE, HEADERS, LOAD_CORE
from bench.load import write_script
from bench.policies import by_tool
from bench.processes import pinned, resident_mb, wait_ready
from bench.upstream import result_of
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import prepare_directory

WORK_S: Final = 0.02
PACE_S: Final = 0.02
CALLS: Final = 500
NAMES: Final = ("flooded", "measured")
"""Servers and their grants."""
FLOODS: Final = (16, 64, 256, 512)
"""Connections of the flood, each of which asks again as soon as it is answered. The last is more than one grant may have."""
TARGET: Final = 1.5
REFUSED_MS_MAX: Final = 50.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the measured grant saw."""

    p50_ms: float
    p99_ms: float
    failed: int


def serve(port: int) -> None:
    """The server, for ever."""
    uvloop.run(_serve(port))


async def _serve(port: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                message: dict[str, Any] = json.loads(await reader.readexactly(length))
                if message["method"] == "tools/call":
                    await asyncio.sleep(WORK_S)
                body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result_of(message["method"])}).encode()
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
                writer.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


def measure(port: int, token: str, calls: int, name: str = "measured", pace_s: float = PACE_S) -> list[tuple[float, int]]:
    """Latency in ms and status of so many calls at the pace, over one connection."""
    lines = [f"POST /mcp/{name} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\ncontent-length: {len(BODY)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + BODY
    seen = []
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(calls):
            began = time.perf_counter()
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer or len(answer) < _whole(answer):
                answer += connection.recv(65_536)
            elapsed = time.perf_counter() - began
            seen.append((elapsed * 1000, int(answer[9:12])))
            time.sleep(max(pace_s - elapsed, 0.001))
    return seen


def _whole(answer: bytes) -> int:
    head, _, _ = answer.partition(b"\r\n\r\n")
    return len(head) + 4 + int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def figures(seen: Sequence[tuple[float, int]]) -> Figures:
    """Percentiles of the latencies."""
    times = sorted(latency for latency, _ in seen)
    cut = times[min(len(times) - 1, int(len(times) * 0.99))]
    return Figures(statistics.median(times), cut, sum(status != 200 for _, status in seen))


@contextmanager
def stage(folder: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Server and data plane: the data plane's port and pid, and the tokens of two grants."""
    upstreams, port = [free_port(), free_port()], free_port()
    state = folder / "state"
    prepare_directory(state)
    tokens = [mint(), mint()]
    key = token_key(state)
    snapshot = SnapshotData(
        revision=1,
        origin="bench",
        servers=[
            ServerEntry(organisation="bench", id=name, name=name, url=f"http://127.0.0.1:{upstream}/mcp")
            for name, upstream in zip(NAMES, upstreams, strict=True)
        ],
        grants=[
            GrantEntry(organisation="bench", id=name, digest=digest(token, key), server=name, policy="p")
            for name, token in zip(NAMES, tokens, strict=True)
        ],
        policies=[PolicyEntry(id="p", organisation="bench", name="p", revision="1-0", document=json.dumps(by_tool(100)))],
    )
    store_snapshot(state / SNAPSHOT_FILE, snapshot)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YETT_")}
    environment |= {"YETT_STATE_DIRECTORY": str(state), "YETT_DATA_PLANE_PORT": str(port)}
    server = [sys.executable, "-m", "bench.fairness", "--serve"]
    with (
        pinned(LOAD_CORE, [*server, str(upstreams[0])]),
        pinned(LOAD_CORE, [*server, str(upstreams[1])]),
        pinned(GATE_CORE, [sys.executable, "-m", "yett.app.data_plane"], env=environment) as process,
    ):
        wait_ready(f"http://127.0.0.1:{port}/readyz", process)
        yield port, process.pid, tokens


@contextmanager
def flood(port: int, token: str, connections: int, folder: Path) -> Iterator[None]:
    """Another grant's calls, as fast as they are answered."""
    script = folder / "flood.lua"
    write_script(script, BODY, {**HEADERS, "Authorization": f"Bearer {token}"})
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", "-d600s", "-s", str(script)]
    with subprocess.Popen([*command, f"http://127.0.0.1:{port}/mcp/{NAMES[0]}"], stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(1)
            yield
        finally:
            process.terminate()


def refusals(port: int, token: str) -> Figures:
    """Calls of the grant that floods, each over a new connection: all but those within its bound are refused."""
    seen = [one for one in (measure(port, token, 1, NAMES[0])[0] for _ in range(100)) if one[1] in {429, 503}]
    return figures(seen or [(0.0, 200)])


def run(calls: int) -> dict[str, Any]:
    """All figures."""
    os.sched_setaffinity(0, {LOAD_CORE})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stage(folder) as (port, pid, tokens):
            measure(port, tokens[1], 50)
            quiet = figures(measure(port, tokens[1], calls))
            table: dict[str, Any] = {"quiet": quiet, "floods": {}}
            for connections in FLOODS:
                with flood(port, tokens[0], connections, folder):
                    beside = figures(measure(port, tokens[1], calls))
                    refused = refusals(port, tokens[0]) if connections == FLOODS[-1] else None
                table["floods"][connections] = beside
                if refused is not None:
                    table["refused"] = refused
            began = time.perf_counter()
            after = figures(measure(port, tokens[1], 50))
            table |= {"after": after, "after_s": time.perf_counter() - began, "resident_mb": resident_mb([pid])}
    return table


def main() -> int:
    """Print the figures; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=int)
    parser.add_argument("--calls", type=int, default=CALLS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve)
        return 0
    table = run(arguments.calls)
    return show(table)


def show(table: dict[str, Any]) -> int:
    """Print the figures; 1 if a promise is not kept."""
    quiet: Figures = table["quiet"]
    refused: Figures = table["refused"]
    print(_row("quiet", quiet))
    kept = refused.p99_ms <= REFUSED_MS_MAX
    for connections, beside in table["floods"].items():
        ratio = beside.p99_ms / quiet.p99_ms
        kept = kept and ratio <= TARGET and not beside.failed
        print(_row(f"beside {connections}", beside), f"  {ratio:5.2f} x  failed {beside.failed}")
    print(_row("refusals", refused))
    print(_row("afterwards", table["after"]), f"  {table['resident_mb']:.0f} MB")
    return 0 if kept else 1


def _row(name: str, seen: Figures) -> str:
    return f"{name:12} p50 {seen.p50_ms:7.1f} ms   p99 {seen.p99_ms:7.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
