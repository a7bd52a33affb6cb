"""`yett down`, with a gateway that a client started in the background, and with one in the foreground."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_run_and_connect import HANDSHAKE, environment_in
from tests.support.ports import free_port
from tests.support.real_gateway import SILENT, YETT, running_gateway
from yett.app.running import find_running
from yett.cli.down import command


def down(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([YETT, "down", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.timeout(120)
def test_a_gateway_that_a_client_started_is_ended_and_starts_again_for_the_next_one(tmp_path: Path) -> None:
    ports = {"YETT_DATA_PLANE_PORT": str(free_port()), "YETT_CONTROL_PLANE_PORT": str(free_port())}
    environment = {**environment_in(tmp_path), **ports, "YETT_TOKEN": "yett_x", "YETT_HEALTH_INTERVAL_S": "0"}
    assert down(environment).returncode == 3
    for _ in range(2):
        line = json.dumps(HANDSHAKE[0]) + "\n"
        words = [YETT, "connect", "files", "--start"]
        started = subprocess.run(words, input=line, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert "`yett down` ends it" in started.stderr, started.stderr
        found = find_running(tmp_path / "state")
        assert found is not None
        said = down(environment, "--json")
        assert (said.returncode, json.loads(said.stdout)) == (0, {"pid": found.pid, "ended": True}), said.stderr
        assert found.has_ended(0)
        found.close()
    again = down(environment, "--json")
    assert (again.returncode, json.loads(again.stderr)["error"]["code"]) == (3, "not_running")


def test_a_gateway_in_the_foreground_ends_the_same_way(tmp_path: Path) -> None:
    with running_gateway(tmp_path, configuration=SILENT) as gateway:
        said = down(dict(gateway.environment))
        assert (said.returncode, said.stderr) == (0, f"the gateway, process {gateway.pid}, has ended\n")
    assert command.name == "down"
