"""The mark in a picture's metadata that says a model made it: GB 45438-2025, appendix E, as XMP in a PNG.

The property is `AIGC` of TC260's namespace; its value is a JSON object of seven texts. Chunks are added without touching the
pixels or anybody else's metadata.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from redbook_mcp.errors import Code, RedBookError

NAMESPACE: Final = "http://www.tc260.org.cn/ns/AIGC/1.0/"
PRODUCER: Final = "redbook-mcp"
XMP_BYTES_MAX: Final = 1024 * 1024
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD: Final = b"XML:com.adobe.xmp"
_PLAIN_KEYWORD: Final = b"AIGC"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDF_END: Final = re.compile(r"</[A-Za-z_][\w.-]*:RDF\s*>")
_NAMES: Final = ("Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2")


@dataclass(frozen=True, slots=True)
class Aigc:
    """What the mark says."""

    label: Literal["1", "2", "3"]
    """`1` a model made it, `2` it may have, `3` it is suspected."""
    produce_id: str
    """Names this picture at its producer."""
    content_producer: str = PRODUCER
    """Name or code of the service that made it."""
    content_propagator: str = ""
    """For the platform that spreads it."""
    propagate_id: str = ""
    reserved_code1: str = ""
    """For the producer's own safeguards."""
    reserved_code2: str = ""
    """For the propagator's own safeguards."""


def with_aigc(png: bytes, mark: Aigc) -> bytes:
    """The same picture with the mark. One that bears a mark already is returned as it is: the first producer's word stays.

    Other XMP stays and the mark goes into it; where that is not possible, it becomes a text chunk of its own. Errors:
    INVALID_INPUT for what is no whole PNG.
    """
    chunks = list(_chunks(png))
    if _mark_of(chunks) is not None:
        return png
    added: bytes | None = None
    for index, (kind, data) in enumerate(chunks):
        text = _xmp_text(kind, data)
        if text is not None:
            merged = _merged(text, mark)
            if merged is not None:
                chunks[index] = (b"iTXt", _itxt(_XMP_KEYWORD, merged))
                return _png(chunks)
            added = _itxt(_PLAIN_KEYWORD, _value(mark))
    return _png([chunks[0], (b"iTXt", added or _itxt(_XMP_KEYWORD, _packet(mark))), *chunks[1:]])


def aigc_of(png: bytes) -> Aigc | None:
    """The mark that a PNG bears; None without one. Errors: INVALID_INPUT for what is no whole PNG."""
    return _mark_of(list(_chunks(png)))


def _mark_of(chunks: list[tuple[bytes, bytes]]) -> Aigc | None:
    for kind, data in chunks:
        xmp = _xmp_text(kind, data)
        value = _property(xmp) if xmp is not None else _itxt_text(kind, data, _PLAIN_KEYWORD)
        mark = _read(value) if value is not None else None
        if mark is not None:
            return mark
    return None


def _read(value: str) -> Aigc | None:
    try:
        found = json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        return None
    if isinstance(found, dict) and isinstance(found.get("AIGC"), dict):
        found = found["AIGC"]
    if not isinstance(found, dict) or found.get("Label") not in {"1", "2", "3"}:
        return None
    label, producer, produce_id, code1, propagator, propagate_id, code2 = (str(found.get(name, "")) for name in _NAMES)
    known: Literal["1", "2", "3"] = "1" if label == "1" else "2" if label == "2" else "3"
    return Aigc(known, produce_id, producer, propagator, propagate_id, code1, code2)


def _value(mark: Aigc) -> str:
    texts = (
        mark.label, mark.content_producer, mark.produce_id, mark.reserved_code1, mark.content_propagator, mark.propagate_id,
        mark.reserved_code2,
    )  # fmt: skip
    return json.dumps(dict(zip(_NAMES, texts, strict=True)), ensure_ascii=False, separators=(",", ":"))


def _description(mark: Aigc) -> str:
    value = escape(_value(mark), {'"': "&quot;"})
    return (
        f'<rdf:Description xmlns:rdf="{_RDF}" rdf:about="" xmlns:TC260="{NAMESPACE}">'
        f"<TC260:AIGC>{value}</TC260:AIGC></rdf:Description>"
    )


def _packet(mark: Aigc) -> str:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">{_description(mark)}</rdf:RDF></x:xmpmeta>\n'
        '<?xpacket end="w"?>'
    )


def _merged(xmp: str, mark: Aigc) -> str | None:
    """The packet with the mark beside what it holds; None if it cannot be put in."""
    ends = list(_RDF_END.finditer(xmp))
    if not ends:
        return None
    at = ends[-1].start()
    merged = f"{xmp[:at]}{_description(mark)}{xmp[at:]}"
    value = _property(merged)
    return merged if value is not None and _read(value) == mark else None


def _property(xmp: str) -> str | None:
    """The value of the AIGC property, written as element or attribute; the namespace with or without its last slash."""
    # Entities are declared in a DTD only, and XMP has none: without it nothing can be expanded or fetched.
    if "<!DOCTYPE" in xmp or "<!ENTITY" in xmp:
        return None
    try:
        root = ET.fromstring(xmp.strip("\ufeff \r\n\t\0"))  # noqa: S314 - no document type, see above
    except (ET.ParseError, ValueError):
        return None
    names = [f"{{{uri}}}AIGC" for uri in (NAMESPACE, NAMESPACE.rstrip("/"))]
    for element in root.iter():
        for name in names:
            if element.tag == name and element.text:
                return element.text
            if name in element.attrib:
                return element.attrib[name]
    return None


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and data of each chunk, checksums checked."""
    if not png.startswith(_SIGNATURE + b"\0\0\0\rIHDR"):
        raise _broken("it does not begin as one")
    at = len(_SIGNATURE)
    view = memoryview(png)
    while at + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data = view[at + 8 : at + 8 + length]
        if at + 12 + length > len(png) or zlib.crc32(data, zlib.crc32(kind)) != struct.unpack_from(">I", png, at + 8 + length)[0]:
            raise _broken("a chunk is cut off or damaged")
        yield kind, bytes(data)
        at += 12 + length
        if kind == b"IEND":
            return
    raise _broken("its end is missing")


def _broken(why: str) -> RedBookError:
    return RedBookError(Code.INVALID_INPUT, f"the card is no whole PNG: {why}")


def _png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [_SIGNATURE]
    for kind, data in chunks:
        parts += [struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))]
    return b"".join(parts)


def _itxt(keyword: bytes, text: str) -> bytes:
    """Data of an uncompressed iTXt chunk without language."""
    return keyword + b"\0\0\0\0\0" + text.encode()


def _xmp_text(kind: bytes, data: bytes) -> str | None:
    return _itxt_text(kind, data, _XMP_KEYWORD)


def _itxt_text(kind: bytes, data: bytes, keyword: bytes) -> str | None:
    """The text of an iTXt chunk of that keyword; an empty text where it cannot be read."""
    head = keyword + b"\0"
    if kind != b"iTXt" or not data.startswith(head):
        return None
    flags, rest = data[len(head) : len(head) + 2], data[len(head) + 2 :].split(b"\0", 2)
    if len(rest) != 3 or len(flags) != 2:
        return ""
    text = rest[2]
    try:
        if flags[0]:
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(text, XMP_BYTES_MAX)
            if not unpacker.eof:
                return ""
        return text.decode("utf-8")
    except (zlib.error, UnicodeDecodeError):
        return ""
