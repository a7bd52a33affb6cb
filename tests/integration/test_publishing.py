"""What people change counts for the next call on every data plane: texts under load, new tokens, grants that were asked for."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec
import pytest

from tests.integration.test_kill import Installation, Recorder, request
from tests.support.ports import free_port
from tests.support.real_gateway import Gateway, running_gateway
from yett.admin.control import Control
from yett.admin.grant_views import Approval, NewRequest, Rotation
from yett.admin.policy_views import Publishing, Unpublishing
from yett.admin.views import NewGrant, NewRevision, NewServer
from yett.app.control import connect
from yett.settings import Settings, load_settings

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

PUBLISHES: Final = 100
CLIENTS: Final = 4
"""On each of two data planes."""
LIMIT: Final = {"counter": "calls", "window": "month", "max": 10**9}


def text(number: int) -> NewRevision:
    """Even ones allow and count; odd ones deny, and their message says which one it is."""
    rule: dict[str, Any] = {"limits": [LIMIT], "deny_if": [{"conditions": [], "on_deny": f"text {number}"}]}
    if number % 2 == 0:
        rule = {"limits": [LIMIT], "require": [{"path": "args.amount", "op": "lt", "value": number}]}
    return NewRevision(document=json.dumps({"version": "1", "default": "deny", "tools": {"pay": rule}}), message=f"m{number}")


class Server(Recorder):
    """As the gateway's control plane meets it too, which asks it who it is."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                if not head.startswith(b"post"):
                    writer.write(b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n")
                    continue
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = self.answer(json.loads(await reader.readexactly(length)))
                fields = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
                writer.write(b"HTTP/1.1 200 OK\r\n" + fields + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def answer(self, message: dict[str, Any]) -> bytes:
        if message["method"] in {"tools/list", "server/discover", "tools/call"}:
            return super().answer(message)
        error = {"code": -32601, "message": "unknown"}
        return json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "error": error}).encode()


@asynccontextmanager
async def serving(recorder: Server) -> AsyncIterator[int]:
    """A server at this port; nothing of it is open afterwards."""
    talks = set[asyncio.Task[None]]()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(recorder.serve(reader, writer), name="a connection")
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        if talks:
            await asyncio.wait(talks, timeout=5)


@dataclass
class Heard:
    """What clients were told."""

    allowed: int = 0
    denied: list[tuple[str, str]] = field(default_factory=list)
    """Revision and message of each denial."""
    stop: bool = False


async def call(installation: Installation, numbers: Iterator[int], heard: Heard) -> str | None:
    """One call over a connection of its own; the message of its denial, None if it was allowed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    try:
        return await _exchange(installation, numbers, heard, reader, writer)
    finally:
        writer.close()


async def _exchange(
    installation: Installation,
    numbers: Iterator[int],
    heard: Heard,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> str | None:
    writer.write(request(installation, next(numbers)))
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    assert head.startswith(b"http/1.1 200"), (head, body)
    result = json.loads(body).get("result", {})
    decision = result.get("_meta", {}).get("dev.yett/decision")
    if decision is None:
        heard.allowed += 1
        return None
    message = str(result["content"][0]["text"]).removeprefix("[POLICY DENIED] ")
    heard.denied.append((decision.get("policy_revision", ""), message))
    return message


async def keep_calling(installation: Installation, numbers: Iterator[int], heard: Heard) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    try:
        while not heard.stop:
            await _exchange(installation, numbers, heard, reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def another_data_plane(gateway: Gateway) -> AsyncIterator[int]:
    """A second one beside the one of `yett up`; its port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "yett.app.data_plane"),
        env={**gateway.environment, "YETT_DATA_PLANE_PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line.startswith(b"listening"), line
        yield port
    finally:
        process.terminate()
        await process.communicate()


def _installed(settings: Settings, upstream: int) -> tuple[Control, str]:
    """The control plane, and the token of a grant that has the first text."""
    with connect(settings) as control:
        control.add_server(NewServer(name="recorder", url=f"http://127.0.0.1:{upstream}/mcp"))
        control.set_policy("p", text(1))
        return control, control.mint_grant(NewGrant(server="recorder", policy="p")).token


def _publish(control: Control, number: int) -> None:
    changed = control.set_policy("p", text(number))
    assert (changed.applied, changed.note, changed.policy.number) == (True, None, number)


@dataclass(frozen=True)
class Scene:
    """Two data planes of one control plane, and a server that remembers."""

    control: Control
    state: Path
    recorder: Recorder
    installations: tuple[Installation, ...]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))


@asynccontextmanager
async def scene(directory: Path) -> AsyncIterator[Scene]:
    recorder = Server()
    async with serving(recorder) as upstream:
        with running_gateway(directory, configuration='[egress]\nallow = ["127.0.0.1"]\n') as gateway:
            settings = load_settings(None, gateway.environment)
            async with another_data_plane(gateway) as second:
                control, token = await asyncio.to_thread(_installed, settings, upstream)
                config, state = Path(gateway.environment["YETT_CONFIG"]), settings.state_dir
                ports = int(gateway.environment["YETT_DATA_PLANE_PORT"]), second
                found = tuple(Installation(config, state, port, token, b"") for port in ports)
                yield Scene(control, state, recorder, found)


