"""The supervisor, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from yett.app.supervisor import CannotStart, Crashed, Event, Listens, Part, Said, Supervisor

pytestmark = pytest.mark.anyio
SOON_S = 10.0
SERVE = "import signal,sys,time; print('listening 1234', flush=True); signal.sigwait([signal.SIGTERM]); sys.exit(0)"
BLOCK = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('listening 1', flush=True); time.sleep(60)"


def part(code: str, name: str = "part", *arguments: object) -> Part:
    return Part(name, [sys.executable, "-S", "-E", "-c", code, *map(str, arguments)])


@dataclass
class Ear:
    events: list[Event] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.heard.set()

    async def until(self, holds: Callable[[list[Event]], bool]) -> None:
        async with asyncio.timeout(SOON_S):
            while not holds(self.events):
                self.heard.clear()
                await self.heard.wait()

    async def listens(self, count: int = 1) -> list[Listens]:
        await self.until(lambda events: sum(isinstance(event, Listens) for event in events) >= count)
        return [event for event in self.events if isinstance(event, Listens)]


@asynccontextmanager
async def supervised(ear: Ear, *parts: Part, grace_s: float = 10.0) -> AsyncIterator[tuple[Supervisor, asyncio.Future[bool]]]:
    supervisor = Supervisor(parts, ear.tell, grace_s=grace_s, restart_min_s=0.01)
    run = asyncio.ensure_future(supervisor.run())
    try:
        yield supervisor, run
    finally:
        supervisor.stop()
        supervisor.stop()
        async with asyncio.timeout(SOON_S):
            await asyncio.wait([run])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_each_part_is_told_with_its_port_when_it_serves() -> None:
    ear = Ear()
    async with supervised(ear, part(BLOCK + SERVE, "one"), part(BLOCK + SERVE, "two")):
        heard = await ear.listens(2)
        assert {event.part for event in heard} == {"one", "two"}
        assert all(event.port == 1234 and event.after_s > 0 for event in heard)


async def test_a_stop_ends_all_parts_gracefully() -> None:
    ear = Ear()
    async with supervised(ear, part(BLOCK + SERVE, "one"), part(BLOCK + SERVE, "two")) as (supervisor, run):
        heard = await ear.listens(2)
        supervisor.stop()
        async with asyncio.timeout(SOON_S):
            assert await run is True
        assert not any(is_alive(event.pid) for event in heard)
        assert not any(isinstance(event, Crashed) for event in ear.events)


async def test_a_part_that_was_killed_is_started_again_and_the_other_one_stays() -> None:
    ear = Ear()
    async with supervised(ear, part(BLOCK + SERVE, "one"), part(BLOCK + SERVE, "two")):
        first = {event.part: event.pid for event in await ear.listens(2)}
        os.kill(first["one"], signal.SIGKILL)
        *_, again = await ear.listens(3)
        assert again.part == "one"
        assert again.pid != first["one"]
        assert is_alive(first["two"])
        assert Crashed("one", -9, 0.01) in ear.events


async def test_a_part_that_keeps_crashing_is_started_less_and_less_often() -> None:
    ear = Ear()
    async with supervised(ear, part("print('listening 1', flush=True)")):
        await ear.listens(5)
    pauses = [event.restart_s for event in ear.events if isinstance(event, Crashed)]
    assert pauses[:4] == [0.01, 0.02, 0.04, 0.08]


async def test_a_part_that_never_served_takes_the_others_down_with_it() -> None:
    ear = Ear()
    async with supervised(ear, part(BLOCK + SERVE, "one"), part("import sys; sys.exit(3)", "two")) as (_, run):
        with pytest.raises(CannotStart, match="the two could not start, it ended with status 3"):
            async with asyncio.timeout(SOON_S):
                await run
    assert not any(is_alive(event.pid) for event in ear.events if isinstance(event, Listens))


async def test_a_program_that_does_not_exist_is_named() -> None:
    async with supervised(Ear(), Part("gate", ["/nowhere/at/all"])) as (_, run):
        with pytest.raises(CannotStart, match="the gate could not start, `/nowhere/at/all`: No such file"):
            await run


async def test_a_part_that_will_not_end_is_killed_after_its_grace() -> None:
    ear = Ear()
    async with supervised(ear, part(STUBBORN), grace_s=0.1) as (supervisor, run):
        (event,) = await ear.listens()
        supervisor.stop()
        async with asyncio.timeout(SOON_S):
            assert await run is False
        assert not is_alive(event.pid)


async def test_a_second_stop_does_not_wait() -> None:
    ear = Ear()
    async with supervised(ear, part(STUBBORN), grace_s=60) as (supervisor, run):
        (event,) = await ear.listens()
        supervisor.stop()
        supervisor.stop()
        async with asyncio.timeout(SOON_S):
            assert await run is False
        assert not is_alive(event.pid)


async def test_a_stop_during_the_pause_before_a_restart_ends_at_once() -> None:
    ear = Ear()
    supervisor = Supervisor([part("print('listening 1', flush=True)")], ear.tell, restart_min_s=60)
    run = asyncio.ensure_future(supervisor.run())
    await ear.until(lambda events: any(isinstance(event, Crashed) for event in events))
    supervisor.stop()
    async with asyncio.timeout(SOON_S):
        assert await run is True


async def test_what_else_a_part_says_is_passed_on_even_if_it_never_ends_its_line() -> None:
    ear = Ear()
    code = "print('hello'); print('listening x'); print('y' * 200_000, end='', flush=True)"
    async with supervised(ear, part(code)) as (_, run):
        with pytest.raises(CannotStart):
            await run
    said = [event.line for event in ear.events if isinstance(event, Said)]
    assert said[:2] == ["hello", "listening x"]
    assert "".join(said[2:]) == "y" * 200_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death")
def test_the_parts_do_not_outlive_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\nfrom yett.app.supervisor import *\n"
        "part = Part('part', [sys.executable, '-S', '-E', '-c', sys.argv[1]])\n"
        "asyncio.run(Supervisor([part], lambda event: print(event.pid, flush=True)).run())\n"
    )
    program = subprocess.Popen([sys.executable, "-c", code, BLOCK + SERVE], stdout=subprocess.PIPE)
    with program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        program.kill()
    deadline = time.monotonic() + SOON_S
    while is_alive(pid) and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "the part outlived its supervisor"
        os.sched_yield()
