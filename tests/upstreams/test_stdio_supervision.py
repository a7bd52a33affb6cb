"""Children that die, hang, multiply or never start; and a gateway that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.upstreams.stdio_rig import SERVER, Rig, alive, notification, request, rig, until
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.upstreams import stdio
from yett.upstreams.child import ChildSpec, child_environment

pytestmark = pytest.mark.anyio

SUPPORT = Path(SERVER).parent


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the product runs on; the plain one carries the other tests of children."""
    return "asyncio", {"use_uvloop": sys.platform != "win32"}


async def test_requests_on_their_way_fail_when_the_child_dies() -> None:
    async with rig() as gate:
        await gate.see()
        waiting = [asyncio.create_task(gate.send("hang", id=n)) for n in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamFault, match=r"`python.*` ended with status 7; it had not answered") as caught:
            await gate.send("die", {"status": 7, "words": "customer 4711"})
        assert not isinstance(caught.value, UpstreamNotReached | UpstreamTimedOut)
        assert "4711" not in str(caught.value), "words about data are for the operator"
        for failed in await asyncio.gather(*waiting, return_exceptions=True):  # noqa: TID251 - failures are what is looked at
            assert isinstance(failed, UpstreamFault)
        assert len(gate.warnings) == 1
        assert "customer 4711" in gate.warnings[0]


async def test_the_next_request_starts_another_child_after_a_pause() -> None:
    async with rig() as gate:
        first = (await gate.see())["pid"]
        with pytest.raises(UpstreamFault):
            await gate.send("die")
        started = time.monotonic()
        assert (await gate.see())["pid"] != first
        assert time.monotonic() - started >= stdio.BACK_OFF_FIRST_S


async def test_pauses_double_up_to_five_seconds_and_start_anew_when_a_child_worked() -> None:
    async with rig() as gate:
        pauses = []
        for _ in range(9):
            with pytest.raises(UpstreamFault):
                await gate.send("die")
            pauses.append(round(gate.upstream._slots["s"].not_before_s - gate.clock.monotonic(), 3))
            gate.clock.advance(seconds=6)
        assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
        await gate.see()
        with pytest.raises(UpstreamFault):
            await gate.send("die")
        assert round(gate.upstream._slots["s"].not_before_s - gate.clock.monotonic(), 3) == 0.1


async def test_events_break_off_when_the_child_dies() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1, "finish": False}, _meta={"progressToken": 1})
        assert answer.events is not None
        os.kill(gate.child().pid, signal.SIGKILL)
        seen = 0
        with pytest.raises(UpstreamFault, match="was ended by signal 9"):
            async for _ in answer.events:
                seen += 1
        assert seen == 1
        await answer.aclose()


@pytest.mark.parametrize("tool", ["cut_line", "close_output"])
async def test_a_child_that_stops_speaking_is_given_up(tool: str) -> None:
    async with rig() as gate:
        first = (await gate.see())["pid"]
        with pytest.raises(UpstreamFault):
            await gate.send(tool)
        await gate.see()
        await until(lambda: not alive(first))


async def test_a_child_that_stops_listening_is_given_up() -> None:
    async with rig() as gate:
        first = (await gate.see())["pid"]
        waiting = asyncio.create_task(gate.send("hang"))
        await asyncio.sleep(0)
        await gate.send("close_input")
        with pytest.raises(UpstreamFault, match="closed its input or output"):
            await waiting
        assert (await gate.see())["pid"] != first
        await until(lambda: not alive(first))


async def test_a_handshake_is_repeated_with_the_child_that_takes_over() -> None:
    async with rig() as gate:
        await gate.upstream.exchange(request("initialize", {"protocolVersion": "2025-11-25"}, id="init"))
        await gate.upstream.exchange(notification("notifications/initialized"))
        with pytest.raises(UpstreamFault):
            await gate.send("die")
        assert (await gate.see())["handshakes"] == ["initialize", "notifications/initialized"]
        assert [json.loads(data)["method"] for _, data in gate.messages] == ["notifications/tools/list_changed"]


async def test_a_new_child_that_refuses_the_session_is_not_used(tmp_path: Path) -> None:
    script = tmp_path / "server"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {SERVER} "$(cat {tmp_path}/flag)"\n')
    script.chmod(0o700)
    (tmp_path / "flag").write_text("")
    async with rig(argv=[str(script)]) as gate:
        await gate.upstream.exchange(request("initialize"))
        with pytest.raises(UpstreamFault):
            await gate.send("die")
        (tmp_path / "flag").write_text("--refuse-handshake")
        with pytest.raises(UpstreamNotReached, match="refused the session"):
            await gate.see()
        assert gate.upstream._slots["s"].channel is None


def missing(path: Path) -> list[str]:
    return [str(path / "absent")]


def not_executable(path: Path) -> list[str]:
    (path / "plain").write_text("#!/bin/sh\n")
    return [str(path / "plain")]


def no_program(path: Path) -> list[str]:
    (path / "garbage").write_bytes(b"\x7fELFgarbage")
    (path / "garbage").chmod(0o700)
    return [str(path / "garbage")]


@pytest.mark.parametrize("argv", [missing, not_executable, no_program])
async def test_a_program_that_cannot_be_started_was_not_reached(argv: object, tmp_path: Path) -> None:
    assert callable(argv)
    command = argv(tmp_path)
    async with rig(argv=command) as gate:
        with pytest.raises(
            UpstreamNotReached, match=f"`{Path(command[0]).name}` cannot be started: .*check the server's command"
        ):
            await gate.send("echo")
        assert len(gate.warnings) == 1


