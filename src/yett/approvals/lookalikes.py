"""Characters that are taken for others, or that show nothing: where they stand in a text. Pure.

People approve what they read, and a server gets what was written: `раypal` with three Cyrillic letters is another address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

MARKS_MAX: Final = 2
"""Combining marks on one character; more of them write over what stands beside."""
_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Characters that count as printable and show nothing."""
_SIGNS: Final = frozenset("\u01c3\u037e\u0589\u05c3\u2010\u2011\u2024\u2044\u2212\u2215\u2223\u2236\u29f8\u29f9\ua789")
"""Signs that are taken for `! ; : - . / | \\`, which separate the parts of addresses, paths and commands."""
_LIKE_LATIN: Final = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH", "DESERET", "GOTHIC"})
"""Scripts with letters that are taken for Latin ones, by the first word of their names."""
_ALWAYS: Final = "MATHEMATICAL"
"""Letters that are the Latin ones in another dress."""
_TAKEN: Final = frozenset(
    "аԁеоорсуухіјѕһԛԝѵкмтвнгпАВЕКМНОРСТУХІЈЅԌԚԜ" + "ανορυκιτχγωηΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "օոսհցզղրքԼՏՍՕ" + "ᎪᎬᎻᎫᏞᎷᏢᎡᏚᎢᏙᎳᏃᏟ"
)
"""Letters of these scripts that are taken for Latin ones wherever they stand; the other ones tell which script it is."""
_WORD: Final = re.compile(r"[^\W_]+")


def hidden(text: str) -> set[int]:
    """The places of characters that people would misread; none in a text of ASCII that prints."""
    if text.isascii():
        return {at for at, one in enumerate(text) if not one.isprintable()}
    return {*_unseen(text), *_heaped(text), *_mistaken(text)}


def _unseen(text: str) -> Iterator[int]:
    """Terminal escapes, line breaks, directions, zero widths, tags, unassigned ones; signs that are taken for others."""
    odd = {one for one in set(text) if not one.isprintable() or _BLANK.match(one) or one in _SIGNS}
    return (at for at, one in enumerate(text) if one in odd) if odd else iter(())


def _heaped(text: str) -> Iterator[int]:
    """Combining marks that strike through a letter, or pile up."""
    marks = {one for one in set(text) if unicodedata.category(one) in {"Mn", "Me"}}
    count, base = 0, ""
    for at, one in enumerate(text if marks else ""):
        if one not in marks:
            count, base = 0, one
            continue
        count += 1
        odd = base.isascii() and len(unicodedata.normalize("NFC", base + one)) > 1
        if odd or count > MARKS_MAX:
            yield at


def _mistaken(text: str) -> Iterator[int]:
    """Letters of other scripts in a Latin word, and words that have nothing but letters that look Latin."""
    latin = any("a" <= one <= "z" for one in text.lower())
    known = {_script(one) for one in set(text) if one.isalpha() and one not in _TAKEN}
    for word in _WORD.finditer(text):
        scripts = {one: _script(one) for one in set(word[0]) if not one.isascii()}
        if not scripts:
            continue
        mixed = any("a" <= one <= "z" for one in word[0].lower()) or "LATIN" in scripts.values()
        whole = not mixed and all(one in _TAKEN or one.isdecimal() for one in word[0])
        alone = whole and (known.isdisjoint(scripts.values()) or (latin and len(word[0]) > 1))
        for at, one in enumerate(word[0], start=word.start()):
            script = scripts.get(one)
            if script == _ALWAYS or (script in _LIKE_LATIN and (mixed or alone)):
                yield at


def _script(one: str) -> str:
    return "" if one.isascii() else unicodedata.name(one, "").partition(" ")[0]
