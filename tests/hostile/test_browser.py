"""A real browser that shows pages of others (HT10, HT5): none reads an answer of the gateway, and none gets a call through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.pages import Pages, pages, rebound, visit
from tests.hostile.recorder import Recorder
from tests.hostile.rig import PATH, Gate, call

pytestmark = pytest.mark.timeout(150)
UNSEEN = ("without looking", "a beacon", "a form")
"""Ways that a browser takes without asking the other side, and of which its page learns nothing."""


@pytest.fixture
def served(gate: Gate) -> Iterator[Pages]:
    """Pages that attack the gateway, and even know a grant."""
    with pages() as running:
        running.target = f"http://127.0.0.1:{gate.port}"
        running.authorization, running.body = f"Bearer {gate.token}", call().decode()
        yield running


def answers_read(seen: dict[str, Any]) -> set[int]:
    """The statuses that the page could see."""
    return {told["status"] for told in seen.values() if told.get("status")}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"])
def test_a_page_from_elsewhere_reads_nothing_and_has_no_call_made(
    served: Pages, recorder: Recorder, tmp_path: Path, host: str
) -> None:
    seen = visit(f"http://{host}:{served.port}/page", served, tmp_path)
    assert len(seen) == 13
    assert not answers_read(seen)
    assert {way for way, told in seen.items() if "blocked" not in told} == set(UNSEEN)
    assert not recorder.heard


def test_a_name_that_is_bound_anew_to_the_gateway_opens_nothing(
    gate: Gate, served: Pages, recorder: Recorder, tmp_path: Path
) -> None:
    with rebound(served, gate.port) as port:
        served.target = f"http://rebound.example:{port}"
        seen = visit(f"{served.target}/page", served, tmp_path)
    assert answers_read(seen) == {421}
    assert seen["with a grant"]["status"] == seen["a look at health"]["status"] == 421
    assert not recorder.heard


def test_the_same_attacks_succeed_where_nobody_defends_itself(
    gate: Gate, served: Pages, recorder: Recorder, tmp_path: Path
) -> None:
    with rebound(served, gate.port) as port:
        served.target = f"http://127.0.0.1:{port}"
        own = visit(f"{served.target}/page", served, tmp_path)
    assert own["with a grant"]["status"] == 200, "under its own name the page is the gateway's own, and has a grant"
    assert own["without a grant"]["status"] == own["without looking"]["status"] == 401
    assert len(recorder.calls) == 2
    served.target = f"http://victim.example:{served.port}"
    careless = visit(f"http://evil.example:{served.port}/page", served, tmp_path)
    assert answers_read(careless) == {200}
    assert {"POST", "DELETE"} <= set(served.reached)


@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b"http://127.0.0.1:3000"])
@pytest.mark.parametrize("method", [b"OPTIONS", b"POST", b"GET", b"DELETE"])
@pytest.mark.parametrize("path", [PATH, b"/readyz", b"/sse/recorder", b"/nothing"])
def test_no_answer_allows_another_origin_anything(gate: Gate, origin: bytes, method: bytes, path: bytes) -> None:
    asking = b"access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\nconnection: close\r\n"
    head = b"%b %b HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: %b\r\ncontent-length: 0\r\n" % (method, path, origin)
    (answer,) = gate.told(head + asking + b"\r\n")
    assert not [name for name, _ in answer.fields if name.startswith(b"access-control-")]
    assert b"set-cookie" not in dict(answer.fields)
