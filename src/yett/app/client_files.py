"""Files that belong to somebody else: read whole, and replaced whole, with everything about them but their content as it was."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from yett.errors import OperatorFault
from yett.scan.document import BadFile
from yett.scan.formats import FILE_BYTES_MAX


class FileChanged(OperatorFault):
    """Somebody else changed the file meanwhile."""


def real_path(path: Path) -> Path:
    """Where the file really is, links followed."""
    return Path(os.path.realpath(path))


def read_client_file(path: Path) -> bytes:
    """The content of a plain file. Errors: `BadFile`, `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would keep us waiting
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadFile("it is no plain file")
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise BadFile(f"it is larger than {FILE_BYTES_MAX:,} bytes")
    return data


def refusal(path: Path) -> str | None:
    """Why the file cannot be replaced; None if it can."""
    real = real_path(path)
    try:
        status = real.stat()
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not os.access(real, os.W_OK) or not os.access(real.parent, os.W_OK):
        return "it, or its folder, may not be written by you"
    if status.st_nlink > 1:
        return "it has several names (hard links), which would come apart; leave one"
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        return "it belongs to another user"
    return None


def replace_client_file(path: Path, before: bytes, after: bytes) -> None:
    """Replace the file by `after` in one step, if it still is `before`; its mode, its owner and links to it stay.

    Errors: `FileChanged`, `OperatorFault`.
    """
    real = real_path(path)
    temporary = real.with_name(f".{real.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        status = real.stat()
        _write(temporary, after, status)
        if read_client_file(real) != before:
            raise FileChanged(f"`{path}` was changed by somebody else meanwhile, and stays as it is; run this again")
        temporary.replace(real)
        _settle(real.parent)
    except OSError as error:
        raise OperatorFault(f"cannot write `{path}`: {error.strerror}; it stays as it is") from error
    finally:
        temporary.unlink(missing_ok=True)


def _write(path: Path, content: bytes, like: os.stat_result) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        mine = os.fstat(descriptor)
        if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
            os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        os.fsync(descriptor)


def _settle(folder: Path) -> None:
    """Have the new name of the file survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
