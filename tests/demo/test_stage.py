"""Whatever ends the demonstration, nothing of it goes on running."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.upstreams.stdio_rig import alive
from yett.stores.control.lock import is_held

STAGE: Final = """
import signal, sys
from pathlib import Path
from yett.demo import stage

def leave(number, _):
    raise SystemExit(128 + number)

for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, leave)
with stage.raised(Path(sys.argv[1])) as raised:
    print(raised.settings.data_plane.port, raised.settings.control_plane.port, flush=True)
    signal.pause()
"""


def descendants(pid: int) -> set[int]:
    """Every process below this one."""
    children: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            children |= {int(child) for child in (task / "children").read_text().split()}
    return children.union(*map(descendants, children))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_gateway_of_the_stage_and_all_that_it_started(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STAGE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        ports = [int(port) for port in process.stdout.readline().split()]
        below = descendants(process.pid)
        assert len(below) >= 3  # the supervisor and both planes
        assert is_held(tmp_path / "state")
        process.send_signal(number)
        process.wait(60)
    assert not [pid for pid in below if alive(pid)]
    assert not is_held(tmp_path / "state")
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
