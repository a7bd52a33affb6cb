"""Text made harmless and cut into what a reader takes for one character."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

STRONG_ON: Final = "\x02"
STRONG_OFF: Final = "\x03"
"""Around emphasised text. They are ours alone: `inert` lets no control character of an author through."""

_LINE_ENDS: Final = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_STRONG: Final = re.compile(r"(?<!\*)\*\*(?![\s*])([^*\n]{1,200}?)(?<![\s*])\*\*(?!\*)")
_SPACES: Final = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_KEPT_FORMATS: Final = frozenset({"\u200d", "\n"})
_EXTENDS: Final = frozenset({"Mn", "Me", "Mc"})


def inert(text: str) -> str:
    """The text with plain line ends and spaces, composed, without controls, formats and direction marks.

    What is taken out is not seen by a reader either. Zero width joiners stay: they hold emoji together.
    """
    text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return "".join(
        char for char in text if char in _KEPT_FORMATS or unicodedata.category(char) not in {"Cc", "Cf"} or _is_tag(char)
    )


def with_emphasis(text: str) -> str:
    """`**x**` as emphasis, for text that is inert."""
    return _STRONG.sub(rf"{STRONG_ON}\1{STRONG_OFF}", text)


def without_emphasis(text: str) -> str:
    """The words alone."""
    return text.replace(STRONG_ON, "").replace(STRONG_OFF, "")


def _is_tag(char: str) -> bool:
    """Tag characters spell the flags of regions."""
    return "\U000e0020" <= char <= "\U000e007f"


def clusters(text: str) -> list[str]:
    """The text in pieces that are never divided: a letter with its marks, an emoji with all that belongs to it."""
    found: list[str] = []
    for char in text:
        if found and _belongs(found[-1], char):
            found[-1] += char
        elif char == "\u200d":
            continue
        else:
            found.append(char)
    return found


def _belongs(before: str, char: str) -> bool:
    if char <= "~" or before in {STRONG_ON, STRONG_OFF, "\n", " "}:
        return False
    if unicodedata.category(char) in _EXTENDS or _is_tag(char) or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if char == "\u200d":
        return is_emoji(before)
    if before.endswith("\u200d"):
        return True
    return _is_region(char) and len(before) == 1 and _is_region(before)


def _is_region(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def is_emoji(cluster: str) -> bool:
    """Whether a cluster is a picture: those that stand for themselves, and signs that ask to be one."""
    first = cluster[0]
    return first >= "\U0001f000" or "\ufe0f" in cluster or first in _PICTURES


_PICTURES: Final = frozenset(
    "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕"
)
