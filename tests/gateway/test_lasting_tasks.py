"""Tasks that outlive the process in which they were made, over the real state: whose they are, what is written, what is not."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.gateway.asking_rig import ASKING
from tests.gateway.gate import HTTP_SERVER, STDIO_SERVER, Gate, grant
from tests.gateway.task_rig import TaskServer, about, capable, error_of, started, starting
from tests.stores.approving import says_yes
from tests.stores.ledger_cases import opened, rows, units
from tests.support.clock import ManualClock
from tests.support.fake_upstream import result
from tests.support.policies import ALLOW_ALL
from tests.support.wire import parsed, request
from yett.approvals.model import State
from yett.errors import StoreFault
from yett.gateway.lasting_tasks import LastingTasks
from yett.gateway.snapshot import ServerEntry
from yett.gateway.tasks import GRACE_S
from yett.ports import Answer, StoredTask
from yett.sealing.box import Unsealable
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.state_tasks import StoredTasks

pytestmark = pytest.mark.anyio

ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])
NOT_FOUND = "Failed to retrieve task: Task not found"
ENDED = "Failed to retrieve task: the program or connection that it ran in has ended; call the tool again"
KEY = b"t" * 32
QUESTIONS = {"name": {"method": "elicitation/create", "params": {"message": "?", "requestedSchema": {"type": "object"}}}}


@dataclasses.dataclass
class Machine:
    """Gateways that share a state, each a process of its own, before one server."""

    directory: Path
    stack: AsyncExitStack
    clock: ManualClock = dataclasses.field(default_factory=ManualClock)
    tasks: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    count: int = 0

    @property
    def file(self) -> Path:
        return self.directory / "state.db"

    async def gateway(
        self, *, stateless: bool = False, server: ServerEntry = HTTP_SERVER, policy: Any = ALLOW_ALL, key: bytes = KEY
    ) -> Gate:
        """One more, as after a restart, or beside the others."""
        self.count += 1
        store = await self.stack.enter_async_context(opened(self.file, self.clock))
        gate = Gate(server=server, clock=self.clock, ledger=store)
        lasting = LastingTasks(store.tasks, key=key, run=f"run-{self.count}", now_ns=self.clock.now_ns)
        gate.dispatcher.task_book.lasting = lasting
        assert not gate.publish(policy, grants=[grant(id, server=server) for id in ("g1", "g2")], servers=[server])
        TaskServer(gate, stateless, self.tasks)
        return gate


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with AsyncExitStack() as stack:
        yield Machine(tmp_path, stack)


def result_of(answer: Any) -> Any:
    return parsed(answer.body)["result"]


@ERAS
async def test_a_task_is_known_to_another_process_which_charges_nothing_for_it(machine: Machine, stateless: bool) -> None:
    once = {**ALLOW_ALL, "tools": {"echo": {"limits": [{"counter": "calls", "max": 1, "window": "day"}]}}}
    first = await machine.gateway(stateless=stateless, policy=once)
    id = await started(first, starting(stateless=stateless))
    second = await machine.gateway(stateless=stateless, policy=once)
    assert result_of(await second.send(about("tasks/get", id, stateless=stateless)))["taskId"] == id
    if not stateless:
        assert result_of(await second.send(about("tasks/result", id)))["content"][0]["text"] == "the result"
    await second.send(about("tasks/cancel", id, stateless=stateless))
    assert machine.tasks[id]["status"] == "cancelled"
    assert list(units(machine.file).values()) == ["1"]


@ERAS
async def test_a_task_of_another_grant_is_answered_as_one_that_never_was_and_with_the_same_work(
    machine: Machine, stateless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await started(await machine.gateway(stateless=stateless), starting(stateless=stateless))
    second = await machine.gateway(stateless=stateless)
    reads: list[str] = []
    find = StoredTasks.find

    def counted(self: StoredTasks, *of: str) -> list[StoredTask]:
        reads.append("read")
        return find(self, *of)

    monkeypatch.setattr(StoredTasks, "find", counted)
    seen: list[Any] = []
    for asked in (id, "never"):
        reads.clear()
        for method in ("tasks/get", "tasks/cancel", "tasks/update" if stateless else "tasks/result"):
            responses: Any = {"inputResponses": {}} if method == "tasks/update" else {}
            seen.append(await error_of(second, about(method, asked, stateless=stateless, **responses), grant_id="g2"))
        seen.append(tuple(reads))
    assert seen[:4] == seen[4:]
    assert seen[0][2] == NOT_FOUND
    assert second.upstream.sent == []


async def test_lists_show_tasks_of_before_and_none_of_others(machine: Machine) -> None:
    first = await machine.gateway()
    mine, theirs = await started(first, starting()), await started(first, starting(), grant_id="g2")
    second = await machine.gateway()
    answer = await second.send(about("tasks/list", "unused"))
    assert [task["taskId"] for task in result_of(answer)["tasks"]] == [mine] != [theirs]


async def test_a_cursor_of_one_process_is_none_of_another(machine: Machine) -> None:
    cursors = []
    gates = [await machine.gateway() for _ in range(2)]
    for number, gate in enumerate(gates):
        gate.upstream.replies["tasks/list"] = Answer(body=result(b"2", {"tasks": [], "nextCursor": f"theirs-{number}"}))
        cursors.append(result_of(await gate.send(request("tasks/list", id=2)))["nextCursor"])
    for gate, cursor in zip(gates, reversed(cursors), strict=True):
        assert (await error_of(gate, request("tasks/list", {"cursor": cursor})))[1:] == (-32602, "Invalid cursor")


async def test_what_one_process_showed_its_client_may_be_answered_through_another(machine: Machine) -> None:
    first = await machine.gateway(stateless=True)
    id = await started(first, starting(stateless=True))
    machine.tasks[id] |= {"status": "input_required", "inputRequests": QUESTIONS}
    second = await machine.gateway(stateless=True)
    for gate in (first, second):
        await gate.send(about("tasks/update", id, stateless=True, inputResponses={"name": {"action": "accept"}}))
        assert json.loads(gate.upstream.of("tasks/update")[-1].body)["params"]["inputResponses"] == {}
    await second.send(about("tasks/get", id, stateless=True, meta=capable(elicitation={})))
    await first.send(about("tasks/update", id, stateless=True, inputResponses={"name": {"action": "accept"}, "x": {}}))
    given = json.loads(first.upstream.of("tasks/update")[-1].body)["params"]["inputResponses"]
    assert given == {"name": {"action": "accept"}}


async def test_an_id_that_a_server_gives_to_two_grants_in_two_processes_is_nobodys(machine: Machine) -> None:
    first, second = await machine.gateway(), await machine.gateway()
    id = await started(first, starting())
    machine.tasks.clear()
    answer = parsed((await second.send(starting(), grant_id="g2")).body)
    assert "the id of another one" in answer["error"]["message"]
    for gate, grant_id in ((first, "g1"), (second, "g1"), (second, "g2"), (await machine.gateway(), "g1")):
        assert (await error_of(gate, about("tasks/get", id), grant_id=grant_id))[2] == NOT_FOUND


async def test_a_task_of_a_server_that_is_elsewhere_now_is_not_there(machine: Machine) -> None:
    id = await started(await machine.gateway(), starting())
    moved = await machine.gateway(server=replace(HTTP_SERVER, url="http://other.internal:9000/mcp"))
    assert (await error_of(moved, about("tasks/get", id)))[2] == NOT_FOUND
    here = await machine.gateway()
    id = await started(here, starting())
    here.server = moved.server
    assert (await error_of(here, about("tasks/get", id)))[2] == NOT_FOUND, "nor where it was made"


async def test_a_task_is_forgotten_when_its_time_is_over(machine: Machine) -> None:
    id = await started(await machine.gateway(), starting())
    machine.clock.advance(60 + GRACE_S - 1)
    assert result_of(await (await machine.gateway()).send(about("tasks/get", id)))["taskId"] == id
    machine.clock.advance(1)
    assert (await error_of(await machine.gateway(), about("tasks/get", id)))[2] == NOT_FOUND


@ERAS
async def test_a_task_of_a_program_that_went_with_its_gateway_is_said_to_have_ended(machine: Machine, stateless: bool) -> None:
    first = await machine.gateway(stateless=stateless, server=STDIO_SERVER)
    id = await started(first, starting(stateless=stateless))
    assert result_of(await first.send(about("tasks/get", id, stateless=stateless)))["taskId"] == id
    second = await machine.gateway(stateless=stateless, server=STDIO_SERVER)
    assert (await error_of(second, about("tasks/get", id, stateless=stateless)))[1:] == (-32602, ENDED)
    assert (await error_of(second, about("tasks/get", id, stateless=stateless), grant_id="g2"))[1:] == (-32602, NOT_FOUND)
    assert second.upstream.sent == []


async def test_an_approval_of_the_call_is_enough_for_its_task_after_a_restart_and_is_spent_once(machine: Machine) -> None:
    first = await machine.gateway(policy=ASKING)
    assert "approval" in json.dumps(result_of(await first.send(starting())))
    with ApprovalDesk(machine.file) as desk:
        (asked,) = desk.listed(now_ns=machine.clock.now_ns(), states=[State.PENDING])
        desk.vote(asked.id, says_yes(machine.clock.now_ns()), machine.clock.now_ns())
        id = await started(first, starting())
        second = await machine.gateway(policy=ASKING)
        assert result_of(await second.send(about("tasks/get", id)))["status"] == "working"
        assert result_of(await second.send(about("tasks/result", id)))["content"][0]["text"] == "the result"
        found = desk.get(asked.id, machine.clock.now_ns())
        assert found is not None
        assert found.state is State.DONE
        assert desk.listed(now_ns=machine.clock.now_ns(), states=[State.PENDING]) == []
        assert rows(machine.file, "SELECT count(*) FROM consents WHERE consent = ?", asked.id) == [(2,)], "asked, and spent"


async def test_a_stopped_server_and_a_policy_that_denies_now_concern_tasks_of_before(machine: Machine) -> None:
    id = await started(await machine.gateway(), starting())
    denying = await machine.gateway(policy={**ALLOW_ALL, "tools": {"echo": {"action": "deny"}}})
    assert (await error_of(denying, about("tasks/get", id)))[1] == -32602
    assert denying.upstream.of("tasks/get") == []
    stopped = await machine.gateway(server=replace(HTTP_SERVER, stopped=True))
    assert "an administrator has stopped" in str((await stopped.send(about("tasks/get", id))).body)
    assert stopped.upstream.sent == []


async def test_arguments_are_sealed_where_they_are_kept(machine: Machine) -> None:
    await started(await machine.gateway(), starting(arguments={"text": "nobody-reads-this"}))
    ((sealed,),) = rows(machine.file, "SELECT arguments FROM task_bindings")
    assert b"nobody-reads-this" not in sealed
    for file in machine.directory.iterdir():
        assert b"nobody-reads-this" not in file.read_bytes(), file


async def test_a_row_that_was_put_in_another_grants_place_opens_nothing(machine: Machine) -> None:
    id = await started(await machine.gateway(), starting())
    rows(machine.file, "UPDATE task_bindings SET grant_id = 'g2'")
    second = await machine.gateway()
    _, code, told = await error_of(second, about("tasks/get", id), grant_id="g2")
    assert (code, told) == (-32603, "the gateway cannot tell whose task this is, so nothing is said of it; ask the operator")
    assert second.upstream.sent == []
    assert [request_id for request_id, _ in second.reported]


async def test_a_state_that_cannot_be_read_denies_and_tells_the_operator(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = await machine.gateway()
    id = await started(gate, starting())

    def fail(self: StoredTasks, *of: str) -> list[StoredTask]:
        raise StoreFault("the disk fails")

    monkeypatch.setattr(StoredTasks, "find", fail)
    assert (await error_of(gate, about("tasks/get", id)))[1] == -32603
    assert result_of(await gate.send(about("tasks/list", "unused")))["tasks"] == []
    assert gate.reported[0][1] == "the disk fails"


async def test_a_task_that_cannot_be_written_down_is_not_given_to_its_client(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = await machine.gateway()

    def fail(self: StoredTasks, task: StoredTask) -> bool:
        raise Unsealable("no key")

    monkeypatch.setattr(StoredTasks, "is_taken", fail)
    assert (await error_of(gate, starting()))[1] == -32603
    assert len(gate.dispatcher.task_book) == 0


@ERAS
async def test_calls_that_become_no_task_neither_read_nor_write_any(
    machine: Machine, stateless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = await machine.gateway(stateless=stateless)
    for name in ("find", "is_taken"):
        monkeypatch.setattr(StoredTasks, name, None)
    monkeypatch.setattr(gate.ledger.tasks, "keep", None)
    gate.upstream.answering({"content": [], **({"resultType": "complete"} if stateless else {})})
    assert "result" in parsed((await gate.call("echo", stateless=stateless)).body)
    if stateless:  # one whose client takes tasks
        assert "result" in parsed((await gate.send(starting(stateless=True))).body)


async def test_a_poll_that_brings_nothing_new_writes_nothing(machine: Machine) -> None:
    gate = await machine.gateway()
    id = await started(gate, starting())
    kept: list[StoredTask] = []
    gate.ledger.tasks.keep = kept.append
    for _ in range(3):
        await gate.send(about("tasks/get", id))
    assert kept == []
    for _ in range(3):
        await gate.send(about("tasks/result", id))
    assert [task.collected for task in kept] == [True]