async def test_a_program_that_ends_at_once_is_named_with_its_last_words() -> None:
    secret = "sk-canary-123456"
    argv = ["sh", "-c", f"echo starting >&2; echo 'bad key {secret}\x1b[31m' >&2; exit 5"]
    async with rig(argv=argv, API_KEY=secret) as gate:
        with pytest.raises(UpstreamFault, match=r"`sh` ended with status 5: bad key \*\*\*"):
            await gate.send("echo")
        assert secret not in gate.warnings[0]
        assert "\x1b" not in gate.warnings[0]


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ("npm error 404 no such package\nnpm notice a new version", "npm error 404 no such package"),
        ("npm warn old\nno such folder\nnpm WARN older\nnpm notice", "no such folder"),
        ("npm notice one\nnpm notice two", "npm notice two"),
        ("npm warning is a word", "npm warning is a word"),
    ],
)
async def test_what_npm_tells_beside_the_matter_is_not_the_last_word(said: str, last: str) -> None:
    async with rig(argv=["sh", "-c", 'echo "$0" >&2; exit 5', said]) as gate:
        with pytest.raises(UpstreamFault, match=f"`sh` ended with status 5: {last}"):
            await gate.send("echo")


async def test_a_start_that_failed_is_not_tried_again_before_its_pause_is_over(tmp_path: Path) -> None:
    script = tmp_path / "server"
    async with rig(argv=[str(script)]) as gate:
        with pytest.raises(UpstreamNotReached):
            await gate.send("echo")
        script.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S {SERVER}\n")
        script.chmod(stat.S_IRWXU)
        with pytest.raises(UpstreamNotReached):
            await gate.send("echo")
        assert len(gate.warnings) == 1
        gate.clock.advance(seconds=0.2)
        await gate.send("echo")


async def test_a_bad_working_directory_or_a_nul_is_said() -> None:
    async with rig(argv=["cat", "a\0b"]) as gate:
        with pytest.raises(UpstreamNotReached, match="NUL"):
            await gate.send("echo")
    gate = Rig()
    gate.upstream._spec = ChildSpec(("cat",), {}, "/nonexistent")
    with pytest.raises(UpstreamNotReached, match="no such file or directory"):
        await gate.send("echo")
    await gate.upstream.aclose()


async def test_a_child_has_no_descriptors_but_its_own_three() -> None:
    async with rig() as gate:
        pid = (await gate.see())["pid"]
        assert {int(name) for name in os.listdir(f"/proc/{pid}/fd")} == {0, 1, 2}  # noqa: PTH208 - names are what is wanted


async def test_many_first_requests_start_one_child() -> None:
    async with rig() as gate:
        async with asyncio.TaskGroup() as callers:
            tasks = [callers.create_task(gate.see(id=n)) for n in range(20)]
        assert len({task.result()["pid"] for task in tasks}) == 1


async def test_a_client_that_goes_away_during_the_start_leaves_a_child_that_is_used() -> None:
    async with rig() as gate:
        first = asyncio.create_task(gate.send("echo"))
        await until(lambda: bool(gate.upstream._slots) and gate.upstream._slots["s"].starting is not None)
        first.cancel()
        await asyncio.wait([first])
        await until(lambda: gate.upstream._slots["s"].channel is not None)
        child = gate.child()
        assert (await gate.see())["pid"] == child.pid


async def test_idle_children_are_ended_and_their_sessions_go_on() -> None:
    async with rig() as gate:
        await gate.upstream.exchange(request("initialize"))
        idle = (await gate.see())["pid"]
        waiting = asyncio.create_task(gate.send("hang", isolation="busy"))
        await until(lambda: "busy" in gate.upstream._slots and gate.upstream._slots["busy"].channel is not None)
        gate.clock.advance(seconds=stdio.IDLE_S - 1)
        await gate.upstream.reap_idle()
        assert alive(idle)
        gate.clock.advance(seconds=2)
        await gate.upstream.reap_idle()
        assert not alive(idle)
        assert not waiting.done()
        seen = await gate.see()
        assert (seen["pid"] != idle, seen["handshakes"]) == (True, ["initialize", "notifications/initialized"])
        assert not gate.warnings
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_the_longest_idle_child_makes_room_and_busy_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "CHILDREN_MAX", 2)
    async with rig() as gate:
        pids = []
        for isolation in ("a", "b"):
            pids.append((await gate.see(isolation=isolation))["pid"])
            gate.clock.advance(seconds=1)
        await gate.see(isolation="c")
        assert [alive(pid) for pid in pids] == [False, True]
        waiting = [asyncio.create_task(gate.send("hang", isolation=name)) for name in ("b", "c")]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamNotReached, match="2 sessions use the program"):
            await gate.send("echo", isolation="d")
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_sessions_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "SLOTS_MAX", 3)
    async with rig(argv=["/nonexistent/program"]) as gate:
        for n in range(6):
            with pytest.raises(UpstreamNotReached):
                await gate.send("echo", isolation=str(n))
        assert list(gate.upstream._slots) == ["3", "4", "5"]


def test_the_environment_of_a_child_is_what_is_listed_and_configured() -> None:
    ours = {"PATH": "/bin", "HOME": "/root", "SSH_AUTH_SOCK": "/s", "YETT_KEY": "k", "LD_PRELOAD": "x", "PYTHONPATH": "y"}
    assert child_environment({"HOME": "/h", "KEY": "v"}, ours) == {"PATH": "/bin", "HOME": "/h", "KEY": "v"}
