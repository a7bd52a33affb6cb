"""What the two processes of `yett up` have in common."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from yett.app import data_plane
from yett.app.process import CANNOT_RUN, stop_on_signals

PARTS = ("yett.app.data_plane", "yett.app.control_plane")


@pytest.mark.anyio
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_event(number: signal.Signals) -> None:
    stop = stop_on_signals()
    assert not stop.is_set()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        await stop.wait()


@pytest.mark.parametrize("module", PARTS)
def test_a_configuration_that_cannot_be_used_is_one_line_and_a_status(module: str, tmp_path: Path) -> None:
    (tmp_path / "yett.toml").write_text("[data_plane]\nprot = 1\n")
    command = [sys.executable, "-m", module, "--config", str(tmp_path / "yett.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (CANNOT_RUN, "")
    assert done.stderr.startswith("error: ")
    assert "did you mean `port`?" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("module", PARTS)
def test_each_part_says_its_port_and_ends_well_on_a_signal(module: str, tmp_path: Path) -> None:
    (tmp_path / "yett.toml").write_text(
        f'[state]\ndirectory = "{tmp_path / "state"}"\n[data_plane]\nport = 0\n[control_plane]\nport = 0\n'
    )
    command = [sys.executable, "-m", module, "--config", str(tmp_path / "yett.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        word, port = process.stdout.readline().split()
        assert word == "listening"
        assert 0 < int(port) < 65_536
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "had"), [(256, 4096, 1000, 1000), (256, 600, 1000, 600), (900, 4096, 500, 900)]
)
def test_the_limit_of_open_files_is_raised_as_far_as_is_wanted_and_allowed(soft: int, hard: int, wanted: int, had: int) -> None:
    code = (
        "import resource, sys\nfrom yett.app.process import raise_file_limit\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        f"print(raise_file_limit({wanted}), *resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == [str(had), str(had), str(hard)]


def test_a_low_limit_of_open_files_means_fewer_connections_and_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(data_plane, "raise_file_limit", lambda wanted: min(wanted, 5000))
    assert data_plane._connections(10_000, 1024) == 5000 - 1024 - data_plane.FILES_BESIDE
    assert "enough for 1928 connections and not the 10000 of `data_plane.connections_max`" in caplog.text
    assert data_plane._connections(100, 1024) == 100
    assert data_plane._connections(10_000, 9_000) == data_plane.FILES_FEW
