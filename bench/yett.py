"""The gate under measurement: `yett up` on one core, with one server, one policy of 100 rules and one grant."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.real_gateway import running_gateway

from bench.policies import by_tool
from bench.processes import family, resident_mb

RULES = 100


@dataclass(frozen=True, slots=True)
class Gate:
    """A running gate. Time and memory are the data plane's, which is what stands in the path of calls."""

    url: str
    headers: Mapping[str, str]
    pids: list[int]
    ready_s: float
    """From `yett up` to a ready data plane: supervisor and interpreter included."""
    idle_mb: float


@contextmanager
def running_yett(folder: Path, upstream: str, mode: str, core: int) -> Iterator[Gate]:
    """A gate whose audit is `strict` or `relaxed`, pinned to `core` with all its processes."""
    begin = time.monotonic()
    with running_gateway(folder, configuration=f'[audit]\nmode = "{mode}"\n', prefix=("taskset", "-c", str(core))) as gateway:
        ready = time.monotonic() - begin
        gateway.yett("server", "add", "bench", "--url", upstream)
        gateway.publish("bench", by_tool(RULES), folder)
        endpoint = gateway.endpoint("bench", "bench")
        pids = [pid for pid in family(gateway.pid) if b"data_plane" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        yield Gate(str(endpoint.url), endpoint.headers, pids, ready, resident_mb(pids))
