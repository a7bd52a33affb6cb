"""One call through every door: the same decision and the same record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, grant
from tests.gateway.listener import listening
from tests.gateway.test_stdio import Client
from tests.support.fake_upstream import DROP, ECHO, PAY
from tests.support.wire import call
from yett.audit.record import CallRecord

pytestmark = pytest.mark.anyio

POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "deny",
    "hide": ["drop_*"],
    "tools": {
        "echo": {"deny_if": [{"path": "args.text", "op": "regex", "value": "secret"}]},
        "pay": {
            "require": [{"path": "args.amount", "op": "gt", "value": 0}],
            "deny_if": [{"path": "args.amount", "op": "gt", "value": 100, "on_deny": "too much"}],
            "limits": [{"counter": "spent", "window": "day", "max": 150, "increment_from": "args.amount"}],
        },
        "ask": {"action": "require_approval"},
    },
}
CALLS: Final[list[tuple[str, Any]]] = [
    ("echo", {"text": "hello"}),
    ("echo", {"text": "a secret"}),
    ("echo", {"text": 5}),
    ("echo", {}),
    ("pay", {"amount": 100}),
    ("pay", {"amount": 101}),
    ("pay", {"amount": "100"}),
    ("pay", {"amount": 100}),
    ("pay", {"amount": 50.0}),
    ("pay", {}),
    ("ask", {}),
    ("drop_table", {}),
    ("nothing", {}),
    ("unlisted", {}),
]
PAGES: Final = [[ECHO, PAY, DROP, {**ECHO, "name": "ask"}, {**ECHO, "name": "unlisted"}]]


def told(records: list[CallRecord]) -> list[Any]:
    """What the records say, but for what belongs to the door: names of requests, grant, server, session, address and charges."""
    found: list[Any] = []
    for record in records:
        decision = record.decision
        judged = (decision.effect, decision.code, decision.rule, decision.message)
        found.append((record.method, record.target, judged, record.argument_keys, record.arguments_digest))
    return found


async def through_http(*, stateless: bool) -> tuple[list[Any], list[Any]]:
    async with listening(document=POLICY) as gateway:
        gateway.gate.upstream.pages = PAGES
        sent = [call(name, arguments, id=number, stateless=stateless) for number, (name, arguments) in enumerate(CALLS)]
        answers = [(await gateway.post(message)).json for message in sent]
        return told(gateway.gate.ledger.records), [bool(answer.get("result", {}).get("isError")) for answer in answers]


async def through_stdio(*, stateless: bool) -> tuple[list[Any], list[Any]]:
    client = Client(Gate(server=STDIO_SERVER))
    client.gate.upstream.pages = PAGES
    client.gate.publish(POLICY, grants=[grant(server=STDIO_SERVER)])
    answers = []
    for number, (name, arguments) in enumerate(CALLS):
        (answer,) = await client.say(call(name, arguments, id=number, stateless=stateless))
        answers.append(bool(answer.get("result", {}).get("isError")))
    return told(client.gate.ledger.records), answers


async def test_every_door_decides_and_records_alike() -> None:
    doors = [
        await through_http(stateless=False),
        await through_http(stateless=True),
        await through_stdio(stateless=False),
        await through_stdio(stateless=True),
    ]
    codes = [record[2][1].value if record[2][1] else None for record in doors[0][0]]
    assert codes == [
        *(None, "deny_if_matched", "argument_type", None),
        *(None, "deny_if_matched", "argument_type", "limit_exceeded", None, "require_failed"),
        *("approval_required", "hidden", "unknown_tool", "not_listed"),
    ]
    assert doors[1] == doors[2] == doors[3] == doors[0]


async def test_another_way_to_write_the_same_call_is_the_same_call() -> None:
    gate = Gate()
    gate.upstream.pages = PAGES
    gate.publish(POLICY)
    sent = call("pay", {"amount": 101})
    spellings = [
        sent.body,
        json.dumps(json.loads(sent.body), indent=2).encode(),
        sent.body.replace(b'"amount"', b'"\\u0061mount"').replace(b"101", b"1.01e2"),
        json.dumps(dict(reversed(json.loads(sent.body).items()))).encode(),
    ]
    for body in spellings:
        await gate.send(replace(sent, body=body))
    assert len(set(told(gate.ledger.records))) == 1
    assert not gate.upstream.calls
