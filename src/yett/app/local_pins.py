"""The pins of `yett run`: kept in a file of the state directory, by the name of the run, since no control plane keeps them.

The first list that the server tells makes them. What changes afterwards is suspended, told on stderr, and kept beside them until
somebody accepts it with `yett pins accept`; a run that goes on sees that within a second.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from yett.catalog.marks import fits
from yett.errors import OperatorFault
from yett.gateway.pins import marks_of_text
from yett.gateway.tools import TOOLS_MAX
from yett.private_files import read_private, write_private
from yett.protocol.lists import ToolDefinition

DIRECTORY: Final = "pins"
FILE_BYTES_MAX: Final = 64 * 1024 * 1024

log = logging.getLogger("yett.run")


class KeptPin(msgspec.Struct, frozen=True):
    """A definition that was accepted."""

    fingerprint: str
    marks: str
    """With blanks between."""
    definition: dict[str, Any]
    how: str
    at_ns: int
    reason: str = ""
    void: bool = False
    """Whether another program has been run since: it shows what changed, and lets nothing through."""


class Kept(msgspec.Struct):
    """What the file holds."""

    name: str
    """Of the run."""
    since_ns: int | None = None
    """Since when the first list is complete; before, what it holds is pinned as it comes."""
    tools: dict[str, KeptPin] = {}
    waiting: dict[str, dict[str, Any]] = {}
    """Definitions that were listed last and that nobody accepted."""
    program: str | None = None
    """The mark of the command whose tools these are."""
    moved_ns: int | None = None
    """When another command came to be run under this name, if not all that it lists was accepted since."""


class PinFile:
    """The file of one run. Errors: `OperatorFault` where it cannot be read or written."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self.path = path_of(state_dir, name)

    def read(self) -> Kept:
        """What is kept; nothing, where there is no file."""
        content = read_private(self.path, FILE_BYTES_MAX)
        if content is None:
            return Kept(self.name)
        try:
            return msgspec.json.decode(content, type=Kept)
        except msgspec.DecodeError as error:
            raise OperatorFault(
                f"the pins in `{self.path}` are unreadable: {error}; remove the file to have what is listed next accepted"
            ) from error

    @contextmanager
    def changing(self) -> Iterator[Kept]:
        """What is kept, to be changed while nobody else does, and kept again."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OperatorFault(f"pins cannot be kept in `{self.path.parent}`: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = self.read()
            before = msgspec.json.encode(kept)
            yield kept
            after = msgspec.json.encode(kept)
            if after != before:
                write_private(self.path, after)
        finally:
            os.close(lock)

    def state(self) -> tuple[int, int, int] | None:
        """What changes whenever the file does."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


def path_of(state_dir: Path, name: str) -> Path:
    """Where the pins of a run are."""
    return state_dir / DIRECTORY / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"


def pin_files(state_dir: Path) -> list[Kept]:
    """What is kept of all runs, by name."""
    found = []
    for path in sorted((state_dir / DIRECTORY).glob("*.json")):
        content = read_private(path, FILE_BYTES_MAX)
        if content is not None:
            found.append(msgspec.json.decode(content, type=Kept))
    return sorted(found, key=lambda kept: kept.name)


