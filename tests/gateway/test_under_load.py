"""What must hold however many come and go at once."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.gateway.gate import Gate
from tests.gateway.listener import Listener, listening
from tests.support.effort import times
from tests.support.fake_upstream import Stream, content, result
from tests.support.ledgers import FakeLedger
from tests.support.policies import DENY_ALL, policy
from tests.support.wire import call
from yett.audit.record import CallRecord
from yett.errors import StoreFault, UpstreamFault, UpstreamNotReached
from yett.gateway.admission import InFlight
from yett.ports import Admission, Answer, Event, Outbound

pytestmark = pytest.mark.anyio

NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'


def crowd() -> InFlight:
    """Room for all who come at once."""
    return InFlight(10_000, 10_000)


async def test_while_policies_change_each_call_is_judged_by_the_one_revision_that_its_record_names() -> None:
    async with listening(in_flight=crowd()) as gateway:
        gate = gateway.gate
        entries = list(gate.active.current().grants.values())  # type: ignore[union-attr]  # there is one
        allowing: set[str] = set()

        def publish(number: int) -> None:
            gate.publish(policy(tools={"echo": {}}) if number % 2 else DENY_ALL, grants=entries)
            if number % 2:
                allowing.add(f"{gate.revision}-{gate.revision:012x}")

        publish(1)
        await gateway.post(call("echo"))  # the tools are known
        before = len(gate.upstream.calls)

        async def one(number: int) -> None:
            publish(number)
            await gateway.post(call("echo"))

        async with asyncio.TaskGroup() as group:
            for number in range(times(150)):
                group.create_task(one(number))
        records = gate.ledger.records[1:]
        assert len(records) == times(150)
        assert all(record.decision.effect.forwards is (record.policy_revision in allowing) for record in records)
        assert len(gate.upstream.calls) - before == sum(record.decision.effect.forwards for record in records)


async def visit(gateway: Listener, rng: random.Random) -> None:
    """One client that asks and perhaps leaves early."""
    sent = call("echo", stateless=rng.random() < 0.5)
    client = await gateway.client()
    await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
    for _ in range(rng.randrange(12)):
        await asyncio.sleep(0)
    if rng.random() < 0.5:
        await client.aclose()
    else:
        await client.head()
        await client.aclose()


async def lying(message: Outbound, rng: random.Random) -> Answer:
    """A server that is slow, breaks off, says nonsense, or streams."""
    for _ in range(rng.randrange(6)):
        await asyncio.sleep(0)
    done = result(message.id, content("done"))
    faults: list[UpstreamFault] = [UpstreamFault("reset"), UpstreamNotReached("refused")]
    match rng.randrange(6):
        case 0:
            raise rng.choice(faults)
        case 1:
            return Answer(body=rng.choice([b"", b"{", result(b"999", {})]))
        case 2:
            return Answer(events=Stream([Event(NOTICE)] * 3, rng.choice([None, *faults])))
        case 3:
            return Answer(events=Stream([Event(NOTICE), Event(done), Event(NOTICE)]))
        case 4:
            return Answer(status=rng.choice([202, 401, 404, 500]))
        case _:
            return Answer(body=done)


async def settled(gate: Gate) -> None:
    async with asyncio.timeout(10):
        while gate.ledger.unsettled:  # noqa: ASYNC110 - whoever comes last
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_leaves_and_whatever_servers_do_every_call_is_settled_once_and_nothing_is_left_over(seed: int) -> None:
    rng = random.Random(seed)
    document = policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 10_000}]}})
    async with listening(document=document, in_flight=crowd()) as gateway:
        gate = gateway.gate

        async def reply(message: Outbound) -> Answer:
            return await lying(message, rng)

        gate.upstream.replies["tools/call"] = reply
        async with asyncio.TaskGroup() as group:
            for _ in range(times(120)):
                group.create_task(visit(gateway, rng))
        await settled(gate)
        async with asyncio.timeout(10):
            while gateway.in_flight._open:  # noqa: ASYNC110 - whoever comes last
                await asyncio.sleep(0.005)
        forwarded = [record for record in gate.ledger.records if record.decision.effect.forwards]
        assert len(gate.ledger.outcomes) == len(forwarded)
        kept = sum(not outcome.surely_did_not_run for _, outcome in gate.ledger.outcomes)
        assert gate.ledger.count("n", gate.clock.now_ns()) == kept


class FlakyLedger(FakeLedger):
    """A ledger that cannot write every other record."""

    rng = random.Random(3)

    def admitted(self, record: CallRecord) -> Admission:
        if self.rng.random() < 0.5:
            raise StoreFault("the disk is full")
        return super().admitted(record)


async def test_a_ledger_that_fails_now_and_then_lets_nothing_through_unrecorded() -> None:
    async with listening(Gate(ledger=FlakyLedger()), in_flight=crowd()) as gateway:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(gateway.post(call("echo"))) for _ in range(times(100))]
        denied = sum("isError" in task.result().json["result"] for task in asked)
        assert 0 < denied < times(100)
        gate = gateway.gate
        forwarded = [record for record in gate.ledger.records if record.decision.effect.forwards]
        assert len(gate.upstream.calls) == len(forwarded) == times(100) - denied
