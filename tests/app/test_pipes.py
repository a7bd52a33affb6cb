"""stdin and stdout as lines, whatever they are."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

ECHO: Final = """
import sys
from yett.app.data_plane import run_loop
from yett.app.pipes import stdin_lines, stdout_writer

async def main():
    write = await stdout_writer()
    noise = []
    try:
        async for line in stdin_lines(noise.append):
            await write(line)
    except ConnectionError:
        sys.stderr.write("nobody reads")
        return
    for one in noise:
        sys.stderr.write(one.reason + ";")

run_loop(main)
"""


def echo(given: bytes) -> subprocess.CompletedProcess[bytes]:
    """A process that writes back each line that it reads."""
    return subprocess.run([sys.executable, "-c", ECHO], input=given, capture_output=True, timeout=20, check=True)


def test_lines_come_in_and_go_out_through_pipes() -> None:
    done = echo(b'{"a":1}\r\n\n{"b":2}\n')
    assert done.stdout == b'{"a":1}\n{"b":2}\n'
    assert done.stderr == b""


def test_what_is_no_message_is_reported_and_skipped() -> None:
    done = echo(b'hello\n{"a":1}\n{"cut')
    assert done.stdout == b'{"a":1}\n'
    assert done.stderr == b"the line is no JSON object;the stream ended within the line;"


def test_long_lines_pass_whole() -> None:
    line = b'{"a":"' + b"x" * 3_000_000 + b'"}\n'
    assert echo(line).stdout == line


def test_files_serve_as_well_as_pipes(tmp_path: Path) -> None:
    given, taken = tmp_path / "in", tmp_path / "out"
    given.write_bytes(b'{"a":1}\n{"b":2}\n')
    with given.open("rb") as stdin, taken.open("wb") as stdout:
        subprocess.run([sys.executable, "-c", ECHO], stdin=stdin, stdout=stdout, timeout=20, check=True)
    assert taken.read_bytes() == b'{"a":1}\n{"b":2}\n'


def test_a_reader_that_left_is_a_connection_error() -> None:
    command = [sys.executable, "-c", ECHO]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        for _ in range(2):
            try:
                process.stdin.write(b'{"a":"' + b"x" * 1_000_000 + b'"}\n')
                process.stdin.flush()
            except BrokenPipeError:
                break
        with suppress(BrokenPipeError):
            process.stdin.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == b"nobody reads"


WRITE: Final = """
import asyncio
from yett.app.pipes import stdout_writer

async def main():
    write = await stdout_writer()
    await write(b'{"a":[\\n{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}\\r\\n]}')

asyncio.run(main())
"""


@pytest.mark.parametrize("to_file", [False, True])
def test_a_message_with_line_breaks_is_still_one_line(to_file: bool, tmp_path: Path) -> None:
    if to_file:
        with (tmp_path / "out").open("wb") as stdout:
            subprocess.run([sys.executable, "-c", WRITE], stdout=stdout, timeout=20, check=True)
        written = (tmp_path / "out").read_bytes()
    else:
        written = subprocess.run([sys.executable, "-c", WRITE], capture_output=True, timeout=20, check=True).stdout
    assert written.count(b"\n") == 1
    assert b'"sampling/createMessage"}' in written


def test_a_device_serves_as_well_as_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", ECHO], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
    line = b'{"a":1}\n'
    subprocess.run([sys.executable, "-c", ECHO], input=line, stdout=subprocess.DEVNULL, timeout=20, check=True)
