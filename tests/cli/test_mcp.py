"""`yett mcp`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from yett.cli.mcp import command


def test_it_says_how_to_put_it_behind_the_gateway(terminal: Terminal) -> None:
    assert command.name == "mcp"
    assert "yett server add yett -- yett mcp" in terminal.ok("mcp", "--help").out


def test_at_a_terminal_it_says_what_it_is_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """Ctrl-C counts while nothing was typed: what waits for a line must not keep the process."""
    main, other = os.openpty()
    environment = {**os.environ, "YETT_STATE_DIRECTORY": str(tmp_path / "state")}
    command = [sys.executable, "-c", "from yett.cli.main import main; main()", "mcp"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdin=other, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        os.close(other)
        assert server.stderr is not None
        assert b"Ctrl-C ends it" in server.stderr.readline()
        os.write(main, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        assert server.stdout is not None
        assert server.stdout.readline()  # it serves
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == -signal.SIGINT
    os.close(main)


def test_without_the_sdk_it_says_what_to_install(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("yett.registry_server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp_types", None)
    done = terminal.run("mcp")
    assert (done.status, "install `yett[demo]`" in done.err) == (3, True), done.err