class LocalPins:
    """Implements `yett.gateway.tools.Pinned` for one run."""

    def __init__(self, file: PinFile, now_ns: Callable[[], int], program: str | None = None) -> None:
        """`program`: the mark of the command that is run.

        Errors: `OperatorFault` where what was accepted cannot be read or kept.
        """
        self._file = file
        self._now_ns = now_ns
        self._program = program
        self._kept = file.read()
        if self._kept.tools and self._kept.program != program:
            self._move()
        self._seen = file.state()
        self._told: set[tuple[str, bytes]] = set()

    def changed(self) -> bool:
        """Whether the file is another one by now; what it says counts from here on."""
        state = self._file.state()
        if state == self._seen:
            return False
        self._seen = state
        try:
            self._kept = self._file.read()
        except OperatorFault as fault:
            log.warning("%s; what was accepted before stays", fault)
            return False
        return True

    def __call__(self, listed: Sequence[ToolDefinition], last: bool) -> Mapping[str, str]:
        """The marks of what was accepted, after a look at what was just listed."""
        kept = self._kept
        unknown = [tool for tool in listed[:TOOLS_MAX] if not _fits(kept, tool)]
        settled = [tool.name for tool in listed if tool.name in kept.waiting and _fits(kept, tool)]
        if unknown or settled or (last and kept.since_ns is None):
            self._note(unknown, settled, last=last)
        if self._is_of_another():
            return {}
        return {name: pin.marks for name, pin in self._kept.tools.items() if not pin.void}

    def _is_of_another(self) -> bool:
        """Whether another command is run under this name by now, and the file is about that one."""
        return self._kept.program not in {None, self._program}

    def _move(self) -> None:
        """Another command is run than the one whose tools were accepted: nothing of that counts. It is seen first once, too."""
        with self._file.changing() as kept:
            self._kept = kept
            moved = self._is_of_another()
            if moved:
                kept.moved_ns, kept.waiting = self._now_ns(), {}
                kept.since_ns = kept.since_ns or kept.moved_ns
                kept.tools = {name: msgspec.structs.replace(pin, void=True) for name, pin in kept.tools.items()}
            kept.program = self._program
        if moved:
            log.warning(
                "another command is run as %s than the one whose tools were accepted: its tools are not shown, and calls of them "
                "are refused, until somebody accepts them: `yett pins diff %s`, then `yett pins accept`",
                *(ascii(self._kept.name),) * 2,
            )

    def _note(self, unknown: Sequence[ToolDefinition], settled: Sequence[str], *, last: bool) -> None:
        try:
            with self._file.changing() as kept:
                self._kept = kept
                if self._is_of_another():
                    return
                kept.program = self._program
                if kept.since_ns is None:
                    _pin_first(kept, unknown, self._now_ns())
                    kept.since_ns = self._now_ns() if last else None
                left = [tool for tool in unknown if not _fits(kept, tool)]
                for name in settled:
                    kept.waiting.pop(name, None)
                kept.waiting.update({tool.name: read for tool in left if (read := _read(tool)) is not None})
        except OperatorFault as fault:
            log.warning("%s; tools that are not pinned are refused", fault)
            left = list(unknown)
        self._seen = self._file.state()
        for tool in left:
            self._tell(tool)

    def _tell(self, tool: ToolDefinition) -> None:
        key = tool.name, hashlib.sha256(tool.raw).digest()
        if key in self._told:
            return
        self._told.add(key)
        pin = self._kept.tools.get(tool.name)
        what = "is not among those that were accepted" if pin is None else "changed since it was accepted"
        if pin is not None and pin.void:
            what = "was accepted of another command"
        log.warning(
            "the tool %s %s: it is not shown, and calls of it are refused; `yett pins diff %s` shows why, and `yett pins accept` "
            "lets it be called",
            ascii(tool.name),
            what,
            ascii(self._kept.name),
        )


def _fits(kept: Kept, tool: ToolDefinition) -> bool:
    pin, marks = kept.tools.get(tool.name), marks_of_text(tool.raw)
    return pin is not None and not pin.void and marks is not None and fits(marks, pin.marks.split(" "))


def _read(tool: ToolDefinition) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(tool.raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _pin_first(kept: Kept, listed: Sequence[ToolDefinition], now_ns: int) -> None:
    """Accept what was listed first, but for names that are listed twice and texts that hide something."""
    from yett.catalog.pin_states import flags_of  # noqa: PLC0415 - its tables are not needed where all is known
    from yett.catalog.pins import pins_of  # noqa: PLC0415 - as above

    values = [value for tool in listed if (value := _read(tool)) is not None]
    flags = flags_of(values)
    for name, pin in pins_of(values).items():
        hides = any(flag.code == "hidden_text" for flag in flags.get(name, ()))
        if pin is not None and not hides and name not in kept.tools:
            kept.tools[name] = KeptPin(pin.fingerprint, " ".join(pin.marks), dict(pin.definition), "first", now_ns)
