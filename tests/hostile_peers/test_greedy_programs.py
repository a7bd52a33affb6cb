"""Programs behind a running gateway that print, flood, hang, die or will not end (UP9): survived, in bounds, without orphans."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.hostile_peers.stage import MIB, Reply, stage, until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

PROGRAM = Path(__file__).with_name("odd_program.py")
GROWTH_BYTES_MAX = 32 * MIB


def pid_of(reply: Reply) -> int:
    return int(reply.value["result"]["content"][0]["text"])


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", ["print", "endless line", "stderr"])
async def test_a_hundred_megabytes_that_are_no_message_cost_no_memory_and_the_answer_behind_them_arrives(
    tmp_path: Path, how: str
) -> None:
    async with stage(tmp_path, program=PROGRAM) as running:
        before = running.rss()
        reply = await running.call(how)
        assert (reply.status, is_running(pid_of(reply))) == (200, True)
        assert running.rss() - before <= GROWTH_BYTES_MAX
        assert pid_of(await running.call()) == pid_of(reply), "the program goes on"
        assert (tmp_path / "data-plane.log").stat().st_size < 64 * 1024, "the log is no place for a flood"


async def test_a_program_that_dies_fails_its_call_and_the_next_call_has_another_one(tmp_path: Path) -> None:
    async with stage(tmp_path, program=PROGRAM) as running:
        first = pid_of(await running.call())
        reply = await running.call("die")
        assert (reply.status, reply.value["error"]["code"]) == (502, -32603)
        again = await running.call()
        while again.status != 200:  # the pause before it is started again
            again = await running.call()
        assert pid_of(again) != first


async def test_a_program_that_hangs_is_a_timeout_for_the_one_who_waits(tmp_path: Path) -> None:
    async with stage(tmp_path, settings="upstream_timeout_s = 1", program=PROGRAM) as running:
        reply = await running.call("hang")
        assert (reply.status, reply.value["error"]["code"]) == (504, -32603)
        await until(lambda: running.results().get("timed_out") == 1)


async def test_a_program_that_ignores_sigterm_does_not_outlive_a_gateway_that_is_stopped(tmp_path: Path) -> None:
    async with stage(tmp_path, program=PROGRAM) as running:
        pid = pid_of(await running.call("ignore"))
        await running.end(signal.SIGTERM)
        assert (running.ended, is_running(pid)) == (0, False)


@pytest.mark.parametrize("how", ["", "ignore"])
async def test_no_program_outlives_a_gateway_that_was_killed(tmp_path: Path, how: str) -> None:
    async with stage(tmp_path, program=PROGRAM) as running:
        pid = pid_of(await running.call(how))
        await running.end(signal.SIGKILL)
        await until(lambda: not is_running(pid))
