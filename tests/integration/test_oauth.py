"""The gateway as a person runs it, before a server that wants tokens of a real authorization server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest

from tests.support.oauth import Browser, Provider, ResourceServer, running_pair
from tests.support.real_gateway import YETT, Gateway, running_gateway
from yett.admin.client import RemoteControl
from yett.admin.views import NewServer
from yett.sealing.keys import new_ring

pytestmark = [pytest.mark.xdist_group("oauth"), pytest.mark.timeout(120)]
ALLOW = {"version": "1", "default": "allow"}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1, "b": 2}}}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
FIELDS = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "add",
}


class Stage:
    """Everything that runs."""

    def __init__(self, gateway: Gateway, provider: Provider, server: ResourceServer, directory: Path) -> None:
        self.gateway, self.provider, self.server, self.directory = gateway, provider, server, directory
        gateway.publish("all", ALLOW, directory)
        state = Path(gateway.environment["YETT_STATE_DIRECTORY"])
        token = (state / "admin.token").read_text(encoding="utf-8").strip()
        self.control = RemoteControl("127.0.0.1", int(gateway.environment["YETT_CONTROL_PLANE_PORT"]), token)
        self.tokens: dict[str, str] = {}

    def add(self, name: str, kind: str, *options: str, secrets: str = "") -> Any:
        """A server with a credential of this kind, and a grant for it."""
        self.control.add_server(NewServer(name=name, url=self.server.url))
        self.tokens[name] = self.gateway.mint(name, "all")["token"]
        return self.credential(name, kind, *options, secrets=secrets)

    def credential(self, name: str, kind: str, *options: str, secrets: str = "") -> Any:
        done = subprocess.run(
            [YETT, "--json", "server", "credential", name, "--kind", kind, *options],
            env=self.gateway.environment,
            input=secrets,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def machine(self) -> tuple[str, ...]:
        """Options for the client that the authorization server knows as the gateway itself."""
        return ("--issuer", self.provider.issuer, "--client-id", "machine", "--client-secret", "--scope", "read")

    def revoke(self) -> None:
        """Have the last token that reached the server be good for nothing."""
        headers = self.server.requests()[-1]["headers"]
        token = next(value for name, value in headers if name == "authorization").removeprefix("Bearer ")
        form = {"token": token, "client_id": "machine", "client_secret": "machine-secret"}
        answer = httpx2.post(f"{self.provider.issuer}/token/revocation", data=form, trust_env=False)
        assert answer.status_code == 200, answer.text

    def stop(self) -> None:
        """End the gateway, with its control plane."""
        os.kill(self.gateway.pid, signal.SIGTERM)
        deadline = time.monotonic() + 15
        while self.ready()[0] and time.monotonic() < deadline:
            time.sleep(0.05)

    @contextmanager
    def data_plane_alone(self, *, ready: bool = True) -> Iterator[None]:
        """The data plane in a process of its own, as if the control plane had died."""
        command = [sys.executable, "-m", "yett.app.data_plane"]
        environment = self.gateway.environment
        with (
            (self.directory / "alone.log").open("ab") as log,
            subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
        ):
            try:
                deadline = time.monotonic() + 15
                while self.ready()[0] != (200 if ready else 503) and time.monotonic() < deadline:
                    time.sleep(0.05)
                yield
            finally:
                process.terminate()
                process.wait(10)

    def ready(self) -> tuple[int, Any]:
        """What `/readyz` says; 0 where nobody answers."""
        try:
            answer = httpx2.get(f"{self.gateway.url}/readyz", trust_env=False)
        except httpx2.TransportError:
            return 0, None
        return answer.status_code, answer.json()

    def connect(self, name: str) -> httpx2.Response:
        """As a person does it: take the address, open it, sign in, agree, come back."""
        with Browser() as browser:
            return browser.connect(self.gateway.yett("server", "connect", name)["url"])

    def call(self, name: str) -> dict[str, Any]:
        """What a client of the gateway gets."""
        body = {**CALL, "params": {**CALL["params"], "_meta": META}}  # type: ignore[dict-item]  # an object
        fields = {**FIELDS, "authorization": f"Bearer {self.tokens[name]}"}
        answer = httpx2.post(f"{self.gateway.url}/mcp/{name}", json=body, headers=fields, timeout=30, trust_env=False)
        text = answer.text
        found: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
        return found


def code_of(answer: dict[str, Any]) -> str | None:
    """The reason code of a denial."""
    code: str | None = answer.get("result", {}).get("_meta", {}).get("dev.yett/decision", {}).get("code")
    return code


def is_sum(answer: dict[str, Any]) -> bool:
    """Whether the server did it."""
    return bool(answer.get("result", {}).get("content", [{}])[0].get("text") == "3")


def soon(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds; fail after three seconds."""
    deadline = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def staged(directory: Path) -> Iterator[Stage]:
    """An authorization server, a server that wants its tokens, and a gateway."""
    with (
        running_pair() as (provider, server),
        running_gateway(directory, configuration='[egress]\nallow = ["127.0.0.1"]\n') as gateway,
    ):
        yield Stage(gateway, provider, server, directory)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("oauth")) as opened:
        yield opened


