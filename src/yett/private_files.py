"""Small files that only their owner may read: keys, tokens, the last snapshot, the list of commands.

They are written whole or not at all, and refused when somebody else could have read or changed them.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault

FILE_MODE: Final = 0o600
SIZE_MAX: Final = 64 * 1024 * 1024
"""Bytes; no file of ours comes near."""


def read_private(path: Path, size_max: int = SIZE_MAX) -> bytes | None:
    """The content of `path`; None where there is no such file.

    Errors: `OperatorFault` where it cannot be read, is not a plain file of ours, is longer than `size_max`, or others may use it.
    """
    try:
        # Without O_NONBLOCK a pipe in its place would keep us waiting for somebody who writes.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorFault(f"cannot read `{path}`: {error.strerror}") from error
    try:
        _check(os.fstat(descriptor), path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(size_max + 1)
    finally:
        os.close(descriptor)
    if len(content) > size_max:
        raise OperatorFault(f"`{path}` is longer than {size_max:,} bytes; move it away")
    return content


def _check(status: os.stat_result, path: Path) -> None:
    """Refuse what is no plain file, or one that others may use. Root may do anything anyhow."""
    if not stat.S_ISREG(status.st_mode):
        raise OperatorFault(f"`{path}` is not a plain file; move it away")
    if status.st_uid not in {0, os.geteuid()}:
        raise OperatorFault(f"`{path}` belongs to another user (uid {status.st_uid}); run this as that user, or move it away")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise OperatorFault(f"others may use `{path}` (mode {mode:04o}); run `chmod 600 {path}`")


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` (0600) in one step: a reader or a crash meets the old file or the new one.

    Errors: `OperatorFault`.
    """
    temporary = _beside(path)
    try:
        _write_new(temporary, content)
        temporary.replace(path)
    except OSError as error:
        raise OperatorFault(f"cannot write `{path}`: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def create_private(path: Path, content: bytes) -> bytes:
    """Make `path` with `content`, unless somebody was first; what it holds now.

    The file appears with its content or not at all, so that two processes that start together agree on one key.
    Errors: `OperatorFault`.
    """
    present = read_private(path)
    if present is not None:
        return present
    temporary = _beside(path)
    try:
        _write_new(temporary, content)
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise OperatorFault(f"cannot write `{path}`: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    present = read_private(path)
    if present is None:
        raise OperatorFault(f"`{path}` vanished while it was made; start again")
    return present


def _beside(path: Path) -> Path:
    """A name in the same directory that nobody else has."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
