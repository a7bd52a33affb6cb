"""The official clients, asked by a real server through the gateway: sampling, elicitation, roots; and what it says unasked.

Rows of the method table that this holds with real peers: sampling/createMessage, elicitation/create, roots/list,
notifications/message, notifications/progress, notifications/resources/updated, notifications/tools/list_changed.
"""

from __future__ import annotations

import json
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.client.session
import mcp_types as types
import msgspec
import pytest
from mcp import Client, MCPError

from tests.support.programs import MODULES, node_command, require_program
from tests.support.real_clients import HANDSHAKE, Endpoint, transport_to
from tests.support.real_gateway import YETT, Gateway
from tests.support.real_server import running_everything

pytestmark = pytest.mark.xdist_group("gateway")

Calls = Sequence[tuple[str, dict[str, Any]]]
SECONDS_MAX: Final = 40.0
SAMPLING: Final = ("trigger-sampling-request", {"prompt": "hello", "maxTokens": 10})
ELICITATION: Final[tuple[str, dict[str, Any]]] = ("trigger-elicitation-request", {})
ROOTS: Final[tuple[str, dict[str, Any]]] = ("get-roots-list", {})
KINDS: Final = ("sampling", "elicitation", "roots")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of the calls, what the client was asked, and what it heard beside."""

    texts: tuple[str, ...]
    asked: tuple[str, ...]
    heard: tuple[str, ...]


def python_client(endpoint: Endpoint, revision: str, calls: Calls, subscribe: Sequence[str], heard_min: int) -> Heard:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mcp.client.session, "LATEST_HANDSHAKE_VERSION", revision)
        return anyio.run(_python, endpoint, calls, subscribe, heard_min)


class _Python:
    """Callbacks that answer as the TypeScript half does, and remember."""

    def __init__(self, heard_min: int) -> None:
        self.asked: list[str] = []
        self.heard: list[str] = []
        self._heard_min = heard_min
        self.enough = anyio.Event()

    async def sample(self, *_: Any) -> types.CreateMessageResult:
        self.asked.append("sampling")
        content = types.TextContent(type="text", text="sampled by the client")
        return types.CreateMessageResult(role="assistant", model="m", content=content)

    async def elicit(self, *_: Any) -> types.ElicitResult:
        self.asked.append("elicitation")
        return types.ElicitResult(action="decline")

    async def roots(self, *_: Any) -> types.ListRootsResult:
        self.asked.append("roots")
        return types.ListRootsResult.model_validate({"roots": [{"uri": "file:///of-the-client", "name": "mine"}]})

    async def log(self, *_: Any) -> None:
        self.note("notifications/message")

    async def hear(self, message: Any) -> None:
        method = getattr(message, "method", None) or getattr(getattr(message, "root", None), "method", None)
        if method is not None:
            self.note(method)

    def note(self, method: str) -> None:
        self.heard.append(method)
        if len(set(self.heard)) >= self._heard_min:
            self.enough.set()

    def callbacks(self) -> dict[str, Any]:
        answers = {"sampling_callback": self.sample, "elicitation_callback": self.elicit, "list_roots_callback": self.roots}
        return {**answers, "logging_callback": self.log, "message_handler": self.hear}


async def _python(endpoint: Endpoint, calls: Calls, subscribe: Sequence[str], heard_min: int) -> Heard:
    side = _Python(heard_min)
    with anyio.fail_after(SECONDS_MAX):
        async with transport_to(endpoint) as transport, Client(transport, mode="legacy", **side.callbacks()) as client:
            for uri in subscribe:
                with warnings.catch_warnings(action="ignore"):  # later revisions have another way
                    await client.subscribe_resource(uri)
            texts = [await _called(client, name, arguments) for name, arguments in calls]
            if heard_min:
                with anyio.move_on_after(12):
                    await side.enough.wait()
    return Heard(tuple(texts), tuple(side.asked), tuple(side.heard))


async def _called(client: Client, name: str, arguments: dict[str, Any]) -> str:
    try:
        result = await client.call_tool(name, arguments)
    except MCPError as error:
        return f"{error.error.code} {error.error.message}"
    return "".join(part.text for part in result.content if isinstance(part, types.TextContent))


def typescript_client(endpoint: Endpoint, revision: str, calls: Calls, subscribe: Sequence[str], heard_min: int) -> Heard:
    require_program("typescript-client")
    order = {
        "modules": str(MODULES),
        "endpoint": asdict(endpoint),
        "revision": revision,
        "calls": calls,
        "subscribe": subscribe,
        "heard_min": heard_min,
    }
    script = Path(__file__).with_name("asked.mjs")
    done = subprocess.run(
        [str(require_program("node")), str(script)],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=Heard)


CLIENTS: Final = pytest.mark.parametrize("client", [python_client, typescript_client], ids=["python", "typescript"])
REVISIONS: Final = pytest.mark.parametrize("revision", HANDSHAKE)
WAYS: Final = pytest.mark.parametrize("way", ["http", "program", "run", "connect"])


class Ways:
    """The reference server behind the gateway over HTTP and as its program, behind `yett run`, and through `yett connect`."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self._gateway = gateway
        self._directory = directory
        self._count = 0

    def endpoint(self, way: str, **server_requests: str) -> Endpoint:
        """Where a client finds it under a policy of its own."""
        self._count += 1
        name = f"asked-{self._count}"
        policy = {"version": "1", "default": "allow", "server_requests": server_requests}
        if way == "run":
            path = self._directory / f"{name}.json"
            path.write_text(json.dumps(policy), encoding="utf-8")
            command = (YETT, "run", "--no-pins", "--policy", str(path), "--", *node_command("server-everything", "stdio"))
            return Endpoint(command=command, env=dict(self._gateway.environment))
        self._gateway.publish(name, policy, self._directory)
        if way == "connect":
            token = self._gateway.mint("asked-http", name)["token"]
            command = (YETT, "connect", "asked-http", "--url", self._gateway.url)
            return Endpoint(command=command, env={**self._gateway.environment, "YETT_TOKEN": token})
        return self._gateway.endpoint("asked-http" if way == "http" else "everything", name)


