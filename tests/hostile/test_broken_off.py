"""Requests that end anywhere, and requests of random bytes: nothing half is forwarded, and nothing breaks (HT11)."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.fuzz.ingress import strict
from tests.fuzz.mutations import mutated
from tests.hostile.framing_defects import DEFECTS
from tests.hostile.recorder import Recorder
from tests.hostile.rig import JSON_FIELDS, Gate, answers, call, rest_of
from tests.support.effort import times

_RESET = struct.pack("ii", 1, 0)
_TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\xff",
    b"0",
    b"chunked",
    b"content-length: 5\r\n",
    b"POST ",
    b"HTTP/1.1",
    b'"name"',
    b"{",
    b"}",
)


def _broken_off(gate: Gate, data: bytes, *, reset: bool) -> None:
    with gate.connect() as wire:
        wire.sendall(data)
        if reset:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_request_that_ends_anywhere_is_not_forwarded(gate: Gate, recorder: Recorder, *, chunked: bool, reset: bool) -> None:
    data = gate.post(call())
    if chunked:
        head = data.partition(b"content-length")[0]
        data = head + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(call()), call())
    for end in range(len(data)):
        _broken_off(gate, data[:end], reset=reset)
    assert gate.ask(call(id="last")).status == 200
    assert [heard.message["id"] for heard in recorder.calls] == ["last"]


def test_random_bytes_are_refused_or_read_as_what_reaches_the_server(gate: Gate, recorder: Recorder) -> None:
    seeds = [gate.post(call(arguments={"a": 1})), *(DEFECTS[name].data(gate.authorization) for name in list(DEFECTS)[::6])]
    for data in mutated(seeds, _TOKENS, count=times(600), seed=20_261_122):
        recorder.forget()
        with gate.connect() as wire:
            try:
                wire.sendall(data)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while it was still being sent
            found = answers(rest_of(wire))
        assert all(answer.status < 500 for answer in found), data
        assert len(recorder.calls) <= len(found), data
        for heard in recorder.calls:
            value = strict(heard.body)
            assert value["params"]["name"] == "pay", data
        assert not recorder.stray


@pytest.mark.parametrize("length", [5, 100, 70_000])
def test_a_connection_of_nothing_but_blank_lines_is_bounded(gate: Gate, recorder: Recorder, length: int) -> None:
    found = gate.told(b"\r\n" * length + gate.post(call(), b"connection: close", *JSON_FIELDS))
    assert [answer.status for answer in found] in ([200], [414], [431])
    assert len(recorder.calls) == [answer.status for answer in found].count(200)
