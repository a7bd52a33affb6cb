"""Programs under measurement: started on one core, read through /proc, stopped by their own pid."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
START_SECONDS_MAX: Final = 20.0
_POLL_SECONDS: Final = 0.005


@contextmanager
def pinned(core: int, command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A running program on `core`; stopped at the end."""
    with subprocess.Popen(["taskset", "-c", str(core), *command], env=env, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(15)


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> float:
    """Seconds until `url` answers 200. Raises `RuntimeError` if the program ends or takes too long."""
    begin = time.monotonic()
    while time.monotonic() - begin < START_SECONDS_MAX:
        if process.poll() is not None:
            raise RuntimeError(f"the program ended with status {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return time.monotonic() - begin
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"{url} did not answer within {START_SECONDS_MAX:.0f} s")


def family(pid: int) -> list[int]:
    """`pid` and everything it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid] + [below for child in children for below in family(int(child))]


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time that these processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mb(pids: Sequence[int]) -> float:
    """Resident memory, shared pages counted in each process."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
