"""How the data plane comes by the credentials of servers: over a local socket from the control plane, and from a file while there
is none. What comes is sealed; what it cannot open it does not have.

A socket of its own beside the snapshots': a fresh token must not wait behind 64 MiB of policies. The data plane may ask for a
newer credential, when a server refused the one it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from yett.errors import OperatorFault
from yett.gateway.frames import FrameFault, framed, read_body
from yett.private_files import read_private
from yett.sealing.handover import Handover

BYTES_MAX: Final = 16 * 1024 * 1024
"""Ten thousand servers with long tokens."""
RECONNECT_S: Final = 0.2
ANSWER_S: Final = 20.0
"""How long a newer credential may take: discovery and one request to a token endpoint."""
CHALLENGE_BYTES_MAX: Final = 8_192

_log: Final = logging.getLogger("yett.credentials")


class Credentials(msgspec.Struct, frozen=True, tag="credentials", forbid_unknown_fields=True):
    """Credentials for a data plane, in place of what it has of the same servers; all there are if `whole`."""

    entries: list[Handover]
    whole: bool
    number: int = 0
    """For the acknowledgement."""


class Taken(msgspec.Struct, frozen=True, tag="taken", forbid_unknown_fields=True):
    """The credentials of this number are in use."""

    number: int


class Wanted(msgspec.Struct, frozen=True, tag="wanted", forbid_unknown_fields=True):
    """A data plane asks for a newer credential than the one that a server refused."""

    id: int
    server: str
    number: int
    """Of the credential that was refused; 0 for none."""
    challenge: str
    """What the server said with its refusal; from outside."""


class Settled(msgspec.Struct, frozen=True, tag="settled", forbid_unknown_fields=True):
    """The answer to `Wanted`, sent after the newer credential if there is one."""

    id: int
    problem: str | None = None


Frame = Credentials | Taken | Wanted | Settled
_decoder: Final = msgspec.json.Decoder(Frame)
_file_decoder: Final = msgspec.json.Decoder(list[Handover])

Take = Callable[[Sequence[Handover], bool], None]
"""Puts credentials to use: the entries, and whether they are all there are. Runs on the loop and never raises."""


def encode(frame: Frame) -> bytes:
    """`frame` on the wire."""
    return framed(msgspec.json.encode(frame))


async def read(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None at the end. Errors: `FrameFault`."""
    body = await read_body(reader, BYTES_MAX)
    try:
        return None if body is None else _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise FrameFault(f"an unreadable frame: {error}") from error


def load(path: Path) -> list[Handover]:
    """What the control plane wrote last; nothing where there is no file. Errors: `OperatorFault`."""
    content = read_private(path, BYTES_MAX)
    try:
        return [] if content is None else _file_decoder.decode(content)
    except msgspec.DecodeError as error:
        raise OperatorFault(
            f"the credentials `{path}` are unreadable: {error}; start the control plane, which writes them"
        ) from error


class CredentialLink:
    """The data plane's end. One for a process."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, asyncio.Future[str | None]] = {}
        self._ids = count(1)
        self._seen: tuple[int, int, int] | None = None

    @property
    def connected(self) -> bool:
        """Whether the control plane can be asked."""
        return self._writer is not None

    async def follow(self, socket: Path, file: Path) -> None:
        """Keep the credentials at the control plane's last word, for ever. Cancel it to stop."""
        while True:
            self._apply_file(file)
            try:
                await self._connected(socket)
            except (OSError, FrameFault) as error:
                _log.debug("the control plane cannot be reached: %s", error)
            await asyncio.sleep(RECONNECT_S)

    async def ask(self, server: str, number: int, challenge: bytes) -> str | None:
        """Have a newer credential brought; None once it is here, else why there is none. Never raises."""
        if self._writer is None:
            return "the control plane cannot be reached"
        id = next(self._ids)
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked[id] = answer
        shown = challenge[:CHALLENGE_BYTES_MAX].decode("ascii", "replace")
        self._writer.write(encode(Wanted(id, server, number, shown)))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            return f"the control plane did not answer within {ANSWER_S:g} s"
        finally:
            self._asked.pop(id, None)

    async def _connected(self, socket: Path) -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        with self._asking_over(writer):
            while (frame := await read(reader)) is not None:
                if isinstance(frame, Credentials):
                    self._take(frame.entries, frame.whole)
                    writer.write(encode(Taken(frame.number)))
                elif isinstance(frame, Settled):
                    answer = self._asked.get(frame.id)
                    if answer is not None and not answer.done():
                        answer.set_result(frame.problem)
                else:
                    raise FrameFault("the control plane sent what only a data plane says")

    @contextmanager
    def _asking_over(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._writer = writer
        try:
            yield
        finally:
            self._writer = None
            writer.close()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_result("the control plane went away")

    def _apply_file(self, path: Path) -> None:
        """Use what the file holds, if it changed. One that cannot be read changes nothing and is said once."""
        state = _state(path)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._take(load(path), True)
        except OperatorFault as error:
            _log.warning("%s", error)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
