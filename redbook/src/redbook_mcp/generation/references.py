"""The user's reference picture: a file within the allowed folders or a data URI, checked to be a picture, and really used."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Project
from redbook_mcp.ports import Projects

BYTES_MAX: Final = 20 * 1024 * 1024
"""A photograph of a large camera; image models take as much."""
PATH_CHARACTERS_MAX: Final = 4096
_DATA_URI: Final = re.compile(r"data:image/(?:png|jpe?g|webp);base64,", re.IGNORECASE)


class References:
    """Reads reference pictures, each time anew: what is allowed or what the file holds may have changed."""

    def __init__(self, projects: Projects, folders: Sequence[Path]) -> None:
        self._projects = projects
        self._folders = tuple(folder.expanduser().resolve() for folder in folders)

    def of(self, project: Project) -> tuple[bytes, ...]:
        """A project's reference pictures. Errors: UNSAFE_PATH, INVALID_INPUT, RETRIEVAL_FAILED."""
        if project.reference_image is None:
            return ()
        if Path(project.reference_image).is_absolute():
            return (self._file(project.reference_image)[1],)
        return (self._projects.read(project.id, project.reference_image),)

    def check(self, given: str) -> tuple[str, bytes | None]:
        """Of a path, the absolute one and None; of a data URI, an empty text and its picture, for `Projects.keep_reference`.

        Errors: UNSAFE_PATH, INVALID_INPUT.
        """
        if given[:5].lower() == "data:":
            return "", _from_data_uri(given)
        return self._file(given)[0], None

    def _file(self, given: str) -> tuple[str, bytes]:
        path = self._allowed(given)
        try:
            if path.stat().st_size > BYTES_MAX:
                raise RedBookError(Code.INVALID_INPUT, f"the reference picture is larger than {BYTES_MAX >> 20} MiB")
            picture = path.read_bytes()
        except OSError as error:
            raise RedBookError(Code.INVALID_INPUT, f"the reference picture cannot be read: {error.strerror}") from None
        _verify(picture)
        return str(path), picture

    def _allowed(self, given: str) -> Path:
        """The real path, symbolic links resolved. The message is the same for what is absent and for what is not allowed."""
        if self._folders and len(given) <= PATH_CHARACTERS_MAX and "\0" not in given:
            try:
                path = Path(given).expanduser().resolve(strict=True)
            except (OSError, RuntimeError):
                path = None
            if path is not None and path.is_file() and any(path.is_relative_to(folder) for folder in self._folders):
                return path
        where = ", ".join(str(folder) for folder in self._folders) or "none"
        raise RedBookError(
            Code.UNSAFE_PATH,
            "`referenceImage` is neither a data URI of a PNG, JPEG or WebP nor a file within the allowed folders "
            f"(REDBOOK_REFERENCE_DIRS: {where})",
        )


def _from_data_uri(given: str) -> bytes:
    head = _DATA_URI.match(given)
    if head is None:
        raise RedBookError(Code.INVALID_INPUT, "`referenceImage`: a data URI begins with data:image/png;base64, (or jpeg, webp)")
    if len(given) > BYTES_MAX * 4 // 3 + 100:
        raise RedBookError(Code.INVALID_INPUT, f"the reference picture is larger than {BYTES_MAX >> 20} MiB")
    try:
        picture = base64.b64decode(given[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise RedBookError(Code.INVALID_INPUT, "`referenceImage`: the data URI holds no valid base64") from None
    _verify(picture)
    return picture


def _verify(picture: bytes) -> None:
    from redbook_mcp.pictures import verify_picture  # noqa: PLC0415 - Pillow is loaded when it is needed, not at start

    verify_picture(picture, bytes_max=BYTES_MAX, code=Code.INVALID_INPUT, what="the reference picture")
