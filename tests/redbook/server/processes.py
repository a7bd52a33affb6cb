"""The command as a process of its own: spoken to line by line, or by the SDK's client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp.client.stdio import StdioServerParameters

COMMAND = [sys.executable, "-m", "redbook_mcp.main"]


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a server over a folder, and none of this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "PYTHONPATH"}}
    return {**kept, "DATA_DIR": str(folder / "data"), **(more or {})}


def parameters(folder: Path, more: Mapping[str, str] | None = None) -> StdioServerParameters:
    return StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=environment(folder, more))


class Session:
    """A process that is spoken to in raw lines; every line that it ever wrote is in `lines`."""

    def __init__(self, folder: Path, more: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            COMMAND,
            env=environment(folder, more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.lines: list[str] = []
        self._id = 0

    def send(self, method: str, params: Mapping[str, Any] | None = None, *, notify: bool = False) -> int:
        assert self.process.stdin is not None
        self._id += 1
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        if not notify:
            message["id"] = self._id
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return self._id

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server ended: " + (self.process.stderr.read() if self.process.stderr else "")
        self.lines.append(line)
        message: dict[str, Any] = json.loads(line)
        return message

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer; what comes before it is kept in `lines`."""
        asked = self.send(method, params)
        while True:
            message = self.read()
            if message.get("id") == asked:
                return message

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a tool gave, as JSON."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        body: dict[str, Any] = json.loads(result["content"][0]["text"])
        return body

    def initialize(self, version: str = "2025-06-18") -> dict[str, Any]:
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        answer = self.ask("initialize", params)["result"]
        self.send("notifications/initialized", notify=True)
        found: dict[str, Any] = answer
        return found

    def end(self) -> int:
        """Close its input, read the rest, and wait; returns the exit code."""
        out, _ = self.process.communicate(timeout=20)
        self.lines.extend(out.splitlines(keepends=True))
        return self.process.returncode

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
