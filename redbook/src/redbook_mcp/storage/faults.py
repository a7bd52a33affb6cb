"""Faults of the system's files, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redbook_mcp.errors import Code, RedBookError


@contextmanager
def storage_faults(code: Code, doing: str) -> Iterator[None]:
    """Turns an `OSError` of the block into a `RedBookError` of `code`: `cannot {doing}: {why}`."""
    try:
        yield
    except OSError as error:
        raise RedBookError(code, f"cannot {doing}: {error.strerror or error}") from error
