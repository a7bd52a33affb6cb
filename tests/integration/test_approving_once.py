"""An approved call runs once, whatever is killed and however many data planes there are; real clients carry the wait."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
import uvicorn
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp_types import ElicitResult

from tests.integration.test_servers import wait_until
from tests.support.ports import free_port
from tests.support.real_clients import STATELESS, Endpoint, PythonClient, Seen, Step, transport_to
from tests.support.real_gateway import YETT
from yett.approvals.lifecycle import RUNNING_MAX_NS
from yett.approvals.model import State
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import load_settings
from yett.stores.approval_desk import ApprovalDesk

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.timeout(180)]

POLICY: Final = json.dumps({"version": "1", "default": "deny", "tools": {"pay": {"require_approval": True}}})
PLANES: Final = 2
CALLS: Final = 4
"""Of each data plane, at once."""
STDIO_TILL: Final = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("till", log_level="ERROR")
@server.tool()
def pay(order: str) -> str:
    print(order, file=open({ran!r}, "a"), flush=True)
    return f"paid {{order}}"
server.run("stdio")
"""


@dataclass
class Till:
    """A server that counts what it was asked to pay, and can be made to keep its answers."""

    url: str
    ran: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)

    def server(self) -> MCPServer:
        server = MCPServer("till", log_level="ERROR")

        @server.tool()
        async def pay(order: str) -> str:
            self.ran.append(order)
            await anyio.to_thread.run_sync(self.answers.wait)
            return f"paid {order}"

        return server


@pytest.fixture
def till() -> Iterator[Till]:
    port = free_port()
    till = Till(f"http://127.0.0.1:{port}/mcp")
    config = uvicorn.Config(till.server().streamable_http_app(), port=port, log_level="error")
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run)
    till.answers.set()
    thread.start()
    wait_until(lambda: serving.started)
    yield till
    till.answers.set()
    serving.should_exit = True
    thread.join()


