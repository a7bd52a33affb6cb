"""What callers wrote, made inert for people: nothing in it moves a cursor, turns the reading direction, hides, or is taken for
something else. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from yett.approvals.lookalikes import hidden

INDENT: Final = "  "
NAMED_MAX: Final = 20
"""Characters that are explained."""
_MEMBER: Final = re.compile(r'  "((?:[^"\\]|\\.)*)": ')
"""The beginning of a member of the outermost object, in a line of `inert_json`."""
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def inert(text: str) -> str:
    """The text with every character that people would not see, or take for another, as `\\uXXXX`, in pairs beyond U+FFFF, as JSON
    has it.

    Terminal escapes, line breaks, directions, zero widths, tags, unassigned characters, letters of other scripts in Latin words:
    what is left takes its own place only, and is what it looks like.
    """
    return _written_out(text, hidden(text))


def _written_out(text: str, places: Collection[int]) -> str:
    return "".join(_escaped(one) if at in places else one for at, one in enumerate(text)) if places else text


def _hidden_in(part: str) -> set[int]:
    """The same for a part of a JSON text, in which the letter of an escape (`\\n`) begins no word."""
    return hidden(_ESCAPE.sub(lambda found: " " * len(found[0]), part) if "\\" in part else part)


def explained(text: str) -> list[str]:
    """The characters of a JSON text that `inert_json` writes as `\\uXXXX`, each once with its name, as they come."""
    found: dict[str, None] = {}
    for part in _TOKEN.findall(text):
        found |= dict.fromkeys(part[at] for at in sorted(_hidden_in(part)))
    told = [f"{_escaped(one)} is {unicodedata.name(one, 'a character without a name')}" for one in list(found)[:NAMED_MAX]]
    return [*told, f"and {len(found) - NAMED_MAX} more"] if len(found) > NAMED_MAX else told


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
        yield ": " if part == ":" else _written_out(part, _hidden_in(part))
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
