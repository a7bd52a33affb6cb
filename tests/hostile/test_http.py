"""Raw requests against the running gateway: each is refused, or read as exactly one message (HT1, HT3, HT4, HT6, HT7, AZ12)."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from tests.hostile.framing_defects import DEFECTS, HIDDEN
from tests.hostile.raw_expectations import DIFFERENT, expected
from tests.hostile.raw_requests import CALL, Raw, armed, corpus, with_host
from tests.hostile.recorder import Recorder
from tests.hostile.rig import Answer, Gate, answers, rest_of
from yett.edge import framing
from yett.edge.request import Refusal

REQUESTS = corpus()
REASONS = {value.reason for value in vars(framing).values() if isinstance(value, Refusal)}
needs_corpus = pytest.mark.skipif(not REQUESTS, reason="corpora/http-raw is not beside the repository")


def seen(found: list[Answer]) -> tuple[str, ...]:
    """Each answer as `read`, or as `refused` with its status."""
    return tuple(f"refused {one.status}" if _is_refusal(one) else "read" for one in found)


def _is_refusal(answer: Answer) -> bool:
    return answer.status >= 400 and answer.json.get("error") in REASONS if answer.body and _is_plain(answer) else False


def _is_plain(answer: Answer) -> bool:
    return isinstance(answer.json.get("error"), str)


@needs_corpus
def test_the_corpus_is_whole_and_each_difference_is_one_of_its_requests() -> None:
    assert len(REQUESTS) == 137
    assert DIFFERENT.keys() <= {raw.name for raw in REQUESTS}


@needs_corpus
@pytest.mark.parametrize("raw", REQUESTS, ids=lambda raw: raw.name)
def test_a_request_of_the_corpus_is_refused_or_read_as_one(gate: Gate, recorder: Recorder, raw: Raw) -> None:
    wanted = expected(raw.name, accept=raw.accept)
    assert seen(gate.told(with_host(raw.data))) == wanted.bare, wanted.reason
    found = gate.told(raw.data)
    assert all(400 <= answer.status < 500 for answer in found)
    assert len(found) <= max(1, len(wanted.bare))
    assert not recorder.heard
    assert not recorder.stray


@needs_corpus
@pytest.mark.parametrize("raw", REQUESTS, ids=lambda raw: raw.name)
def test_the_same_request_with_a_grant_and_a_call_forwards_the_judged_call_or_nothing(
    gate: Gate, recorder: Recorder, raw: Raw
) -> None:
    wanted = expected(raw.name, accept=raw.accept)
    assert seen(gate.told(armed(raw.data, gate.authorization))) == wanted.armed, wanted.reason
    assert [heard.body.rstrip(b" ") for heard in recorder.heard] == ([CALL] if wanted.forwarded else [])
    assert not recorder.stray


@pytest.mark.parametrize("name", DEFECTS)
@pytest.mark.parametrize("piecemeal", [False, True], ids=["at once", "in pieces"])
def test_no_defect_of_framing_gets_a_hidden_call_through(gate: Gate, recorder: Recorder, name: str, *, piecemeal: bool) -> None:
    defect = DEFECTS[name]
    data = defect.data(gate.authorization)
    found = _in_pieces(gate, data) if piecemeal else gate.told(data)
    assert seen(found) == defect.seen
    assert [heard.body for heard in recorder.calls] == list(defect.forwarded)
    assert not [heard for heard in recorder.heard if HIDDEN in heard.head + heard.body and heard.body not in defect.forwarded]
    assert not recorder.stray


def _in_pieces(gate: Gate, data: bytes) -> list[Answer]:
    with gate.connect() as wire:
        try:
            for start in range(0, len(data), 7):
                wire.sendall(data[start : start + 7])
        except OSError:
            pass  # refused while it was still being sent
        return answers(rest_of(_closing(wire)))


def _closing(wire: socket.socket) -> socket.socket:
    with suppress(OSError):
        wire.shutdown(socket.SHUT_WR)
    return wire
