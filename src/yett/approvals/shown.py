"""What callers wrote, made inert for people: nothing in it moves a cursor, turns the reading direction, or hides. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

INDENT: Final = "  "
_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Characters that count as printable and show nothing."""
_MEMBER: Final = re.compile(r'  "((?:[^"\\]|\\.)*)": ')
"""The beginning of a member of the outermost object, in a line of `inert_json`."""
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def inert(text: str) -> str:
    """The text with every character that does not show itself as `\\uXXXX`, in pairs beyond U+FFFF, as JSON has it.

    Terminal escapes, line breaks, directions, zero widths, tags, unassigned characters: what is left takes its own place only.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one.isprintable() and not _BLANK.match(one) else _escaped(one) for one in text)


def inert_json(text: str) -> str:
    """A JSON text, one member a line, inert, and still the same JSON value. Numbers stay as they are written."""
    return "".join(_indented(_TOKEN.findall(text)))


def _indented(parts: list[str]) -> Iterator[str]:
    depth, before = 0, ","
    for part in parts:
        opened, closes = before in {"{", "["}, part in {"}", "]"}
        depth -= closes
        if (opened or closes or before == ",") and not (opened and closes) and (depth or closes):
            yield f"\n{INDENT * depth}"
        yield ": " if part == ":" else inert(part)
        depth += part in {"{", "["}
        before = part


def _escaped(one: str) -> str:
    units = one.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def inert_members(text: str) -> list[tuple[str, str]]:
    """The members of a JSON object, as `inert_json` has them: names without quotation marks, values one member a line.

    Each by itself, so that a long one hides none that follows.
    """
    found: list[tuple[str, list[str]]] = []
    for line in inert_json(text).split("\n")[1:-1]:
        member = _MEMBER.match(line)
        if member is None:
            found[-1][1].append(line.removeprefix(INDENT))
        else:
            found.append((member[1], [line[member.end() :]]))
    return [(name, "\n".join(lines).removesuffix(",")) for name, lines in found]
