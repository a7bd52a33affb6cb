"""One text read as a person, a model, or whoever decodes it would read it."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from yett.catalog.quoting import INVISIBLE

DECODED_MAX: Final = 16
"""Runs of one text that are decoded."""
RUN_MAX: Final = 8_192
"""Characters of such a run."""

_OTHERS: Final = "авсԁеёғԍһіїјкӏмнорԛгѕтуѵѡхүзαβϲδεηικνορστυχγաօոսհցզɑɡıɩʏⅼꞵᴀᴄᴅᴇᴏꜱᴛᴜᴠᴡᴢʀɴᴍʟᴋᴊɪʜ"
_LATIN: Final = "abcdeefghiijklmhopqrstyvwxy3abcdenikvopotuxywonuhgqagiiylbacdeostuvwzrnmlkjih"
LETTERS: Final = MappingProxyType({ord(other): letter for other, letter in zip(_OTHERS, _LATIN, strict=True)})
"""Letters of other alphabets that are taken for Latin ones, in lower case."""
_LOOKING: Final = re.compile(f"[{_OTHERS}]")
_DIGITS: Final = bytes.maketrans(b"0134578@$!l", b"oieastbasii")
_NO_LETTERS: Final = bytes(set(range(128)) - set(b"abcdefghijklmnopqrstuvwxyz0134578@$!"))
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_RUN_MIN: Final = 24
"""Characters of the shortest run."""
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")
_ACCENTS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_PRINTABLE: Final = 0.9
"""Share of characters by which what was decoded is a text."""


def folded(text: str) -> str:
    """In lower case and compatible forms, without accents and invisible characters, every blank the same."""
    if text.isascii():
        return text.lower().replace("\t", " ")
    marked = unicodedata.normalize("NFKD", INVISIBLE.sub("", text)).lower()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", marked)).replace("\t", " ")


def latin(text: str) -> str:
    """A folded text with look-alikes of Latin letters replaced."""
    return text if text.isascii() else _LOOKING.sub(lambda found: LETTERS[ord(found[0])], text)


def unescaped(text: str) -> str:
    """Without the escapes of HTML and of addresses."""
    plain = unescape(text) if "&" in text and ";" in text else text
    return unquote(plain, errors="replace") if plain.count("%") > 2 else plain


def decoded(text: str) -> Iterator[str]:
    """The texts that stand in it in base64 or hexadecimal digits."""
    if len(text) < _RUN_MIN:
        return
    for count, found in enumerate(_runs(text)):
        if count >= DECODED_MAX:
            return
        plain = found.decode("utf-8", "replace")
        if plain and sum(one.isprintable() or one.isspace() for one in plain) >= _PRINTABLE * len(plain):
            yield plain


def holds_code(text: str) -> bool:
    """Whether there is anything in it to decode."""
    return len(text) >= _RUN_MIN and (_BASE64.search(text) is not None or _HEX.search(text) is not None)


def _runs(text: str) -> Iterator[bytes]:
    for hexadecimal in _HEX.finditer(text):
        yield bytes.fromhex(hexadecimal[0][:RUN_MAX])
    for found in _BASE64.finditer(text):
        run = found[0][:RUN_MAX].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(run[: len(run) // 4 * 4] + _rest(run))
        except binascii.Error:
            continue


def _rest(run: str) -> str:
    rest = run[len(run) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def turned(text: str) -> str:
    """By thirteen letters."""
    return codecs.decode(text, "rot13")


def letters(text: str) -> str:
    """Only the letters of a text in lower case, digits read as letters, `l` as `i`."""
    return text.encode("ascii", "ignore").translate(_DIGITS, _NO_LETTERS).decode("ascii")
