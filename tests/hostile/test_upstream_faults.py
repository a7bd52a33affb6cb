"""A server that misbehaves, behind the running gateway: one well-formed answer or a visible break, a settled record, no leak
(UP1, UP2, UP3, UP4, UP5, UP8, PD10, PD12, PD13, HT9, CR13).
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hostile.recorder import Heard, Recorder, properly, result, whole
from tests.hostile.rig import JSON_FIELDS, STATELESS_FIELDS, Answer, Gate, answers, call, data_plane, rest_of
from tests.hostile.upstream_faults import CUT, ERROR, FAULTS, RESULT, SECRET, Fault, event

TIMEOUT_S = 1.0
MEMORY_KIB_MAX = 48 * 1024
ERAS = {"handshake": (JSON_FIELDS, False), "stateless": (STATELESS_FIELDS, True)}


@pytest.fixture(scope="module")
def impatient_of_all(tmp_path_factory: pytest.TempPathFactory, recorder_of_all: Recorder) -> Iterator[Gate]:
    recorder_of_all.forget()
    extra = f"upstream_timeout_s = {TIMEOUT_S}\n"
    with data_plane(tmp_path_factory.mktemp("impatient"), recorder_of_all, extra=extra) as gate:
        assert gate.ask(call()).status == 200
        yield gate


@pytest.fixture
def impatient(impatient_of_all: Gate, recorder: Recorder) -> Iterator[Gate]:
    """A gateway that waits a second for answers; it must serve on, and must have had no fault of its own."""
    yield impatient_of_all
    recorder.forget()
    assert impatient_of_all.ask(call(), *JSON_FIELDS).status == 200
    assert not impatient_of_all.faults()


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_misbehaving_server_is_one_answer_to_its_client_and_one_line_in_the_record(
    impatient: Gate, recorder: Recorder, name: str, era: str
) -> None:
    fault, (fields, stateless) = FAULTS[name], ERAS[era]
    recorder.behaviour = fault.behaviour
    before, memory = len(impatient.outcomes()), impatient.rss_kib()
    with impatient.connect() as wire:
        wire.sendall(impatient.post(call(stateless=stateless), b"connection: close", *fields))
        data = rest_of(wire)
    assert SECRET.encode() not in data
    assert str(recorder.port).encode() not in data
    assert b"the gateway failed" not in data
    _is_as_expected(fault, data)
    assert len(recorder.calls) == 1, "a call is never sent twice"
    assert _settled(impatient, before) == [fault.recorded]
    assert impatient.rss_kib() - memory < MEMORY_KIB_MAX


def _is_as_expected(fault: Fault, data: bytes) -> None:
    if fault.shown == CUT:
        with pytest.raises(AssertionError, match="is cut"):
            answers(data)
        return
    (answer,) = answers(data)
    message = _message(answer)
    assert message["jsonrpc"] == "2.0"
    assert message.get("id", 1) == 1
    if fault.shown == RESULT:
        assert (answer.status, message["result"]["content"]) == (200, [{"type": "text", "text": "done"}])
    elif fault.shown == ERROR:
        assert message["error"]["code"] == -32603
        assert message["error"]["data"]["request_id"]
    else:
        assert message["error"]["message"] == "no"


def _message(answer: Answer) -> Any:
    """The response in an answer of either form."""
    if answer.field(b"content-type") != b"text/event-stream":
        return answer.json
    found = [b"".join(re.findall(rb"(?m)^data: (.*)$", block)) for block in answer.body.replace(b"\r", b"\n").split(b"\n\n")]
    messages = [json.loads(data) for data in found if data]
    (response,) = [message for message in messages if "method" not in message]
    return response


def _settled(gate: Gate, before: int) -> list[str | None]:
    """What came of the calls since; a settlement is written with a later group."""
    found: list[str | None] = until(lambda: gate.outcomes()[before:], lambda found: None not in found)
    return found


def until(look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float = 5.0) -> Any:
    """What is seen once it is enough, or at the end of patience."""
    end = time.monotonic() + seconds
    while not enough(found := look()) and time.monotonic() < end:
        time.sleep(0.005)
    return found


def test_a_second_answer_is_never_given_to_another_grant(impatient: Gate, recorder: Recorder) -> None:
    """Both grants use one id, and the second call is on its way when the first one is answered once more (PD13)."""
    asked_again = threading.Event()

    def behave(heard: Heard, wire: socket.socket) -> None:
        if heard.message["params"]["arguments"] != {"mine": "first"}:
            asked_again.set()
            return properly(heard, wire)
        wire.sendall(whole(result(heard, content=[{"type": "text", "text": SECRET}])))
        asked_again.wait(0.2)
        return wire.sendall(whole(result(heard, content=[{"type": "text", "text": SECRET}])))

    recorder.behaviour = behave
    other = b"authorization: Bearer " + impatient.other_token.encode()
    with impatient.connect() as mine, impatient.connect() as theirs:
        answered = 0
        for _ in range(20):
            asked_again.clear()
            mine.sendall(impatient.post(call(arguments={"mine": "first"})))
            answered += SECRET.encode() in mine.recv(65_536)
            theirs.sendall(impatient.post(call(), authorization=other))
            (answer,) = answers(theirs.recv(65_536))
            assert answer.json["result"]["content"][0]["text"] == "done"
        assert answered > 5


def test_a_connection_that_is_an_answer_behind_is_left(impatient: Gate, recorder: Recorder) -> None:
    """One grant, ids of its own: after two answers to one call the next ones may be lost, but never wrong, and it ends."""

    def behave(heard: Heard, wire: socket.socket) -> None:
        recorder.behaviour = properly
        wire.sendall(whole(result(heard)))
        time.sleep(0.05)  # the fault to inject: the next call is on its way by then
        wire.sendall(whole(result(heard)))

    recorder.behaviour = behave
    with impatient.connect() as wire:
        statuses = []
        for id in range(10):
            wire.sendall(impatient.post(call(id=id)))
            (answer,) = answers(wire.recv(65_536))
            assert answer.json["id"] == id
            statuses.append(answer.status)
    assert statuses[0] == 200
    assert statuses[2:] == [200] * 8


@pytest.mark.parametrize("era", ERAS)
def test_a_server_that_answers_after_its_client_left_is_settled_and_holds_nothing(
    impatient: Gate, recorder: Recorder, era: str
) -> None:
    heard_it, left = threading.Event(), threading.Event()

    def behave(heard: Heard, wire: socket.socket) -> None:
        heard_it.set()
        left.wait(5)
        wire.sendall(whole(result(heard)))

    recorder.behaviour = behave
    before, (fields, stateless) = len(impatient.outcomes()), ERAS[era]
    with impatient.connect() as wire:
        wire.sendall(impatient.post(call(stateless=stateless), *fields))
        assert heard_it.wait(5)
    if stateless:
        assert _settled(impatient, before) == ["client_gone"]
    left.set()
    assert _settled(impatient, before) == ["client_gone" if stateless else "ok"]


def test_a_stream_of_comments_without_end_is_closed_when_its_client_leaves(impatient: Gate, recorder: Recorder) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    closed = threading.Event()

    def behave(heard: Heard, wire: socket.socket) -> None:
        try:
            wire.sendall(head)
            while True:
                wire.sendall(b"8\r\n: ping\n\n\r\n")
                time.sleep(0.01)
        finally:
            closed.set()

    recorder.behaviour = behave
    before = len(impatient.outcomes())
    with impatient.connect() as wire:
        wire.sendall(impatient.post(call(stateless=True), *STATELESS_FIELDS))
        assert b": ping" in wire.recv(65_536) + wire.recv(65_536)
    assert closed.wait(5)
    assert _settled(impatient, before) == ["client_gone"]


def test_a_stream_in_which_an_answer_is_hidden_in_data_forges_no_event(impatient: Gate, recorder: Recorder) -> None:
    forged = 'x\n\nevent: message\ndata: {"id":1}\r\r: \0'
    recorder.behaviour = lambda heard, wire: wire.sendall(
        whole(event(result(heard, content=[{"type": "text", "text": forged}])), kind=b"text/event-stream")
    )
    with impatient.connect() as wire:
        wire.sendall(impatient.post(call(), b"connection: close", *JSON_FIELDS))
        (answer,) = answers(rest_of(wire))
    assert answer.body.count(b"event: message\n") == 1
    assert _message(answer)["result"]["content"][0]["text"] == forged


def test_calls_of_many_clients_at_once_never_get_each_others_answers(impatient: Gate, recorder: Recorder) -> None:
    """All use one id; each must see its own argument again (PD10)."""
    recorder.behaviour = lambda heard, wire: wire.sendall(
        whole(result(heard, content=[{"type": "text", "text": heard.message["params"]["arguments"]["mine"]}]))
    )
    wrong: list[object] = []

    def client(number: int) -> None:
        with impatient.connect() as wire:
            for turn in range(25):
                mine = f"{number}-{turn}"
                wire.sendall(impatient.post(call(arguments={"mine": mine})))
                (answer,) = answers(wire.recv(65_536))
                if answer.json["result"]["content"][0]["text"] != mine:
                    wrong.append(answer)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert len(recorder.calls) == 500
