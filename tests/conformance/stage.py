"""What a run needs, in processes of its own: the fixture, the gateway before it, and a shim for each grant."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.conformance.client import GATE, GATE_URL, POLICY
from tests.conformance.suite import Outcomes, run_against, run_client
from tests.support.programs import ROOT
from tests.support.real_gateway import SILENT, Gateway, running_gateway

LEGS: Final = ("http", "stdio")
"""What the gateway has behind it."""
STOP_SECONDS_MAX: Final = 5.0
ALLOW_ALL: Final[Mapping[str, Any]] = {"version": "1", "default": "allow"}
DENIED: Final = ("test_multiple_content_types", "test_image_content")
"""One tool that is denied and one that is hidden."""
TWO_DENIED: Final[Mapping[str, Any]] = {
    "version": "1",
    "default": "allow",
    "hide": [DENIED[1]],
    "tools": {DENIED[0]: {"action": "deny", "reason": "not in this test"}},
}
LAUNCHED: Final = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")))


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs, and where."""

    gateway: Gateway
    directory: Path
    urls: Mapping[str, str]
    """`direct`, the legs, and `denied`: the HTTP leg under the policy with two tools less."""
    client_command: str

    def server(self, leg: str, revision: str) -> Outcomes:
        """The suite as client, before the server of `leg`."""
        return run_against(self.urls[leg], revision, self.directory / f"server-{leg}-{revision}")

    def client(self, revision: str, *, gated: bool) -> Outcomes:
        """The suite as server, behind the SDK's client, with the gateway between them if `gated`."""
        environment = dict(self.gateway.environment)
        if gated:
            environment |= {GATE: "1", GATE_URL: self.gateway.url}
        directory = self.directory / f"client-{'gated' if gated else 'direct'}-{revision}"
        return run_client(self.client_command, revision, directory, environment)


@contextmanager
def running_stage(directory: Path) -> Iterator[Stage]:
    """The whole stage, up; `directory` keeps what the suite wrote."""
    with ExitStack() as stack:
        alone, behind = (stack.enter_context(program("tests.conformance.fixture.server")) for _ in range(2))
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="yett-"))  # a socket's path must be short
        server, client = (
            stack.enter_context(program("tests.conformance.forks", f"{sockets}/{module.rpartition('.')[2]}", module))
            for module in ("tests.conformance.fixture.server", "tests.conformance.client")
        )
        launcher = json.dumps([*LAUNCHED, server])
        configuration = f"{SILENT}[servers.commands.fixture]\nargv = {launcher}\n"
        gateway = stack.enter_context(running_gateway(directory / "gateway", configuration=configuration))
        gateway.yett("server", "add", "http", "--url", behind, "--no-look")
        gateway.yett("server", "add", "stdio", "--command", "fixture", "--no-look")
        gateway.publish(POLICY, ALLOW_ALL, directory)
        gateway.publish("two-denied", TWO_DENIED, directory)
        urls = {"direct": alone}
        for leg, behind_it, policy in (("http", "http", POLICY), ("stdio", "stdio", POLICY), ("denied", "http", "two-denied")):
            token = gateway.mint(behind_it, policy)["token"]
            host, port = gateway.url.removeprefix("http://").split(":")
            shim = stack.enter_context(program("tests.conformance.shim", host, port, line=f"Authorization: Bearer {token}\n"))
            urls[leg] = f"http://localhost:{shim}/mcp/{behind_it}"
        yield Stage(gateway, directory, urls, " ".join([*LAUNCHED, client]))


@contextmanager
def program(module: str, *arguments: str, line: str = "") -> Iterator[str]:
    """A module of ours as a process; yields the first line that it prints."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line)
            process.stdin.close()
            said = process.stdout.readline().strip()
            assert said, f"{module} did not start"
            yield said
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