@pytest.fixture
def connected(stage: Stage) -> Stage:
    """With a server `people` that somebody connected."""
    return with_people(stage)


def with_people(stage: Stage) -> Stage:
    if "people" not in stage.tokens:
        stage.add("people", "authorization_code")
        assert stage.connect("people").status_code == 200
        soon(lambda: is_sum(stage.call("people")))
    return stage


def test_a_person_connects_a_server_and_calls_go_through(stage: Stage) -> None:
    changed = stage.add("person", "authorization_code")
    assert changed["credential"]["state"] == "unconnected"
    assert code_of(stage.call("person")) == "credential_unavailable"
    page = stage.connect("person")
    assert (page.status_code, "is connected" in page.text) == (200, True)
    soon(lambda: is_sum(stage.call("person")))  # the list of tools that could not be had is asked for again after a second
    view = stage.gateway.yett("server", "credential", "person")
    assert (view["state"], view["issuer"]) == ("ready", stage.provider.issuer)
    assert view["expires_at"] is not None


def test_the_gateway_gets_a_token_for_itself_and_another_one_when_the_server_refuses_it(stage: Stage) -> None:
    changed = stage.add("machine", "client_credentials", *stage.machine, secrets="machine-secret\n")
    assert (changed["credential"]["state"], changed["note"]) == ("ready", None)
    assert is_sum(stage.call("machine"))
    asked = stage.provider.counts()["client_credentials"]
    stage.revoke()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: stage.call("machine"), range(50)))
    assert [answer for answer in answers if not is_sum(answer)] == []
    assert stage.provider.counts()["client_credentials"] == asked + 1


def test_what_is_renewed_reaches_the_server_and_nobody_elses_token_does(stage: Stage) -> None:
    stage.add("two", "client_credentials", *stage.machine, secrets="machine-secret\n")
    assert is_sum(stage.call("two"))
    sent = {value for request in stage.server.requests() for name, value in request["headers"] if name == "authorization"}
    assert not any(token in value for token in stage.tokens.values() for value in sent)


def test_a_server_that_cannot_be_connected_says_why(stage: Stage) -> None:
    changed = stage.add("wrong", "client_credentials", *stage.machine, secrets="another-secret\n")
    assert (changed["credential"]["state"], changed["applied"]) == ("failing", False)
    assert "invalid_client" in changed["note"]
    assert code_of(stage.call("wrong")) == "credential_unavailable"


def test_calls_go_on_while_the_master_key_is_rotated(connected: Stage) -> None:
    failures: list[Any] = []
    done = Event()

    def keep_calling() -> None:
        while not done.is_set():
            failures.extend(answer for answer in [connected.call("people")] if not is_sum(answer))

    with ThreadPoolExecutor(2) as pool:
        callers = [pool.submit(keep_calling) for _ in range(2)]
        before = connected.gateway.yett("secrets", "status")
        for _ in range(3):
            rotated = connected.gateway.yett("secrets", "rotate")
            assert rotated["resealed"] >= 1
        done.set()
        for caller in callers:
            caller.result()
    assert failures == []
    after = connected.gateway.yett("secrets", "status")
    assert (after["version"], after["versions"], after["behind"]) == (before["version"] + 3, [before["version"] + 3], 0)


def test_no_secret_is_on_disk_or_in_a_log(connected: Stage) -> None:
    assert is_sum(connected.call("people"))
    tokens = {
        value.removeprefix("Bearer ")
        for request in connected.server.requests()
        for name, value in request["headers"]
        if name == "authorization"
    }
    assert tokens
    secrets = {
        *tokens,
        "machine-secret",
        *(one["refresh_token"] for one in connected.provider.requests() if "refresh_token" in one),
    }
    for path in connected.directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in secrets), path


def test_a_data_plane_that_starts_without_a_control_plane_goes_on_and_without_the_key_it_does_not(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        _ends_with_its_key(with_people(stage))


def _ends_with_its_key(stage: Stage) -> None:
    stage.stop()
    with stage.data_plane_alone():
        assert is_sum(stage.call("people"))
    key = Path(stage.gateway.environment["YETT_STATE_DIRECTORY"]) / "master.key"
    good = key.read_bytes()
    key.write_text(new_ring().text(), encoding="ascii")
    with stage.data_plane_alone(ready=False):
        status, said = stage.ready()
        assert status == 503
        assert "stays sealed" in str(said)
        assert code_of(stage.call("people")) == "credential_unavailable"
        key.write_bytes(good)
        soon(lambda: stage.ready()[0] == 200)
        soon(lambda: is_sum(stage.call("people")))