@pytest.fixture(scope="module")
def ways(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    require_program("server-everything")
    with running_everything() as url:
        gateway.yett("server", "add", "asked-http", "--url", url)
        gateway.unpinned("asked-http")
        yield Ways(gateway, tmp_path_factory.mktemp("policies"))


@WAYS
@REVISIONS
@CLIENTS
def test_a_server_asks_the_client_and_gets_its_answers(ways: Ways, client: Any, revision: str, way: str) -> None:
    seen = client(ways.endpoint(way), revision, [SAMPLING, ELICITATION, ROOTS], [], 0)
    sampled, declined, roots = seen.texts
    assert "sampled by the client" in sampled
    assert "declined" in declined
    assert "file:///of-the-client" in roots
    assert set(seen.asked) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@WAYS
@CLIENTS
def test_what_the_policy_denies_is_not_asked_of_the_client(ways: Ways, client: Any, kind: str, way: str) -> None:
    seen = client(ways.endpoint(way, **{kind: "deny"}), "2025-11-25", [SAMPLING, ELICITATION, ROOTS], [], 0)
    assert kind not in seen.asked
    assert set(seen.asked) == set(KINDS) - {kind}


@WAYS
@CLIENTS
def test_what_a_server_says_unasked_reaches_the_client(ways: Ways, client: Any, way: str) -> None:
    uri = "demo://resource/dynamic/text/1"
    calls: Calls = [("toggle-simulated-logging", {}), ("toggle-subscriber-updates", {})]
    seen = client(ways.endpoint(way), "2025-11-25", calls, [uri], 2)
    assert {"notifications/message", "notifications/resources/updated"} <= set(seen.heard)
