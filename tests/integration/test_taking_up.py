"""The official clients get the answer of a long call of a program, though their connections are lost on the way or closed."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
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
    return [json.loads(line)["outcome"]["result"] for line in done.stdout.splitlines()]


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
