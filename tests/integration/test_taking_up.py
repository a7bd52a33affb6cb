"""The official clients get the answer of a long call of a program, though their connections are lost on the way or closed."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support import slow_program
from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Seen, Step
from tests.support.real_gateway import SILENT, YETT, Gateway, running_gateway

pytestmark = pytest.mark.xdist_group("gateway")
ALLOW = {"version": "1", "default": "allow"}
EACH_CLIENT = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
CALL = Step("call", "slow", {"seconds": 2.0})
RESET = struct.pack("ii", 1, 0)
PART_BYTES = 64 * 1024
ENDED_SECONDS_MAX = 5.0


@contextmanager
def running(directory: Path, more: str = "") -> Iterator[tuple[Gateway, Path]]:
    """A gateway before the program, and where that notes its calls."""
    notes = directory / "notes"
    argv = [sys.executable, slow_program.__file__, str(notes)]
    configuration = f"{SILENT}[servers.commands.slow]\nargv = {json.dumps(argv)}\n[data_plane]\n{more}\n"
    with running_gateway(directory / "gateway", configuration=configuration) as gateway:
        gateway.yett("server", "add", "slow", "--command", "slow", "--no-look")
        gateway.publish("all", ALLOW, directory)
        yield gateway, notes


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Path]]:
    with running(tmp_path_factory.mktemp("patient")) as made:
        yield made


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Path]]:
    """One that closes quiet streams."""
    with running(tmp_path_factory.mktemp("polled"), "quiet_stream_s = 0.3") as made:
        yield made


def calls(notes: Path) -> int:
    """How often the program was called so far."""
    return len(notes.read_text(encoding="utf-8").splitlines()) if notes.exists() else 0


def results(gateway: Gateway, grant: str) -> list[str]:
    """What came of the calls of a grant, by the decision log."""
    command = [YETT, "--json", "log", "--grant", grant]
    done = subprocess.run(command, env=gateway.environment, capture_output=True, text=True, timeout=30, check=True)
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    return [call["outcome"]["result"] for call in calls if call.get("outcome")]


class Cutting:
    """A relay that cuts the first connection on which the stream of a call has begun."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "", target.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen: list[str] = []
        """What happened: `cut`, `resumed`."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        called = threading.Event()
        with client, socket.create_connection(self._target) as onward, suppress(OSError):
            threading.Thread(target=self._back, args=(onward, client, called), daemon=True).start()
            while part := client.recv(PART_BYTES):
                if b'"tools/call"' in part:
                    called.set()
                if b"last-event-id" in part.lower():
                    self.seen.append("resumed")
                onward.sendall(part)

    def _back(self, onward: socket.socket, client: socket.socket, called: threading.Event) -> None:
        with suppress(OSError):
            while part := onward.recv(PART_BYTES):
                client.sendall(part)
                if called.is_set() and b"retry:" in part and "cut" not in self.seen:
                    self.seen.append("cut")
                    for side in (client, onward):
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        side.shutdown(socket.SHUT_RDWR)
                    return
            client.shutdown(socket.SHUT_WR)


@EACH_CLIENT
def test_a_client_whose_connection_is_cut_gets_the_answer_once(patient: tuple[Gateway, Path], client: RealClient) -> None:
    gateway, notes = patient
    before = calls(notes)
    minted = gateway.mint("slow", "all")
    with closing(Cutting(gateway.url)) as relay:
        endpoint = Endpoint(url=f"{relay.url}/mcp/slow", headers={"Authorization": f"Bearer {minted['token']}"})
        conversation = client.run(endpoint, "2025-11-25", [CALL, Step("list")])
    assert conversation.revision == "2025-11-25"
    assert conversation.seen == (Seen(text="at last", progress=(1, 2)), Seen(tools=("slow",)))
    assert relay.seen[0] == "cut"
    assert "resumed" in relay.seen
    assert calls(notes) == before + 1
    assert results(gateway, minted["grant"]["id"]) == ["ok"]


@EACH_CLIENT
def test_a_client_comes_back_to_streams_that_are_closed_while_they_are_quiet(
    polled: tuple[Gateway, Path], client: RealClient
) -> None:
    gateway, notes = polled
    before = calls(notes)
    conversation = client.run(gateway.endpoint("slow", "all"), "2025-11-25", [CALL, Step("list")])
    assert conversation.seen == (Seen(text="at last", progress=(1, 2)), Seen(tools=("slow",)))
    assert calls(notes) == before + 1


@EACH_CLIENT
def test_clients_of_the_revision_before_wait_as_they_did(polled: tuple[Gateway, Path], client: RealClient) -> None:
    gateway, _ = polled
    conversation = client.run(gateway.endpoint("slow", "all"), "2025-06-18", [CALL])
    assert conversation.seen == (Seen(text="at last", progress=(1, 2)),)


@EACH_CLIENT
def test_the_bridge_to_stdio_comes_back_for_its_client(polled: tuple[Gateway, Path], client: RealClient) -> None:
    gateway, notes = polled
    before = calls(notes)
    token = gateway.mint("slow", "all")["token"]
    command = (YETT, "connect", "slow", "--url", gateway.url)
    endpoint = Endpoint(command=command, env={**gateway.environment, "YETT_TOKEN": token})
    (seen,) = client.run(endpoint, "2025-11-25", [CALL]).seen
    assert (seen.text, seen.progress[:1]) == ("at last", (1,))  # a report that comes together with the answer may be too late
    assert calls(notes) == before + 1


class Caller:
    """A client by hand: its call has begun, and the id of its first event is known."""

    def __init__(self, gateway: Gateway, seconds: float) -> None:
        self._target = urlsplit(gateway.url).netloc
        self._connections: list[HTTPConnection] = []
        minted = gateway.mint("slow", "all")
        self.grant: str = minted["grant"]["id"]
        self._fields = {
            "authorization": f"Bearer {minted['token']}",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        opened = self.ask("POST", {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})
        opened.read()
        self._fields |= {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        params = {"name": "slow", "arguments": {"seconds": seconds}}
        self.stream = self.ask("POST", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        name, _, id = self.stream.readline().decode().strip().partition(": ")
        assert name == "id"
        self._fields["last-event-id"] = id

    def ask(self, method: str, message: Any = None) -> HTTPResponse:
        """The head of an answer, on a connection of its own."""
        connection = HTTPConnection(self._target, timeout=30)
        self._connections.append(connection)
        connection.request(method, "/mcp/slow", None if message is None else json.dumps(message), self._fields)
        return connection.getresponse()

    def come_back(self) -> HTTPResponse:
        """The rest of the answer."""
        return self.ask("GET")

    def close(self) -> None:
        """Leave, on all connections."""
        self.stream.close()
        for connection in self._connections:
            connection.close()


def test_revoking_a_grant_closes_its_streams_and_what_runs_with_nobody_there(patient: tuple[Gateway, Path]) -> None:
    gateway, _ = patient
    with closing(Caller(gateway, 60.0)) as unheard:
        pass
    with closing(Caller(gateway, 60.0)) as caller:
        rest = caller.come_back()
        for one in (caller, unheard):
            gateway.yett("grant", "revoke", one.grant)
        begun = time.monotonic()
        rest.read()
        assert time.monotonic() - begun < ENDED_SECONDS_MAX
        assert caller.come_back().status == 401
    while [*results(gateway, caller.grant), *results(gateway, unheard.grant)] != ["client_gone"] * 2:
        assert time.monotonic() - begun < ENDED_SECONDS_MAX
        time.sleep(0.1)


def test_a_gateway_that_stops_writes_down_what_came_of_a_call_that_nobody_listened_to(tmp_path: Path) -> None:
    with running(tmp_path) as (gateway, _), closing(Caller(gateway, 3.0)) as caller:
        pass
    assert results(gateway, caller.grant) == ["ok"]