@dataclass
class House:
    """One state directory, and data planes that share it."""

    directory: Path
    hold_s: float = 0
    token: str = field(default_factory=mint)
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(PLANES)])

    @property
    def state(self) -> Path:
        return self.directory / "state"

    def config(self, plane: int = 0) -> Path:
        path = self.directory / f"yett-{plane}.toml"
        path.write_text(
            f'[state]\ndirectory = "{self.state}"\n[data_plane]\nport = {self.ports[plane]}\n'
            f'[control_plane]\npublic_url = "https://gate.example"\n[approvals]\nhold_s = {self.hold_s}\n',
            encoding="utf-8",
        )
        return path

    def furnish(self, url: str) -> None:
        key = token_key(load_settings(self.config(), {}).state_dir)
        grant = GrantEntry(organisation="local", id="g", digest=digest(self.token, key), server="s", policy="p")
        snapshot = SnapshotData(
            revision=1,
            origin="o",
            servers=[ServerEntry(organisation="local", id="s", name="till", url=url)],
            grants=[grant],
            policies=[PolicyEntry(id="p", organisation="local", name="p", revision="1-0", document=POLICY)],
        )
        store_snapshot(self.state / SNAPSHOT_FILE, snapshot)

    @contextmanager
    def data_plane(self, plane: int = 0) -> Iterator[subprocess.Popen[str]]:
        command = (sys.executable, "-m", "yett.app.data_plane", "--config", str(self.config(plane)))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("listening")
            yield process
        finally:
            process.kill()
            process.communicate()

    def endpoint(self, plane: int = 0) -> Endpoint:
        return Endpoint(url=f"http://127.0.0.1:{self.ports[plane]}/mcp/till", headers={"Authorization": f"Bearer {self.token}"})

    def call(self, order: str, plane: int = 0) -> Seen:
        return PythonClient().run(self.endpoint(plane), STATELESS, [Step("call", "pay", {"order": order})]).seen[0]

    def asked(self, order: str) -> str:
        """A call is not let through; the id of its request."""
        id: str = self.call(order).meta["dev.yett/decision"]["approval"]["id"]
        return id

    def yett(self, *arguments: str) -> Any:
        """What a command says, in a process of its own."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YETT_")}
        command = (YETT, "--json", "--config", str(self.config()), *arguments)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
        return json.loads(done.stdout)

    def approve_what_waits(self) -> None:
        [waiting] = self.yett("approvals", "list", "--state", "pending")
        self.yett("approvals", "approve", waiting["id"])


@pytest.fixture
def house(tmp_path: Path, till: Till) -> House:
    house = House(tmp_path)
    house.furnish(till.url)
    return house


def test_a_call_that_another_process_approved_passes_once(house: House, till: Till) -> None:
    with house.data_plane():
        first = house.asked("A")
        assert house.asked("A") == first
        assert house.yett("approvals", "approve", first)["state"] == "approved"
        seen = house.call("A")
        assert (seen.is_error, seen.text) == (False, "paid A")
        assert house.asked("A") != first
    assert till.ran == ["A"]


def test_kill_9_between_the_call_and_its_answer_leaves_an_unknown_outcome_and_never_a_second_run(
    house: House, till: Till
) -> None:
    till.answers.clear()
    with ThreadPoolExecutor() as pool, house.data_plane() as process:
        id = house.asked("A")
        house.yett("approvals", "approve", id)
        under_way = pool.submit(house.call, "A")
        wait_until(lambda: till.ran == ["A"])
        process.send_signal(signal.SIGKILL)
        process.wait()
        till.answers.set()
        assert under_way.exception(timeout=30) is not None
    with house.data_plane():
        assert house.yett("approvals", "show", id)["state"] == "running"
        assert house.asked("A") != id, "people are asked anew"
    assert till.ran == ["A"]
    with ApprovalDesk(house.state / "state.db") as desk:
        later = desk.get(id, time.time_ns() + RUNNING_MAX_NS)
    assert later is not None and later.state is State.UNKNOWN


def test_of_the_same_approved_call_through_two_data_planes_at_once_exactly_one_runs(house: House, till: Till) -> None:
    with house.data_plane(0), house.data_plane(1), ThreadPoolExecutor(PLANES * CALLS) as pool:
        for order in ("A", "B", "C"):
            house.yett("approvals", "approve", house.asked(order))
            seen = list(pool.map(lambda number, order=order: house.call(order, number % PLANES), range(PLANES * CALLS)))
            assert [one.text for one in seen if not one.is_error] == [f"paid {order}"]
            codes = {one.meta["dev.yett/decision"]["code"] for one in seen if one.is_error}
            assert codes == {"approval_required"}
    assert till.ran == ["A", "B", "C"]


def test_a_call_of_yett_run_is_held_with_reports_until_a_person_approves_it(tmp_path: Path) -> None:
    house, ran = House(tmp_path, hold_s=60), tmp_path / "ran"
    (tmp_path / "policy.json").write_text(POLICY, encoding="utf-8")
    (tmp_path / "till.py").write_text(STDIO_TILL.format(ran=str(ran)), encoding="utf-8")
    command = (YETT, "--config", str(house.config()), "run", "--policy", str(tmp_path / "policy.json"), "--")
    endpoint = Endpoint(command=(*command, sys.executable, str(tmp_path / "till.py")))
    said: list[str] = []

    async def conversation() -> str:
        async def report(progress: float, total: float | None, message: str | None) -> None:
            said.append(message or "")
            if len(said) == 1:
                await anyio.to_thread.run_sync(house.approve_what_waits)

        async with transport_to(endpoint) as transport, Client(transport, mode="legacy") as client:
            result = await client.call_tool("pay", {"order": "A"}, progress_callback=report)
            return str(result.content[0])

    assert "paid A" in anyio.run(conversation)
    assert "A person must approve this call first" in said[0]
    assert ran.read_text(encoding="utf-8") == "A\n"


def test_a_stateless_client_whose_user_opens_the_link_comes_out_with_the_result(house: House, till: Till) -> None:
    opened: list[str] = []

    async def open_link(context: Any, params: Any) -> ElicitResult:
        opened.append(params.url)
        await anyio.to_thread.run_sync(house.approve_what_waits)
        return ElicitResult(action="accept")

    async def conversation() -> str:
        async with (
            transport_to(house.endpoint()) as transport,
            Client(transport, mode=STATELESS, elicitation_callback=open_link) as client,
        ):
            result = await client.call_tool("pay", {"order": "A"})
            assert not result.is_error
            return str(result.content[0])

    with house.data_plane():
        assert "paid A" in anyio.run(conversation)
    assert [one.startswith("https://gate.example/approvals/ap_") for one in opened] == [True]
    assert till.ran == ["A"]