async def test_a_hundred_publishes_under_load_and_each_call_is_judged_and_counted_by_one_revision(tmp_path: Path) -> None:
    heard = Heard()
    async with scene(tmp_path) as stage, asyncio.TaskGroup() as group:
        for installation in stage.installations * CLIENTS:
            group.create_task(keep_calling(installation, stage.numbers, heard))
        for number in range(2, PUBLISHES + 1):
            await asyncio.to_thread(_publish, stage.control, number)
            for installation in stage.installations:  # the very next call, on either
                said = await call(installation, stage.numbers, heard)
                assert said == (None if number % 2 == 0 else f"text {number}")
        heard.stop = True
    assert len(heard.denied) > PUBLISHES
    assert heard.allowed > PUBLISHES
    for revision, message in heard.denied:
        assert message == f"text {revision.partition('-')[0]}"
    _check_books(stage.state, heard, stage.recorder)


def _check_books(state: Path, heard: Heard, recorder: Recorder) -> None:
    """Each record is of one revision, and what was counted is what revisions that count allowed."""
    connection = apsw.Connection(str(state / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        rows = list(
            connection.execute("SELECT policy_revision, decision, message, reservations FROM calls WHERE method = 'tools/call'")
        )
        counters = [Decimal(amount) for (amount,) in connection.execute("SELECT amount FROM buckets")]
    finally:
        connection.close()
    allowed = 0
    for revision, effect, message, reservations in rows:
        number = int(revision.partition("-")[0])
        assert (effect, bool(msgspec.json.decode(reservations))) == (("allow", True) if number % 2 == 0 else ("deny", False))
        assert number % 2 == 0 or message == f"text {number}"
        allowed += effect == "allow"
    assert allowed == heard.allowed
    assert allowed == len(recorder.ran) + len(recorder.refused)
    assert sum(counters) == len(recorder.ran), "what the server refused is given back, and nothing else"
    assert len({revision for revision, *_ in rows}) >= PUBLISHES - 1


async def test_a_policy_that_is_unpublished_denies_the_very_next_call_and_published_again_it_judges(tmp_path: Path) -> None:
    heard = Heard()

    def switch(control: Control, judged: bool) -> None:
        if judged:
            assert control.publish_policy("p", Publishing()).applied
        else:
            assert control.unpublish_policy("p", Unpublishing(force=True)).applied

    async with scene(tmp_path) as stage:
        await asyncio.to_thread(_publish, stage.control, 2)
        for judged in (False, True):
            await asyncio.to_thread(switch, stage.control, judged)
            for installation in stage.installations:
                said = await call(installation, stage.numbers, heard)
                assert (said is None) is judged


async def status_of(installation: Installation, token: str) -> int:
    """The HTTP status of a call with this token."""
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    try:
        writer.write(request(replace(installation, token=token), 1))
        return int((await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)).split()[1])
    finally:
        writer.close()


async def test_a_rotated_token_is_good_for_its_overlap_only_and_a_new_expiry_counts_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        control, first = stage.control, stage.installations[0].token
        (grant,) = await asyncio.to_thread(control.grants)

        async def statuses(*tokens: str) -> list[int]:
            return [await status_of(one, token) for one in stage.installations for token in tokens]

        second = (await asyncio.to_thread(control.rotate_grant, grant.id, Rotation(overlap="10m"))).token
        assert await statuses(first, second) == [200] * 4
        third = (await asyncio.to_thread(control.rotate_grant, grant.id)).token
        assert await statuses(first, second, third) == [401, 401, 200] * 2
        await asyncio.to_thread(control.rotate_grant, grant.id, Rotation(overlap="1s"))
        ended = (await asyncio.to_thread(control.grant, grant.id)).previous_until
        while ended is not None:  # a second at most, by the clock of the gateway
            await asyncio.sleep(0.05)
            ended = (await asyncio.to_thread(control.grant, grant.id)).previous_until
        assert await statuses(third) == [401] * 2


async def test_a_grant_that_was_asked_for_works_when_it_is_collected_and_not_before(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        control = stage.control
        new = NewRequest(server="recorder", duration="1h", reason="an outage", policy="p")
        asked = await asyncio.to_thread(control.request_grant, new)
        await asyncio.to_thread(control.approve_request, asked.id, Approval())
        minted = await asyncio.to_thread(control.collect_grant, asked.id)
        assert minted.applied
        for installation in stage.installations:
            assert await status_of(installation, minted.token) == 200
        await asyncio.to_thread(control.revoke_grant, minted.grant.id)
        for installation in stage.installations:
            assert await status_of(installation, minted.token) == 401


async def test_when_a_grant_was_last_used_comes_to_the_control_plane_at_the_latest_when_a_data_plane_stops(
    tmp_path: Path,
) -> None:
    configuration = '[egress]\nallow = ["127.0.0.1"]\n'
    async with serving(Server()) as upstream:
        with running_gateway(tmp_path, configuration=configuration) as gateway:
            settings = load_settings(None, gateway.environment)
            control, token = await asyncio.to_thread(_installed, settings, upstream)
            (grant,) = await asyncio.to_thread(control.grants)
            assert grant.used_at is None
            async with another_data_plane(gateway) as port:
                installation = Installation(Path(gateway.environment["YETT_CONFIG"]), settings.state_dir, port, token, b"")
                assert await status_of(installation, token) == 200
            used_at: str | None = None
            async with asyncio.timeout(10):
                while used_at is None:
                    await asyncio.sleep(0.05)
                    used_at = (await asyncio.to_thread(control.grant, grant.id)).used_at
