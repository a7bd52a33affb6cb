"""The same doors on stdio, where the envelope alone decides the era."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.wire import ENVELOPE, META_CAPABILITIES, META_VERSION, MODERN, call, encode, modern
from yett.protocol.eras import Era
from yett.protocol.messages import Message, classify_line
from yett.protocol.methods import Handling
from yett.protocol.rejection import Rejection, RejectionKind

INITIALIZE: dict[str, Any] = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
CANCEL = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}


def passed(message: Any, settled: Era | None = None) -> Message:
    outcome = classify_line(encode(message), settled)
    assert isinstance(outcome, Message), outcome
    return outcome


def stopped(message: Any, settled: Era | None = None) -> Rejection:
    outcome = classify_line(encode(message), settled)
    assert isinstance(outcome, Rejection), outcome
    return outcome


def test_an_envelope_opens_the_stateless_era() -> None:
    message = passed(modern(name="pay"))
    assert (message.era, message.version, message.name) == (Era.STATELESS, MODERN, "pay")


def test_a_request_without_envelope_is_of_the_handshake_era() -> None:
    assert passed(call()).era is Era.HANDSHAKE
    assert passed(INITIALIZE).era is Era.HANDSHAKE


def test_initialize_opens_a_handshake_even_with_an_envelope() -> None:
    assert passed({**INITIALIZE, "params": {"_meta": ENVELOPE}}).era is Era.HANDSHAKE


def test_a_settled_connection_refuses_requests_of_the_other_era() -> None:
    assert stopped(modern(name="pay"), Era.HANDSHAKE).rpc_code == -32020
    assert stopped(call(), Era.STATELESS).rpc_code == -32602
    rejection = stopped(INITIALIZE, Era.STATELESS)
    assert (rejection.rpc_code, rejection.data) == (-32022, {"supported": [MODERN], "requested": "2025-11-25"})


def test_an_unknown_revision_is_told_which_are_supported() -> None:
    rejection = stopped(modern(name="pay", meta={**ENVELOPE, META_VERSION: "2099-01-01"}))
    assert (rejection.rpc_code, rejection.data) == (-32022, {"supported": [MODERN], "requested": "2099-01-01"})


@pytest.mark.parametrize(
    "meta", [{META_VERSION: MODERN}, {META_VERSION: 5, META_CAPABILITIES: {}}, {META_VERSION: MODERN, META_CAPABILITIES: 1}]
)
def test_an_incomplete_envelope_is_refused(meta: dict[str, Any]) -> None:
    assert stopped(modern(name="pay", meta=meta)).rpc_code == -32602


def test_a_cancellation_is_relayed_in_both_eras() -> None:
    assert passed(CANCEL, Era.HANDSHAKE).handling is Handling.RELAYED
    message = passed(CANCEL, Era.STATELESS)
    assert (message.era, message.handling) == (Era.STATELESS, Handling.RELAYED)


def test_handshake_notifications_are_dropped_on_a_stateless_connection() -> None:
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert passed(initialized, Era.STATELESS).handling is Handling.DROPPED


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b"{", b'{"a":1,"a":1}', b"\xef\xbb\xbf{}"])
def test_lines_that_are_no_message_are_refused(line: bytes) -> None:
    assert stopped(line).id is None


def test_a_batch_is_refused_as_a_batch() -> None:
    assert stopped(b"[" + encode(call()) + b"]").kind is RejectionKind.BATCH


def test_methods_that_are_not_mediated_are_refused() -> None:
    assert stopped({"jsonrpc": "2.0", "id": 1, "method": "tasks/update"}).rpc_code == -32601
    assert stopped(modern("tasks/result", taskId="t")).rpc_code == -32601
