"""The gateway as a person runs it, before a server that wants tokens of a real authorization server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.oauth import Browser, Provider, ResourceServer, running_pair
from tests.support.real_gateway import YETT, Gateway, running_gateway
from yett.admin.client import RemoteControl
from yett.admin.views import NewServer

pytestmark = pytest.mark.xdist_group("oauth")
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
            **{"env": self.gateway.environment, "input": secrets, "capture_output": True, "text": True, "timeout": 60},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

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


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("oauth")
    with (
        running_pair() as (provider, server),
        running_gateway(directory, configuration='[egress]\nallow = ["127.0.0.1"]\n') as gateway,
    ):
        yield Stage(gateway, provider, server, directory)


def test_a_person_connects_a_server_and_calls_go_through(stage: Stage) -> None:
    changed = stage.add("people", "authorization_code")
    assert changed["credential"]["state"] == "unconnected"
    assert code_of(stage.call("people")) == "credential_unavailable"
    page = stage.connect("people")
    assert (page.status_code, "is connected" in page.text) == (200, True)
    assert is_sum(stage.call("people"))
    view = stage.gateway.yett("server", "credential", "people")
    assert (view["state"], view["issuer"]) == ("ready", stage.provider.issuer)
    assert view["expires_at"] is not None


def test_the_gateway_gets_a_token_for_itself(stage: Stage) -> None:
    options = ("--issuer", stage.provider.issuer, "--client-id", "machine", "--client-secret", "--scope", "read")
    changed = stage.add("machine", "client_credentials", *options, secrets="machine-secret\n")
    assert (changed["credential"]["state"], changed["note"]) == ("ready", None)
    assert is_sum(stage.call("machine"))
