"""Children end when they should, and when the gateway is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.upstreams.stdio_rig import SERVER, Rig, alive, outbound, result, rig, until
from yett.errors import UpstreamFault, UpstreamNotReached

pytestmark = pytest.mark.anyio

SUPPORT = Path(SERVER).parent


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the product runs on; the plain one carries the other tests of children."""
    return "asyncio", {"use_uvloop": sys.platform != "win32"}


async def test_a_session_that_ends_takes_its_child_along_and_no_other() -> None:
    async with rig() as gate:
        one, other = (await gate.see(isolation="one"))["pid"], (await gate.see(isolation="other"))["pid"]
        assert await gate.upstream.end_session(outbound("", isolation="one")) == 200
        assert [alive(pid) for pid in (one, other)] == [False, True]
        assert await gate.upstream.end_session(outbound("", isolation="one")) == 200


async def test_a_request_on_its_way_fails_at_once_when_its_session_ends() -> None:
    async with rig("--stubborn") as gate:
        await gate.see()
        waiting = asyncio.create_task(gate.send("hang"))
        await asyncio.sleep(0)
        ending = asyncio.create_task(gate.upstream.end_session(outbound("")))
        with pytest.raises(UpstreamFault, match="stopped by the gateway"):
            await waiting
        assert not ending.done()
        await ending


async def test_a_stubborn_child_and_what_it_started_are_killed() -> None:
    async with rig("--stubborn") as gate:
        pids = result(await gate.send("spawn", {"own_session": [False, False]}))["pids"]
        assert all(map(alive, pids))
        await gate.upstream.end_session(outbound(""))
        await until(lambda: not any(map(alive, pids)))


async def test_what_a_dead_child_had_started_is_killed_with_it() -> None:
    async with rig() as gate:
        pids = result(await gate.send("spawn", {"own_session": [False]}))["pids"]
        with pytest.raises(UpstreamFault):
            await gate.send("die")
        await until(lambda: not any(map(alive, pids)))


async def test_closing_ends_all_children_in_bounded_time() -> None:
    gate = Rig("--stubborn")
    pids = [(await gate.see(isolation=str(n)))["pid"] for n in range(3)]
    escaped = result(await gate.send("spawn", {"own_session": [True]}, isolation="0"))["pids"]
    started = time.monotonic()
    await gate.upstream.aclose()
    assert time.monotonic() - started < 4
    await until(lambda: not any(map(alive, pids + escaped)))
    with pytest.raises(UpstreamNotReached, match="no longer uses"):
        await gate.send("echo")
    await gate.upstream.aclose()


async def test_a_session_that_ends_during_a_start_is_not_served() -> None:
    async with rig() as gate:
        first = asyncio.create_task(gate.send("echo"))
        await until(lambda: bool(gate.upstream._slots) and gate.upstream._slots["s"].starting is not None)
        assert await gate.upstream.end_session(outbound("")) == 200
        with pytest.raises(UpstreamNotReached):
            await first


async def test_closing_during_a_start_leaves_nothing() -> None:
    gate = Rig()
    first = asyncio.create_task(gate.send("echo"))
    await until(lambda: bool(gate.upstream._slots) and gate.upstream._slots["s"].starting is not None)
    await gate.upstream.aclose()
    with pytest.raises(UpstreamFault):
        await first
    assert not gate.upstream._slots


def started_gateway(loop: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A process with two children, each of which has two of its own, one in a session of its own; and all their ids."""
    argv = [sys.executable, str(SUPPORT / "stdio_gateway.py"), loop]
    gateway = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=SUPPORT.parents[1])
    assert gateway.stdout is not None
    with gateway.stdout as output:
        pids = json.loads(output.readline())
    assert len(pids) == 6
    assert all(map(alive, pids))
    return gateway, pids


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise and /proc are Linux's")


@linux_only
@pytest.mark.parametrize("loop", ["--asyncio", "--uvloop"])
async def test_no_orphan_survives_a_killed_gateway(loop: str) -> None:
    gateway, pids = await asyncio.to_thread(started_gateway, loop)
    gateway.kill()
    gateway.wait()
    await until(lambda: not any(map(alive, pids)))


@linux_only
async def test_no_child_survives_even_if_the_watcher_is_killed_first() -> None:
    gateway, pids = await asyncio.to_thread(started_gateway, "--uvloop")
    (watcher,) = children_of(gateway.pid) - set(pids)
    try:
        os.kill(watcher, signal.SIGKILL)
        gateway.kill()
        gateway.wait()
        await until(lambda: not alive(pids[0]) and not alive(pids[3]))
    finally:
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> set[int]:
    """The processes that `parent` started."""
    return {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and parent_of(path) == parent}


def parent_of(path: Path) -> int:
    try:
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
