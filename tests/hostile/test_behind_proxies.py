"""The running gateway behind a real nginx and a real haproxy (HT1, AZ11): all three cut what comes into the same requests."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from typing import Final

import apsw
import pytest

from tests.hostile.framing_defects import DEFECTS, HIDDEN, JUDGED, SMUGGLED
from tests.hostile.proxies import PROXIES, Proxy, running_proxy
from tests.hostile.raw_requests import CALL, Raw, armed, corpus
from tests.hostile.recorder import Heard, Recorder, recording, result
from tests.hostile.rig import JSON_FIELDS, PATIENCE_S, Gate, answers, call, data_plane

REQUESTS: Final = corpus()
DONE: Final = b'"text":"done"'
needs_corpus = pytest.mark.skipif(not REQUESTS, reason="corpora/http-raw is not beside the repository")


@pytest.fixture(scope="module")
def recorder_behind() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def gate_behind(tmp_path_factory: pytest.TempPathFactory, recorder_behind: Recorder) -> Iterator[Gate]:
    """A gateway that takes the word of proxies on this machine."""
    trusting = 'trusted_proxies = ["127.0.0.1"]\n'
    with data_plane(tmp_path_factory.mktemp("behind"), recorder_behind, extra=trusting) as gate:
        assert gate.ask(call()).status == 200
        yield gate


@pytest.fixture(scope="module", params=PROXIES)
def proxy_of_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, gate_behind: Gate) -> Iterator[Proxy]:
    with running_proxy(request.param, tmp_path_factory.mktemp("proxy"), gate_behind.port) as proxy:
        yield proxy


@pytest.fixture
def proxy(proxy_of_all: Proxy, gate_behind: Gate, recorder_behind: Recorder) -> Iterator[Proxy]:
    """The proxy; after each test the one connection behind it must still belong to whoever asks next."""
    recorder_behind.forget()
    yield proxy_of_all
    recorder_behind.forget()
    honest = call(id="honest")
    (answer,) = answers(proxy_of_all.told(gate_behind.post(honest, b"connection: close", *JSON_FIELDS)))
    assert (answer.status, answer.json["id"]) == (200, "honest")
    assert [heard.body for heard in recorder_behind.heard] == [honest]
    assert not gate_behind.faults()


def assert_each_was_seen_by(proxy: Proxy, recorder: Recorder, said: bytes) -> None:
    """What reached the server are requests of the proxy's, none twice, and each was answered to the client."""
    marks = [re.findall(rb"(?i)\r\ntraceparent: ([^\r\n]*)", heard.head + b"\r\n") for heard in recorder.heard]
    assert [len(found) for found in marks] == [1] * len(marks), "the gateway read a request that the proxy did not see"
    assert all(found[0].startswith(proxy.mark) for found in marks)
    assert len({found[0] for found in marks}) == len(marks)
    assert said.count(DONE) == len(recorder.heard)
    assert not recorder.stray


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_of_framing_is_read_alike_by_proxy_and_gateway(
    proxy: Proxy, gate_behind: Gate, recorder_behind: Recorder, name: str
) -> None:
    said = proxy.told(DEFECTS[name].data(gate_behind.authorization))
    assert_each_was_seen_by(proxy, recorder_behind, said)
    assert {heard.body for heard in recorder_behind.heard} <= {JUDGED, SMUGGLED}
    assert not [heard for heard in recorder_behind.heard if HIDDEN in heard.head]


@needs_corpus
@pytest.mark.parametrize("raw", REQUESTS, ids=lambda raw: raw.name)
def test_an_armed_request_of_the_corpus_is_read_alike_by_proxy_and_gateway(
    proxy: Proxy, gate_behind: Gate, recorder_behind: Recorder, raw: Raw
) -> None:
    said = proxy.told(armed(raw.data, gate_behind.authorization))
    assert_each_was_seen_by(proxy, recorder_behind, said)
    assert {heard.body.rstrip(b" ") for heard in recorder_behind.heard} <= {CALL}


def test_the_client_is_whom_the_proxy_saw_whatever_the_client_claims(proxy: Proxy, gate_behind: Gate) -> None:
    claims = (b"x-forwarded-for: 10.9.9.9", b"x-real-ip: 10.9.9.9", b"connection: close")
    asked = gate_behind.post(call(id="from afar"), *claims, *JSON_FIELDS)
    assert DONE in proxy.told(asked, come_from="127.0.0.2")
    connection = apsw.Connection(str(gate_behind.state / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert connection.execute("SELECT client_ip FROM calls ORDER BY seq DESC LIMIT 1").get == "127.0.0.2"
    finally:
        connection.close()


def test_events_come_through_one_by_one(proxy: Proxy, gate_behind: Gate, recorder_behind: Recorder) -> None:
    seen = threading.Event()

    def slowly(heard: Heard, wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        wire.sendall(b'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"first"}}\n\n')
        assert seen.wait(PATIENCE_S), "the client heard nothing of the first event"
        wire.sendall(b"data: %b\n\n" % result(heard))
        wire.shutdown(socket.SHUT_RDWR)

    recorder_behind.behaviour = slowly
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S) as wire:
        wire.sendall(gate_behind.post(call(), b"connection: close", *JSON_FIELDS))
        data = b""
        while b'"first"' not in data:
            data += wire.recv(65_536)
        assert DONE not in data
        seen.set()
        while piece := wire.recv(65_536):
            data += piece
    assert DONE in data
