"""A home with the configuration of a client in it, for the tests of `yett wrap`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Done, Terminal

SECRET = "sk-hidden-4f9c2e7d1a"


def make_home(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(terminal.directory))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(terminal.directory / ".config"))
    return terminal.directory


def put(path: Path, **servers: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"mcpServers": servers}, indent=2))
    return path


def make_cursor(home: Path) -> Path:
    files = {"command": "npx", "args": ["-y", "files-mcp@1.0.0", "/srv"], "env": {"API_KEY": SECRET}}
    return put(home / ".cursor" / "mcp.json", files=files, asked={"command": "x", "args": ["${input:k}"]})


def wrap(terminal: Terminal, *words: object) -> Done:
    return terminal.run("wrap", *words, "--yes", "--no-look")
