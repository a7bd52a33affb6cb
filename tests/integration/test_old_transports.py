"""The transport of 2024-11-05 with its real peers: an old server behind the gateway, old clients before it, and both at once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.test_asked import ELICITATION, KINDS, ROOTS, SAMPLING, python_client, typescript_client
from tests.support.programs import require_program
from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step
from tests.support.real_gateway import YETT, Gateway
from tests.support.real_server import running_everything

pytestmark = pytest.mark.xdist_group("gateway")

REVISIONS: Final = ("2024-11-05", "2025-03-26", "2025-11-25")
POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "allow",
    "hide": ["get-env"],
    "tools": {
        "get-sum": {"deny_if": [{"path": "args.a", "op": "gt", "value": 50, "on_deny": "sums over 50 need a person"}]},
        "echo": {"limits": [{"counter": "echoes", "window": "day", "max": 1}]},
    },
}
PROGRESS: Final = Step("call", "trigger-long-running-operation", {"duration": 0.2, "steps": 2})
ECHO: Final = Step("call", "echo", {"message": "hi"})
STEPS: Final = (
    Step("list"),
    Step("call", "get-sum", {"a": 1, "b": 2}),
    Step("call", "get-sum", {"a": 51, "b": 2}),
    Step("call", "get-env"),
    ECHO,
    ECHO,
    PROGRESS,
    Step("prompts"),
)
EACH_CLIENT: Final = pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])


class Stage:
    """The reference server behind the gateway in three ways, each time under the same policy with fresh counters."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self._gateway = gateway
        self._directory = directory
        self._count = 0

    def endpoint(self, server: str, *, way: str = "http", **members: Any) -> Endpoint:
        """Where a client finds `server`: over Streamable HTTP, on an event stream of 2024 (`sse`), or on stdio (`connect`)."""
        self._count += 1
        policy = f"old-{self._count}"
        self._gateway.publish(policy, POLICY | members, self._directory)
        if way == "connect":
            token = self._gateway.mint(server, policy)["token"]
            command = (YETT, "connect", server, "--url", self._gateway.url)
            return Endpoint(command=command, env={**self._gateway.environment, "YETT_TOKEN": token})
        found = self._gateway.endpoint(server, policy)
        return found if way == "http" else replace(found, url=f"{self._gateway.url}/sse/{server}", sse=True)

    def check(self, endpoint: Endpoint, client: RealClient, revision: str) -> None:
        """Everything that a policy does, done."""
        conversation = client.run(endpoint, revision, STEPS)
        listed, sum_, denied, hidden, echo, limited, progress, prompts = conversation.seen
        assert conversation.revision == ("2025-11-25" if revision == "auto" else revision)
        assert "get-sum" in listed.tools
        assert "get-env" not in listed.tools
        assert (sum_.text, sum_.is_error) == ("The sum of 1 and 2 is 3.", False)
        assert (denied.text, denied.is_error) == ("[POLICY DENIED] sums over 50 need a person", True)
        assert (hidden.error_code, hidden.error_message.removeprefix("MCP error -32602: ")) == (-32602, "Unknown tool: get-env")
        assert (echo.text, limited.is_error) == ("Echo: hi", True)
        assert limited.meta["dev.yett/decision"]["code"] == "limit_exceeded"
        # The TypeScript client drops progress that comes in one read with the answer.
        assert (progress.progress[:1], "completed" in progress.text) == ((1,), True)
        assert prompts.tools


@pytest.fixture(scope="module")
def stage(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    require_program("server-everything")
    with running_everything() as new, running_everything(sse=True) as old:
        gateway.yett("server", "add", "old-http", "--url", new)
        gateway.yett("server", "add", "old-sse", "--url", old, "--transport", "sse")
        for name in ("old-http", "old-sse"):
            gateway.unpinned(name)
        yield Stage(gateway, tmp_path_factory.mktemp("policies"))


@pytest.mark.parametrize("revision", [*REVISIONS, "auto"])
@EACH_CLIENT
def test_an_old_server_works_for_clients_of_streamable_http(stage: Stage, client: RealClient, revision: str) -> None:
    stage.check(stage.endpoint("old-sse"), client, revision)


@EACH_CLIENT
def test_an_old_server_works_for_clients_on_stdio(stage: Stage, client: RealClient) -> None:
    stage.check(stage.endpoint("old-sse", way="connect"), client, "2025-06-18")


@pytest.mark.parametrize("server", ["old-http", "everything", "old-sse"])
@pytest.mark.parametrize("revision", REVISIONS)
@EACH_CLIENT
def test_old_clients_work_before_servers_of_every_transport(stage: Stage, client: RealClient, revision: str, server: str) -> None:
    stage.check(stage.endpoint(server, way="sse"), client, revision)


@pytest.mark.parametrize(("server", "way"), [("old-sse", "http"), ("old-http", "sse"), ("everything", "sse"), ("old-sse", "sse")])
@pytest.mark.parametrize("client", [python_client, typescript_client], ids=["python", "typescript"])
def test_what_a_server_asks_finds_the_client_and_the_answer_the_server(stage: Stage, client: Any, server: str, way: str) -> None:
    seen = client(stage.endpoint(server, way=way), "2025-11-25", [SAMPLING, ELICITATION, ROOTS], [], 0)
    sampled, declined, roots = seen.texts
    assert "sampled by the client" in sampled
    assert "declined" in declined
    assert "file:///of-the-client" in roots
    assert set(seen.asked) == set(KINDS)


@pytest.mark.parametrize(("server", "way"), [("old-sse", "http"), ("old-http", "sse")])
def test_what_the_policy_denies_is_not_asked(stage: Stage, server: str, way: str) -> None:
    endpoint = stage.endpoint(server, way=way, server_requests={"sampling": "deny"})
    seen = python_client(endpoint, "2025-11-25", [SAMPLING, ROOTS], [], 0)
    assert seen.asked == ("roots",)


@pytest.mark.parametrize(("name", "transport"), [("old-http", "http"), ("old-sse", "sse")])
def test_who_adds_a_url_under_the_wrong_transport_is_told(gateway: Gateway, stage: Stage, name: str, transport: str) -> None:
    url = gateway.yett("server", "show", name)["url"]
    for said in ("http", "sse"):
        command = [YETT, "server", "add", f"{name}-as-{said}", "--url", url, "--transport", said]
        done = subprocess.run(command, env=gateway.environment, capture_output=True, text=True, timeout=30, check=True)
        assert (f"set its transport to `{transport}`" in done.stderr) is (said != transport)
