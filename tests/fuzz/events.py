"""Fuzz target: framing of event streams, against a reading of the whole text at once.

The first byte of an input says where the stream is cut; the rest is the stream.
"""

from __future__ import annotations

import random
import re
from typing import Final

from yett.errors import UpstreamFault
from yett.protocol.sse import SseDecoder, encode_event

_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")

Events = list[tuple[bytes, bytes]]


def events(data: bytes) -> None:
    """Raise `AssertionError` where the stream means something else when it is cut elsewhere, or to the simple reader."""
    stream = data[1:]
    whole = decoded([stream])
    assert decoded([stream[place : place + 1] for place in range(len(stream))])[0] == whole[0]
    assert decoded(cut(stream, data[:1]))[0] == whole[0]
    # A CR at the very end may be half of CRLF: whether a line ends there is not known yet.
    assert whole[0] in (reference(stream), reference(stream.removesuffix(b"\r")))
    if whole[0] is not None:
        assert _without_line_ends(stream).startswith(_without_line_ends(whole[1])), "what is relayed is what came"
    _reads_back(stream)


def cut(stream: bytes, seed: bytes) -> list[bytes]:
    """The stream in pieces."""
    places = sorted(random.Random(seed).choices(range(len(stream) + 1), k=5))
    return [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]


def decoded(pieces: list[bytes]) -> tuple[Events | None, bytes]:
    """Kind and data of all events that have data, and their bytes; None where the decoder gives up."""
    decoder, found, raw = SseDecoder(), [], b""
    try:
        for piece in pieces:
            for event in decoder.feed(piece):
                raw += event.raw
                if event.data:
                    found.append((event.kind, event.data))
    except UpstreamFault:
        return None, raw
    return found, raw


def reference(stream: bytes) -> Events | None:
    """The events of a whole stream, as the standard says; None for a byte order mark that is not at its start."""
    found: Events = []
    data: list[bytes] = []
    kind = b""
    lines = _LINE_END.split(stream.removeprefix(_BOM))
    if stream.startswith(_BOM) and lines[0].startswith(_BOM) and len(lines) > 1:
        return None
    for number, line in enumerate(lines[:-1]):
        if line.startswith(_BOM) and number + len(lines) > 1:
            return None
        if not line:
            found += [(kind, b"\n".join(data))] if b"\n".join(data) else []
            data, kind = [], b""
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            kind = value.removeprefix(b" ")
    return found


def _without_line_ends(stream: bytes) -> bytes:
    return stream.replace(b"\r", b"").replace(b"\n", b"")


def _reads_back(message: bytes) -> None:
    """An encoded message is one event of its own, whatever it holds."""
    found = reference(encode_event(message))
    expected = b"\n".join(message.splitlines())
    assert found == ([(b"message", expected)] if expected else [])
