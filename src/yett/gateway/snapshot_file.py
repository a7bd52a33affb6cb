"""The control plane's last word on disk: a base, and beside it a journal of the changes since, one on each line.

The base is replaced in one step. A change is appended and synced; a line that a crash tore is as if it were not there. When the
journal is large, it is folded into the base. Whatever happens between two steps: lines that the base has already are passed over.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

import msgspec

from yett.errors import OperatorFault
from yett.gateway.feed_frames import WHOLE_BYTES_MAX
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.whole import Whole
from yett.private_files import FILE_MODE, read_private, write_private

SNAPSHOT_FILE: Final = "snapshot.json"
FOLD_BYTES_MIN: Final = 256 * 1024
"""A journal smaller than this is left alone, however small the base is."""
READ_AGAIN_MAX: Final = 8
"""How often a reader starts again because the base was replaced meanwhile."""

State = tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]
_encode: Final = msgspec.json.encode


def journal_of(path: Path) -> Path:
    """The journal that stands beside the base `path`."""
    return path.with_suffix(".journal")


def state_of(path: Path) -> State:
    """What changes whenever base or journal do."""
    return _stat(path), _stat(journal_of(path))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def load_snapshot(path: Path) -> SnapshotData | None:
    """The last word of the control plane; None if there was none yet.

    Errors: `OperatorFault` where a file cannot be read or understood, or others may use it.
    """
    loaded = _load(path)
    return None if loaded is None else loaded[0].data()


def store_snapshot(path: Path, snapshot: SnapshotData) -> None:
    """Keep `snapshot` as the last word, for a data plane without a control plane. Errors: `OperatorFault`."""
    SnapshotFile(path).begin(snapshot)


def _load(path: Path) -> tuple[Whole, int, int] | None:
    """The state, the length of the base, and how much of the journal is whole lines."""
    for _ in range(READ_AGAIN_MAX):
        before = _stat(path)
        content = read_private(path, WHOLE_BYTES_MAX)
        if content is None:
            return None
        whole = Whole.of(_decoded(path, content))
        try:
            length = _read_journal(journal_of(path), whole)
        except OperatorFault:
            if _stat(path) == before:
                raise
            continue  # the journal is that of another base by now
        if _stat(path) == before:
            return whole, len(content), length
    raise OperatorFault(f"the snapshot `{path}` was replaced again and again while it was read; try again")


def _decoded(path: Path, content: bytes) -> SnapshotData:
    try:
        return msgspec.json.decode(content, type=SnapshotData)
    except msgspec.DecodeError as error:
        raise OperatorFault(
            f"the snapshot `{path}` is unreadable: {error}; start the control plane, which writes it anew"
        ) from error


def _read_journal(path: Path, whole: Whole) -> int:
    """Bring `whole` forward by the journal; the length of its complete lines."""
    content = read_private(path, WHOLE_BYTES_MAX) or b""
    *lines, _ = content.split(b"\n")
    length = 0
    for number, line in enumerate(lines, 1):
        try:
            delta = msgspec.json.decode(line, type=SnapshotDelta)
        except msgspec.DecodeError as error:
            if number == len(lines):
                return length  # a crash before it was synced can leave anything of its length
            raise OperatorFault(
                f"line {number} of `{path}` is unreadable: {error}; start the control plane, which writes it anew"
            ) from error
        length += len(line) + 1
        if delta.origin != whole.origin or delta.revision <= whole.revision:
            continue
        if not whole.takes(delta):
            raise OperatorFault(
                f"line {number} of `{path}` follows revision {delta.previous}, and not {whole.revision}; "
                "start the control plane, which writes it anew"
            )
        whole.apply(delta)
    return length


class SnapshotFile:
    """Writes both files. For one process, and any number of its threads. Errors of all methods: `OperatorFault`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole: Whole | None = None
        self._behind = False
        """Whether the disk lacks a change, because it could not be written."""
        self._base_bytes = 0
        self._journal_bytes = 0
        self._lock = threading.Lock()
        self._folding = threading.Lock()

    def known(self) -> tuple[str, int] | None:
        """Origin and revision that changes can build on; None where `begin` must come first."""
        return None if self._whole is None else (self._whole.origin, self._whole.revision)

    def resume(self) -> None:
        """Go on with what is on disk; where that is not to be read, `begin` must come first."""
        with self._lock:
            loaded = _load(self._path)
            if loaded is not None:
                self._whole, self._base_bytes, self._journal_bytes = loaded

    def begin(self, snapshot: SnapshotData) -> None:
        """Keep a whole."""
        with self._folding, self._lock:
            self._whole = Whole.of(snapshot)
            self._store(snapshot)

    def append(self, delta: SnapshotDelta) -> None:
        """Keep a change of what is known."""
        with self._lock:
            if delta.previous is None or self._whole is None or not self._whole.takes(delta):
                raise OperatorFault(f"the change to revision {delta.revision} does not follow what was kept; this is a bug")
            self._whole.apply(delta)
            if self._behind:
                self._store(self._whole.data())
                return
            self._behind = True
            self._journal_bytes += _append(journal_of(self._path), _encode(delta) + b"\n", self._journal_bytes)
            self._behind = False

    @property
    def grown(self) -> bool:
        """Whether the journal is so large that it should be folded into the base."""
        return self._journal_bytes > max(self._base_bytes // 2, FOLD_BYTES_MIN)

    def fold(self) -> None:
        """Make of base and journal a new base. Changes may be appended meanwhile."""
        with self._folding:
            with self._lock:
                if self._whole is None or self._behind:
                    return
                data, length = self._whole.data(), self._journal_bytes
            content = _checked(_encode(data))
            beside = self._path.with_suffix(".folded")
            write_private(beside, content)
            with self._lock:
                rest = (read_private(journal_of(self._path), WHOLE_BYTES_MAX) or b"")[length : self._journal_bytes]
                _replace(beside, self._path)
                self._base_bytes = len(content)
                self._behind = True
                write_private(journal_of(self._path), rest)
                self._journal_bytes, self._behind = len(rest), False

    def _store(self, snapshot: SnapshotData) -> None:
        self._behind = True
        content = _checked(_encode(snapshot))
        write_private(self._path, content)
        try:
            journal_of(self._path).unlink(missing_ok=True)
        except OSError as error:
            raise OperatorFault(f"cannot remove `{journal_of(self._path)}`: {error.strerror}") from error
        self._base_bytes, self._journal_bytes, self._behind = len(content), 0, False


def _checked(content: bytes) -> bytes:
    if len(content) > WHOLE_BYTES_MAX:
        raise OperatorFault(
            f"the snapshot has {len(content):,} bytes, over {WHOLE_BYTES_MAX:,}; remove policies that no grant uses"
        )
    return content


def _replace(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        raise OperatorFault(f"cannot write `{target}`: {error.strerror}") from error


def _append(path: Path, line: bytes, after: int) -> int:
    """Put `line` behind the first `after` bytes of `path`, whatever a crash left there, and sync it; its length."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0), FILE_MODE)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            if os.fstat(descriptor).st_size != after:
                os.ftruncate(descriptor, after)
            file.seek(after)
            view = memoryview(line)
            while view:
                view = view[file.write(view) :]
            os.fsync(descriptor)
    except OSError as error:
        raise OperatorFault(f"cannot write `{path}`: {error.strerror}") from error
    return len(line)
