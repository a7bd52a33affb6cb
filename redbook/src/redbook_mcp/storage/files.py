"""Folders and files that follow no symbolic link, and writes that are whole or not there, also after a kill or a power cut.

Folders are opened one name at a time, each relative to the one before, so that nothing can be swapped for a link in between.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from redbook_mcp.errors import Code, RedBookError

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
TEMPORARY: Final = ".tmp"
_STEM_MAX: Final = 40
"""Characters; with the rest of a temporary name within the 255 bytes of a file system."""
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_LINKED: Final = {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}


@contextmanager
def folder(root: Path, *names: str, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder `root/names…`, open while the block runs; `make` makes what is missing of `names`.

    Errors: UNSAFE_PATH where a name is a link or no folder; FileNotFoundError; OSError.
    """
    descriptor = os.open(root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        for name in names:
            inner = _inner(descriptor, name, make=make)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _inner(descriptor: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        raise _unsafe(error, name) from None
    with suppress(FileExistsError):
        os.mkdir(name, FOLDER_MODE, dir_fd=descriptor)
        os.fsync(descriptor)
    try:
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except OSError as error:
        raise _unsafe(error, name) from None


def read(descriptor: int, name: str, size_max: int) -> bytes:
    """The bytes of a plain file. Errors: UNSAFE_PATH for a link, FIFO or device; FileNotFoundError; OSError, also if too long."""
    try:
        file = os.open(name, os.O_RDONLY | _FILE, dir_fd=descriptor)
    except OSError as error:
        raise _unsafe(error, name) from None
    with os.fdopen(file, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise RedBookError(Code.UNSAFE_PATH, f"`{name}` is no plain file; move it away")
        if status.st_size > size_max:
            raise OSError(errno.EFBIG, f"longer than {size_max:,} bytes")
        return stream.read(size_max)


def write(descriptor: int, name: str, content: bytes) -> None:
    """Replace `name` by `content`: the file is the old one or the new one at any moment. Errors: OSError."""
    with writing(descriptor, name) as stream:
        stream.write(content)


@contextmanager
def writing(descriptor: int, name: str) -> Iterator[BinaryIO]:
    """As `write`, for content that comes in pieces; what the block raises leaves everything as it was."""
    temporary = f".{name[:_STEM_MAX]}.{secrets.token_hex(8)}{TEMPORARY}"
    try:
        with os.fdopen(_create(descriptor, temporary), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        # The rename replaces a link as well; it never follows one.
        os.replace(temporary, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=descriptor)
        raise


def _create(descriptor: int, name: str) -> int:
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, FILE_MODE, dir_fd=descriptor)


def names(descriptor: int) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(os.listdir(descriptor))


def sweep(descriptor: int) -> None:
    """Remove what a killed writer left half written. Only for who holds the lock of the folder."""
    for name in os.listdir(descriptor):
        if name.startswith(".") and name.endswith(TEMPORARY):
            with suppress(OSError):
                os.unlink(name, dir_fd=descriptor)


def exists(descriptor: int, name: str) -> bool:
    """Whether there is something by that name, were it a dangling link."""
    try:
        os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _unsafe(error: OSError, name: str) -> OSError | RedBookError:
    if error.errno in _LINKED:
        return RedBookError(Code.UNSAFE_PATH, f"`{name}` is a symbolic link or not what it should be; move it away")
    return error
