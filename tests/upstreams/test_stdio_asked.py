"""Ids for what a child asks: ours on the way out, its own on the way back, and each of them once."""

from __future__ import annotations

import json
from typing import Any

from yett.protocol.peek import peek_response
from yett.upstreams.stdio_asked import ASKED_MAX, Asked


def line(id: Any = 0, method: str = "roots/list", **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()


def taken(asked: Asked, request: bytes) -> dict[str, Any]:
    peek = peek_response(request)
    assert peek is not None
    found = asked.take(request, peek)
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    assert json.dumps(value["id"]).encode() == found[0]
    return value


def test_an_answer_finds_its_way_back_once() -> None:
    asked = Asked()
    request = taken(asked, line(0, x=1))
    assert (request["method"], request["params"]) == ("roots/list", {"x": 1})
    answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {}}).encode()
    back = asked.answered(answer)
    assert back is not None
    assert json.loads(back) == {"jsonrpc": "2.0", "id": 0, "result": {}}
    assert asked.answered(answer) is None


def test_two_children_never_ask_under_one_id() -> None:
    first, second = taken(Asked(), line(0)), taken(Asked(), line(0))
    assert first["id"] != second["id"]


def test_an_answer_to_nothing_goes_nowhere() -> None:
    asked = Asked()
    taken(asked, line(0))
    for body in (b'{"jsonrpc":"2.0","id":0,"result":{}}', b"nonsense"):
        assert asked.answered(body) is None


def test_a_child_cancels_what_it_asked_and_nothing_else() -> None:
    asked = Asked()
    request = taken(asked, line("q"))
    cancelled = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}'
    out = asked.cancelled(cancelled)
    assert out is not None
    assert json.loads(out)["params"]["requestId"] == request["id"]
    assert asked.cancelled(cancelled) is None


def test_too_many_open_requests_are_refused() -> None:
    asked = Asked()
    for number in range(ASKED_MAX):
        taken(asked, line(number))
    request = line(ASKED_MAX)
    peek = peek_response(request)
    assert peek is not None
    assert asked.take(request, peek) is None
