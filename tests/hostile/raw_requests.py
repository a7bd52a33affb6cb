"""The requests of the corpus http-raw, as they are, and armed: with our path, a grant and a call that a lenient reader takes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile.rig import JSON_FIELDS, PATH, call

CORPUS: Final = Path(__file__).parents[3] / "shared/corpora/http-raw"
CALL: Final = call(arguments={"armed": True})
_FILLER: Final = b"      "
"""Takes the place of a second chunk's data: blanks behind a JSON text do not change it."""
_FIRST_LINE: Final = re.compile(rb"\A([^ \r\n]*?)([A-Z]+)([^A-Z /\r\n]*)( +)(/[A-Za-z0-9/_?=.#-]*)( HTTP/1\.[01]\r\n)")
_HOST: Final = b"host: 127.0.0.1"
_LENGTHS: Final = re.compile(rb"(?im)^(content.length[^:\r\n]*:)([^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Raw:
    """One request of the corpus."""

    name: str
    accept: bool
    """What the corpus's manifest expects."""
    data: bytes


def corpus() -> list[Raw]:
    """All of them, in the manifest's order; none where the corpus is absent."""
    if not CORPUS.exists():
        return []
    manifest = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    return [Raw(_name(entry["file"]), entry["expected"] == "accept", _bytes_of(CORPUS / entry["file"])) for entry in manifest]


def _name(file: str) -> str:
    return file.removeprefix("tests/requests/").removesuffix(".http")


def _bytes_of(path: Path) -> bytes:
    """The file's notation undone: real line ends are layout, escapes are the bytes."""
    text = path.read_bytes().replace(b"\n", b"")
    text = re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text)
    return text.replace(b"\\r", b"\r").replace(b"\\n", b"\n").replace(b"\\t", b"\t").replace(b"\\0", b"\0")


def armed(data: bytes, authorization: bytes) -> bytes:
    """The same defects around a call that may pass: our path and method, host, grant, and the call in the place of the body."""
    found = _FIRST_LINE.search(data)
    if found:
        line = b"%bPOST%b%b%b%b" % (found[1], found[3], found[4], PATH, found[6])
        data = data[: found.start()] + line + data[found.end() :]
    data = re.sub(rb"(?im)^(host: *)[^\r\n]*", rb"\g<1>127.0.0.1", data)
    data = _with_the_call(data)
    data = re.sub(rb"(?im)^(content-type: *)[^\r\n]*", rb"\1application/json", data)
    data = re.sub(rb"(?im)^(accept: *)[^\r\n]*", rb"\1*/*", data)
    head = data.partition(b"\r\n\r\n")[0].lower()
    wanted = [field for field in (_HOST, authorization, *JSON_FIELDS) if b"\r\n" + field.partition(b":")[0] + b":" not in head]
    return _inserted(data, *wanted)


def with_host(data: bytes) -> bytes:
    """The request as it is, but for our own host, without which hardly any would be looked at further."""
    data = re.sub(rb"(?im)^(host: *)[^\r\n]*", rb"\g<1>127.0.0.1", data)
    return data if b"\r\nhost:" in data.partition(b"\r\n\r\n")[0].lower() else _inserted(data, _HOST)


def _inserted(data: bytes, *fields: bytes) -> bytes:
    return data.replace(b"\r\n", b"\r\n" + b"".join(field + b"\r\n" for field in fields), 1)


def _with_the_call(data: bytes) -> bytes:
    """The call as the first chunk, or as the body with each length moved by as much as the body grew."""
    head, end, body = data.partition(b"\r\n\r\n")
    if re.search(rb"(?im)^transfer.encoding:.*chunked", head):
        body = body.replace(b"1e\r\nall your base are belong to us", b"5\r\nhello").replace(b"A\r\n0123456789", b"5\r\nhello")
        body = re.sub(rb"5(?=[^\r\n]*\r\nhello|\n;\r\nhello)", b"%X" % len(CALL), body, count=1)
        return head + end + body.replace(b"hello", CALL, 1).replace(b" world", _FILLER)
    lengths = [int(digits) for digits in re.findall(rb"[0-9]+", b"".join(row for _, row in _LENGTHS.findall(head)))]
    if not lengths:
        return head + b"\r\nContent-Length: %d" % len(CALL) + (end or b"\r\n\r\n") + CALL + body
    size = lengths[0]

    def moved(match: re.Match[bytes]) -> bytes:
        return match[1] + re.sub(rb"[0-9]+", lambda digits: b"%d" % (int(digits[0]) - size + len(CALL)), match[2])

    return _LENGTHS.sub(moved, head) + end + CALL + body[size:]
