"""Importing a catalogue: a file with one tool definition a line becomes an index, which is there whole or not at all.

Read first, so that a bad line is told before anything is judged; then each server's tools are judged beside each other, by two
processes where there is enough to do. What is in memory at once is bounded, however long the file is.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.indexed import Judged, judge, judge_servers
from yett.catalog.quoting import INVISIBLE
from yett.errors import OperatorFault, YettError
from yett.policy.document import read_json
from yett.policy.errors import PolicyErrors
from yett.policy.json_value import JsonObject
from yett.protocol.strict_json import Unreadable, read
from yett.stores.catalogue_writing import TOOLS_MAX, IndexWriter, Listing

LINE_BYTES_MAX: Final = 512 * 1024
"""A definition; the largest of real servers are a tenth of it."""
SERVER_MAX: Final = 200
"""Characters of a server's name."""
BAD_MAX: Final = 20
"""Bad lines that are told; no more are looked for then."""
AHEAD: Final = 3
"""Batches that the other process has to judge before this one helps."""
WAITING_MAX: Final = 16
"""Batches that were judged and wait for one before them."""
BATCH_TOOLS: Final = 100
FEW: Final = 2_000
"""Tools that are judged in this process: starting others would take longer."""
TELL_EVERY: Final = 1_000
"""Lines between two reports."""

Phase = Literal["reading", "judging"]
Progress = Callable[[Phase, int, int], None]
"""Told of the phase, how much of it is done, and of how much: bytes, then tools."""


class BadLines(YettError):
    """Lines that are no definitions; nothing was changed."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines[0] if len(lines) == 1 else f"{lines[0]}, and {len(lines) - 1} more")
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an index holds."""

    servers: int
    tools: int


def import_catalogue(source: Path, into: Path, progress: Progress = lambda *_: None) -> Imported:
    """Make `into` the index of the definitions in `source`. Until it is whole the index that was there stays.

    Errors: `BadLines`; `OperatorFault` where a file cannot be read or written.
    """
    with IndexWriter(into) as writer:
        tools = _read(source, writer, progress)
        crowded = writer.crowded()
        if crowded is not None:
            raise OperatorFault(f"the server `{crowded}` has more than {TOOLS_MAX:,} tools; divide it")
        done = 0
        for listing, judged in _judged(writer.listings(), tools):
            writer.put(listing, judged)
            done += len(judged)
            progress("judging", done, tools)
        writer.finish()
        return Imported(writer.servers, tools)


def _read(source: Path, writer: IndexWriter, progress: Progress) -> int:
    bad: list[str] = []
    tools = 0
    for number, line, at, of in _lines(source):
        try:
            server, body = _listed(line)
        except _BadLine as error:
            bad.append(f"line {number}: {error}")
            if len(bad) == BAD_MAX:
                break
            continue
        if not bad:
            writer.add(server, number, body)
        tools += 1
        if number % TELL_EVERY == 0:
            progress("reading", at, of)
    if bad:
        raise BadLines(bad)
    return tools


def _lines(source: Path) -> Iterator[tuple[int, bytes, int, int]]:
    """Number, text, and how far that is in the file. Lines of blanks are left out; of too long ones there is the beginning."""
    try:
        with source.open("rb") as file:
            of = os.fstat(file.fileno()).st_size
            number = at = 0
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                at += len(line)
                if len(line) > LINE_BYTES_MAX:
                    at += _skip(file)
                if line.strip():
                    yield number, line, at, of
    except OSError as error:
        raise OperatorFault(f"cannot read `{source}`: {error.strerror}") from error


def _skip(file: Iterable[bytes]) -> int:
    """Read on to the end of the line; how far that was."""
    read = 0
    while line := file.readline(LINE_BYTES_MAX):  # type: ignore[attr-defined]  # a file
        read += len(line)
        if line.endswith(b"\n"):
            break
    return read


class _BadLine(Exception):
    """A line that is no definition of a server's tool."""


def _listed(line: bytes) -> tuple[str, bytes]:
    """The server, and its definition without that name."""
    if len(line) > LINE_BYTES_MAX:
        raise _BadLine(f"longer than {LINE_BYTES_MAX:,} bytes")
    try:
        value = read(line)
        tool = tool_definition(value)
    except Unreadable as error:
        raise _BadLine(_why(line, error)) from error
    except DefinitionError as error:
        raise _BadLine(str(error)) from error
    assert isinstance(value, dict), "a definition"
    if not tool.server:
        raise _BadLine("`server` is missing; each line names the server that lists the tool")
    if len(tool.server) > SERVER_MAX:
        raise _BadLine(f"`server` has {len(tool.server):,} characters; at most {SERVER_MAX} are read")
    for key, text in (("name", tool.name), ("server", tool.server)):
        if INVISIBLE.search(text) or not text.strip():
            raise _BadLine(f"`{key}` holds a character that is not shown, or nothing else")
    if tool.input_schema is not None and not isinstance(tool.input_schema, dict):
        raise _BadLine("`inputSchema` must be an object")
    return tool.server, _body(value)


def _why(line: bytes, unreadable: Unreadable) -> str:
    """With the place, where the parser knows it."""
    try:
        read_json(line)
    except PolicyErrors as error:
        return error.errors[0].message.replace(" at line 1 column ", " at column ")
    return str(unreadable)


def _body(value: JsonObject) -> bytes:
    plain = {key: part for key, part in value.items() if key != "server"}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=_number).encode()


def _number(value: object) -> float:
    assert isinstance(value, Decimal), "what JSON text is read as"
    return float(value)


def _judged(listings: Iterator[Listing], tools: int) -> Iterator[tuple[Listing, list[Judged]]]:
    if tools <= FEW:
        for listing in listings:
            yield listing, judge(listing.name, listing.bodies)
        return
    with _worker() as pool:
        waiting: deque[_Judging] = deque()
        for batch in _batches(listings):
            waiting.append(_Judging(batch, _begun(pool, waiting, batch)))
            while waiting and (waiting[0].is_over or len(waiting) > WAITING_MAX):
                yield from waiting.popleft().results()
        while waiting:
            yield from waiting.popleft().results()


@dataclass(frozen=True, slots=True)
class _Judging:
    """A batch that the other process judges, or that this one did. Taken in their order, so that a file makes one index."""

    batch: list[Listing]
    judged: Future[list[list[Judged]]] | list[list[Judged]]

    @property
    def is_over(self) -> bool:
        return isinstance(self.judged, list) or self.judged.done()

    def results(self) -> Iterator[tuple[Listing, list[Judged]]]:
        return zip(self.batch, self.judged if isinstance(self.judged, list) else self.judged.result(), strict=True)


def _begun(
    pool: ProcessPoolExecutor, waiting: Iterable[_Judging], batch: list[Listing]
) -> Future[list[list[Judged]]] | list[list[Judged]]:
    """Given to the other process, unless that has enough to do."""
    servers = [(one.name, one.bodies) for one in batch]
    if sum(not one.is_over for one in waiting) < AHEAD:
        return pool.submit(judge_servers, servers)
    return judge_servers(servers)


@contextmanager
def _worker() -> Iterator[ProcessPoolExecutor]:
    """A process of its own, which holds nothing of this one."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """Have this process end when the one that started it does, however that ends: it would wait for work forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "called in a process that another started"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="yett import", daemon=True).start()


def _batches(listings: Iterator[Listing]) -> Iterator[list[Listing]]:
    batch: list[Listing] = []
    count = 0
    for listing in listings:
        batch.append(listing)
        count += len(listing.bodies)
        if count >= BATCH_TOOLS:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch
