"""What is open in one session: bounded, expiring, and each thing once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.clock import ManualClock
from yett.audit.record import Result
from yett.gateway.conversation import ASKED_S, EVENT_IDS_MAX, INTERRUPTED_MAX, Conversation


@dataclass
class Request:
    """Something interrupted."""

    results: list[Result] = field(default_factory=list)

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
    for number, request in enumerate(requests):
        conversation.interrupt(b"%d" % number, request)
    assert conversation.interrupted(b"0") is None
    assert conversation.interrupted(None) is None
    assert conversation.interrupted(b"1") is requests[1]
    assert requests[0].results == [Result.LOST]
    again = Request()
    conversation.interrupt(b"1", again)
    assert requests[1].results == [Result.LOST]
    conversation.end()
    assert again.results == [Result.LOST]
    assert conversation.interrupted(b"1") is None
