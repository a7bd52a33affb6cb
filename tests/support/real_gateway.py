"""The gateway as a person runs it: `yett up` in a process of its own, and the `yett` commands that speak to it."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.ports import free_port
from tests.support.real_clients import Endpoint

YETT: Final = str(Path(sys.executable).parent / "yett")
SILENT: Final = "[health]\ninterval_s = 0\n"
"""Configuration of a control plane that asks no server of its own accord; add servers with `--no-look` for the same."""
READY_SECONDS_MAX: Final = 20.0
STOP_SECONDS_MAX: Final = 15.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway, its files in a directory of their own."""

    url: str
    environment: Mapping[str, str]
    pid: int

    def unpinned(self, name: str) -> None:
        """Let a server list what it likes: some list other tools to clients who can be asked for more."""
        self.yett("server", "pins", "mode", name, "off")

    def yett(self, *arguments: str) -> Any:
        """What a command prints with `--json`; it must succeed."""
        done = subprocess.run(
            [YETT, "--json", *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, f"yett {' '.join(arguments)}: {done.stderr}{done.stdout}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def publish(self, name: str, policy: Mapping[str, Any], directory: Path) -> None:
        """Make `policy` known under `name`."""
        path = directory / f"{name}.json"
        path.write_text(json.dumps(policy), encoding="utf-8")
        self.yett("policy", "set", name, str(path))

    def mint(self, server: str, policy: str | None) -> Any:
        """A fresh grant: `token`, and what is known of it as `grant`."""
        attached = ["--policy", policy] if policy else []
        return self.yett("grant", "mint", "--server", server, *attached, "--label", f"test of {server}")

    def endpoint(self, server: str, policy: str | None) -> Endpoint:
        """Where a client with a fresh grant connects."""
        minted = self.mint(server, policy)
        return Endpoint(url=f"{self.url}/mcp/{server}", headers={"Authorization": f"Bearer {minted['token']}"})


@contextmanager
def running_gateway(
    directory: Path, *, configuration: str = "", prefix: Sequence[str] = (), trust: ssl.SSLContext | None = None
) -> Iterator[Gateway]:
    """`yett up` on free ports, ready; `prefix` stands before the command (taskset and the like), `trust` where it speaks TLS."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "yett.toml"
    config.write_text(configuration, encoding="utf-8")
    data, control = free_port(), free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YETT_")},
        "YETT_CONFIG": str(config),
        "YETT_STATE_DIRECTORY": str(directory / "state"),
        "YETT_DATA_PLANE_PORT": str(data),
        "YETT_CONTROL_PLANE_PORT": str(control),
        "NO_COLOR": "1",
    }
    url = f"{'http' if trust is None else 'https'}://127.0.0.1:{data}"
    with (directory / "up.log").open("wb") as log:
        process = subprocess.Popen([*prefix, YETT, "up"], env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_ready(f"{url}/readyz", process, directory / "up.log", trust)
            yield Gateway(url, environment, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path, trust: ssl.SSLContext | None) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1, context=trust):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise AssertionError(f"the gateway did not become ready:\n{log.read_text(encoding='utf-8', errors='replace')}")
