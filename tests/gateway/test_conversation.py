"""What is open in one session: bounded, expiring, and each thing once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.clock import ManualClock
from tests.support.wire import call
from yett.audit.record import Result
from yett.gateway.conversation import ASKED_S, EVENT_IDS_MAX, INTERRUPTED_MAX, OWN, Conversation
from yett.protocol.messages import Message


@dataclass
class Request:
    """Something interrupted."""

    results: list[Result] = field(default_factory=list)
    message: Message = call("echo").message

    def settle(self, result: Result) -> None:
        self.results.append(result)

    def response(self, route: Any, data: bytes, *, status: int, size: int) -> bytes:
        return data


def made() -> tuple[Conversation, ManualClock]:
    clock = ManualClock()
    return Conversation(clock.monotonic), clock


def test_an_id_is_a_value_and_not_its_text() -> None:
    conversation, _ = made()
    assert conversation.ask(1, "roots/list", None)
    assert conversation.settle("1") is None
    assert conversation.settle(None) is None
    assert conversation.settle(1) is not None
    assert conversation.settle(1) is None


def test_a_request_that_is_replayed_is_still_the_same_one() -> None:
    conversation, clock = made()
    conversation.ask(1, "roots/list", None)
    clock.advance(ASKED_S - 1)
    conversation.ask(1, "roots/list", None)
    clock.advance(2)
    assert conversation.settle(1) is not None
    assert conversation.settle(1) is None


def test_progress_is_reported_under_tokens_of_open_requests_only() -> None:
    conversation, _ = made()
    conversation.ask(1, "sampling/createMessage", "p")
    assert conversation.reports_progress("p")
    assert not conversation.reports_progress("q")
    assert not conversation.reports_progress(None)
    conversation.settle(1)
    assert not conversation.reports_progress("p")


def test_the_last_event_ids_are_remembered_and_no_more() -> None:
    conversation, _ = made()
    for number in range(EVENT_IDS_MAX + 1):
        conversation.gave(b"%d" % number)
    assert not conversation.has_given(b"0")
    assert conversation.has_given(b"1")
    assert conversation.has_given(b"%d" % EVENT_IDS_MAX)


def test_interrupted_requests_that_are_too_many_or_too_late_are_lost() -> None:
    conversation, _ = made()
    requests = [Request() for _ in range(INTERRUPTED_MAX + 1)]
    for request in requests:
        number = conversation.interrupt(request)
        conversation.gave(b"e-%d" % number, number)
    assert conversation.resumed(b"e-1") == (1, None)
    assert conversation.resumed(b"e-2") == (2, requests[1])
    assert requests[0].results == [Result.LOST]
    assert not requests[1].results
    conversation.end()
    assert requests[1].results == [Result.LOST]
    assert conversation.resumed(b"e-2") == (2, None)


def test_a_stream_is_known_by_the_ids_of_its_events() -> None:
    conversation, _ = made()
    first, second = Request(), Request()
    for request, id in ((first, b"a"), (second, b"b")):
        conversation.gave(id, conversation.interrupt(request))
    conversation.gave(b"own")
    assert [conversation.resumed(id) for id in (b"a", b"b", b"own", b"unknown")] == [
        (1, first),
        (2, second),
        (OWN, None),
        (OWN, None),
    ]


def test_an_id_of_events_of_two_streams_names_neither() -> None:
    conversation, _ = made()
    for request in (Request(), Request()):
        conversation.gave(b"1", conversation.interrupt(request))
    assert conversation.has_given(b"1")
    assert conversation.resumed(b"1")[1] is None
