"""Copies what an installation remembers into one file, and puts it back.

A backup is a tar file: `manifest.json` first, with the digest of everything else. The databases are copied by SQLite's own
backup, each as of one moment, while the gateway goes on. Keys go in only if that is asked for: with them the file opens
everything; without them it is of use only where the keys still are.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import apsw
import msgspec

from yett import __version__
from yett.admin.checks import show_moment
from yett.app.backup_contents import DATABASES, DERIVED, is_ours, plain_names
from yett.errors import OperatorFault, StoreFault
from yett.ports import Clock
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.control.lock import DATABASE_FILE, ControlBusy, take_lock
from yett.stores.control.store import SCHEMA, check_integrity
from yett.stores.state_file import STATE_FILE
from yett.stores.state_tasks import forget_tasks

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MANIFEST_BYTES_MAX: Final = 8 * 1024 * 1024
"""Each run of `yett run` has two files."""
WAYS_IN: Final = frozenset({"sessions", "one_time_links", "flows"})
"""Tables of who is signed in, of links that open once, and of round trips to others."""
BUSY_MS: Final = 5_000
PIECE_BYTES: Final = 1024 * 1024
PAGES_AT_ONCE: Final = 4_096


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup holds."""

    format: int
    yett: str
    created_at: str
    schema: str
    """Of the control database: the migration that it is at; empty where there is none."""
    keys: bool
    files: dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of the state directory."""

    manifest: Manifest
    aside: Path | None
    """Where what was there before is kept; None where nothing was."""


def write_backup(state_dir: Path, target: Path, clock: Clock, *, with_keys: bool) -> Manifest:
    """Write a backup to `target` (0600), whole or not at all. Errors: `OperatorFault`, also where there is such a file."""
    if target.exists():
        raise OperatorFault(f"`{target}` is there already; move it away, or choose another name")
    if not any((state_dir / name).exists() for name in DATABASES):
        raise OperatorFault(f"there is nothing to copy in `{state_dir}`; look at `state.directory` in the settings")
    try:
        with _staging(target.absolute().parent) as staging:
            names = [name for name in DATABASES if _copy_database(state_dir / name, staging / name)]
            wanted = plain_names(state_dir, with_keys=with_keys)
            names += [name for name in wanted if _copy_file(state_dir / name, staging / name)]
            manifest = Manifest(
                format=FORMAT,
                yett=__version__,
                created_at=show_moment(clock.now_ns()),
                schema=_schema_of(staging / DATABASE_FILE),
                keys=with_keys,
                files={name: _entry(staging / name) for name in names},
            )
            packed = staging / "packed"
            _pack(packed, staging, manifest)
            os.link(packed, target)
    except FileExistsError as error:
        raise OperatorFault(f"`{target}` is there already; move it away, or choose another name") from error
    except OSError as error:
        raise OperatorFault(f"cannot write the backup `{target}`: {error.strerror}") from error
    return manifest


def restore_backup(state_dir: Path, source: Path, clock: Clock) -> Restored:
    """Put back what `source` holds, and keep what was there aside.

    Nothing changes before the backup was read whole and found sound. Errors: `OperatorFault`; also beside a running gateway.
    """
    try:
        with _lock(state_dir), _staging(state_dir) as staging:
            manifest = _unpack(source, staging)
            if DATABASE_FILE in manifest.files:
                _check_database(staging)
                _end_ways_in(staging / DATABASE_FILE)
            elif (state_dir / DATABASE_FILE).exists():
                raise OperatorFault(
                    f"`{source}` is of a machine without a gateway, and `{state_dir}` has one; restore it elsewhere"
                )
            _take_back(staging / STATE_FILE, clock.now_ns())
            for name in (STATE_FILE, DATABASE_FILE):  # what may be refused comes first
                _settle(state_dir / name)
            aside = _keep_aside(state_dir, manifest, clock)
            for name in manifest.files:
                (state_dir / name).parent.mkdir(mode=0o700, exist_ok=True)
                (staging / name).replace(state_dir / name)
            return Restored(manifest, aside)
    except OSError as error:
        raise OperatorFault(f"cannot restore `{source}` into `{state_dir}`: {error.strerror}") from error


def _lock(state_dir: Path) -> IO[str]:
    try:
        return take_lock(state_dir)
    except ControlBusy as error:
        raise OperatorFault(f"{error}; a restore needs a gateway that is stopped") from error


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """A private directory beside what is to be written, gone afterwards."""
    staging = directory / f".yett-{secrets.token_hex(6)}"
    staging.mkdir(mode=0o700)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copy_database(source: Path, target: Path) -> bool:
    """A copy of one moment in a file of its own; whether there is such a database."""
    if not source.exists():
        return False
    _make(target)
    try:
        # Not opened read-only: whoever reads a log left by kill -9 must first recover it.
        reading = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        writing = apsw.Connection(str(target))
        try:
            reading.set_busy_timeout(BUSY_MS)
            reading.pragma("query_only", True)
            with writing.backup("main", reading, "main") as copying:
                while not copying.done:
                    copying.step(PAGES_AT_ONCE)
            writing.pragma("journal_mode", "delete")
        finally:
            writing.close()
            reading.close()
    except apsw.Error as error:
        raise OperatorFault(f"cannot copy `{source}`: {error}; `yett doctor` looks closer") from error
    return True


def _copy_file(source: Path, target: Path) -> bool:
    if not source.exists():
        return False
    _make(target)
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, PIECE_BYTES)
    return True


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _entry(path: Path) -> Entry:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return Entry(bytes=path.stat().st_size, sha256=digest.hexdigest())


def _pack(packed: Path, staging: Path, manifest: Manifest) -> None:
    _make(packed)
    with packed.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            text = msgspec.json.format(msgspec.json.encode(manifest))
            archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
            for name, entry in manifest.files.items():
                with (staging / name).open("rb") as content:
                    archive.addfile(_member(name, entry.bytes), content)
        file.flush()
        os.fsync(file.fileno())


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _unpack(source: Path, staging: Path) -> Manifest:
    """Every file of the backup, checked. INVARIANT: only names that a backup of ours has are ever written."""
    try:
        with tarfile.open(source, "r:") as archive:
            first = archive.next()
            manifest = _read_manifest(archive, first, source)
            for member in archive:
                if member.name != MANIFEST:
                    _take(archive, member, manifest, staging, source)
    except tarfile.TarError as error:
        raise OperatorFault(f"`{source}` is no backup, or damaged: {error}") from error
    missing = [name for name in manifest.files if not (staging / name).exists()]
    if missing:
        raise OperatorFault(f"the backup `{source}` lacks {', '.join(missing)}; it is damaged, nothing was changed")
    return manifest


def _read_manifest(archive: tarfile.TarFile, first: tarfile.TarInfo | None, source: Path) -> Manifest:
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MANIFEST_BYTES_MAX:
        raise OperatorFault(f"`{source}` is no backup of Yett")
    content = archive.extractfile(first)
    assert content is not None, "a regular file has content"
    try:
        manifest = msgspec.json.decode(content.read(), type=Manifest)
    except msgspec.DecodeError as error:
        raise OperatorFault(f"`{source}` is no backup that this Yett can read: {error}") from error
    if manifest.format != FORMAT or manifest.schema > SCHEMA:
        raise OperatorFault(f"the backup `{source}` was written by Yett {manifest.yett}, which is newer; upgrade Yett")
    if not manifest.files.keys() & set(DATABASES) or not all(map(is_ours, manifest.files)):
        raise OperatorFault(f"`{source}` is no backup of Yett")
    return manifest


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, manifest: Manifest, staging: Path, source: Path) -> None:
    entry, target = manifest.files.get(member.name), staging / member.name
    if entry is None or not member.isreg() or member.size != entry.bytes or target.exists():
        raise OperatorFault(f"`{source}` holds what its manifest does not tell of; it is damaged, nothing was changed")
    content = archive.extractfile(member)
    assert content is not None, "a regular file has content"
    _make(target)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file, PIECE_BYTES)
        file.flush()
        os.fsync(file.fileno())
    if _entry(target) != entry:
        raise OperatorFault(
            f"`{member.name}` in `{source}` is not what was backed up; the backup is damaged, nothing was changed"
        )


def _check_database(staging: Path) -> None:
    found = check_integrity(staging)
    if found:
        raise OperatorFault(f"the control database of the backup is damaged: {found[0]}; nothing was changed")


def _end_ways_in(path: Path) -> None:
    """INVARIANT: what opens once opens once, and who signed out stays so: whether that was after the backup, nobody can tell.

    Errors: `OperatorFault`.
    """
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in sorted(WAYS_IN & present):  # the schema may be an older one
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - one of our own names
        finally:
            connection.close()
    except apsw.Error as error:
        raise OperatorFault(f"the control database of the backup cannot be used: {error}; nothing was changed") from error


def _take_back(path: Path, now_ns: int) -> None:
    """Take approvals and tasks out of the state of a backup. Errors: `OperatorFault`.

    INVARIANT: an approval is used once: whether its call ran after the backup, nobody can tell. As little can anybody tell to
    whom a server has given the id of a task since.
    """
    if not path.exists():
        return
    try:
        with ApprovalDesk(path) as desk:
            desk.begin_anew("a backup was restored, and nobody knows what was decided since: ask anew", "yett", now_ns)
        forget_tasks(path)
    except StoreFault as fault:
        raise OperatorFault(f"`{STATE_FILE}` of the backup cannot be used: {fault}; nothing was changed") from fault


def _settle(path: Path) -> None:
    """Have a database that is there be one file, which nobody else has open. Errors: `OperatorFault` where somebody has."""
    if not path.exists():
        return
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.pragma("journal_mode", "delete")
        finally:
            connection.close()
    except (apsw.BusyError, apsw.LockedError) as error:
        raise OperatorFault(f"another process has `{path}`; stop the gateway and every `yett run` first") from error
    except apsw.Error:
        return  # damaged: the very reason for a restore; it is kept aside as it is


def _keep_aside(state_dir: Path, manifest: Manifest, clock: Clock) -> Path | None:
    """Keep what is replaced in a directory, linked so that at no moment a file is missing; what is derived is moved there."""
    logs = [f"{name}{suffix}" for name in DATABASES for suffix in ("-wal", "-shm")]
    present = [name for name in (*manifest.files, *logs, *DERIVED) if (state_dir / name).exists()]
    if not present:
        return None
    stamp = show_moment(clock.now_ns()).replace(":", "").replace("-", "")
    aside = state_dir / f"before-restore-{stamp}-{secrets.token_hex(2)}"
    aside.mkdir(mode=0o700)
    for name in present:
        (aside / name).parent.mkdir(mode=0o700, exist_ok=True)
        os.link(state_dir / name, aside / name)
        if name in logs or name in DERIVED:
            (state_dir / name).unlink()
    return aside


def _schema_of(path: Path) -> str:
    if not path.exists():
        return ""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = next(iter(connection.execute("SELECT version_num FROM alembic_version")), None)
    except apsw.Error as error:
        raise OperatorFault(f"the control database says no schema: {error}; start the gateway once") from error
    finally:
        connection.close()
    return str(found[0]) if found is not None else ""
