"""Newline framing, as stdio has it: one JSON message a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of one line. Tool results hold whole files in base64; past this a server would only fill the memory."""
PREVIEW_BYTES_MAX: Final = 200
"""Bytes of a line that is no message, kept for a person to see."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A line that is no message: a stray print of the program, or too long."""

    preview: bytes
    """Its first bytes."""
    reason: str


class LineReader:
    """Cuts a byte stream into lines, however it arrives. Only LF ends a line; a CR before it and blank lines are dropped."""

    def __init__(self, *, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self._line_bytes_max = line_bytes_max
        self._pieces: list[bytes] = []
        self._held = 0
        self._overlong = False

    def feed(self, chunk: bytes) -> Iterator[bytes | Noise]:
        """The lines that `chunk` completes: messages as bytes (an object at first sight; not parsed), all else as `Noise`."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._hold(end)
            line = self._take()
            if line:
                yield line
        self._hold(rest)

    def close(self) -> Iterator[bytes | Noise]:
        """What is left when the stream ends: a cut line is no message."""
        line = self._take()
        if line:
            yield line if isinstance(line, Noise) else Noise(line[:PREVIEW_BYTES_MAX], "the stream ended within the line")

    def _hold(self, piece: bytes) -> None:
        """Keep a piece of the present line; of an overlong one only its beginning is kept."""
        self._held += len(piece)
        if self._held > self._line_bytes_max and not self._overlong:
            self._overlong = True
            self._pieces = [(b"".join(self._pieces) + piece)[:PREVIEW_BYTES_MAX]]
        elif piece and not self._overlong:
            self._pieces.append(piece)

    def _take(self) -> bytes | Noise:
        """The present line, whole; empty for a blank one."""
        line = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        overlong = self._overlong
        self._pieces, self._held, self._overlong = [], 0, False
        if overlong:
            return Noise(line[:PREVIEW_BYTES_MAX], f"the line is longer than {self._line_bytes_max} bytes")
        line = line.strip(b" \t\r")
        if line and line[:1] != b"{":
            return Noise(line[:PREVIEW_BYTES_MAX], "the line is no JSON object")
        return line
