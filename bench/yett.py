"""The gate under measurement: one data plane on one core, started from a snapshot, as it starts when nothing else runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.ports import free_port

from bench.policies import by_tool
from bench.processes import family, pinned, resident_mb, wait_ready
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import prepare_directory

RULES: Final = 100


@dataclass(frozen=True, slots=True)
class Gate:
    """A running data plane."""

    url: str
    headers: Mapping[str, str]
    pids: list[int]
    ready_s: float
    idle_mb: float


@contextmanager
def running_yett(folder: Path, upstream: str, mode: str, core: int) -> Iterator[Gate]:
    """A data plane whose audit is `strict` or `relaxed`, pinned to `core`."""
    state, port = folder / "state", free_port()
    prepare_directory(state)
    token = mint()
    store_snapshot(state / SNAPSHOT_FILE, _snapshot(upstream, digest(token, token_key(state))))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YETT_")},
        "YETT_STATE_DIRECTORY": str(state),
        "YETT_DATA_PLANE_PORT": str(port),
        "YETT_AUDIT_MODE": mode,
    }
    with pinned(core, [sys.executable, "-m", "yett.app.data_plane"], env=environment) as process:
        ready = wait_ready(f"http://127.0.0.1:{port}/readyz", process)
        pids = family(process.pid)
        headers = {"Authorization": f"Bearer {token}"}
        yield Gate(f"http://127.0.0.1:{port}/mcp/bench", headers, pids, ready, resident_mb(pids))


def _snapshot(upstream: str, token_digest: str) -> SnapshotData:
    policy = PolicyEntry(
        id="bench", organisation="bench", name="bench", revision="1-000000000000", document=json.dumps(by_tool(RULES))
    )
    return SnapshotData(
        revision=1,
        origin="bench",
        servers=[ServerEntry(organisation="bench", id="server-1", name="bench", url=upstream)],
        grants=[
            GrantEntry(organisation="bench", id="grant-1", digest=token_digest, server="server-1", label="bench", policy="bench")
        ],
        policies=[policy],
    )
