"""Entries of a file with their places in its text: what is replaced when an entry is wrapped, and put back afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from yett.scan.dialects import Format, format_of
from yett.scan.document import BadFile
from yett.scan.formats import Entry, entries_of
from yett.scan.model import ConfigFile
from yett.wrap.json_spans import read_json
from yett.wrap.spans import Node, line_of
from yett.wrap.toml_spans import Statement, read_toml


@dataclass(frozen=True, slots=True)
class Located:
    """One entry. Its region reaches from the first to the last character of what it consists of."""

    entry: Entry
    start: int
    end: int
    object: Node | None = None
    """An object, or an inline table."""
    table: tuple[Statement, ...] = ()
    """Else the statements of a table, which stand together."""
    problem: str | None = None
    """Why it cannot be replaced where it stands."""

    @property
    def name(self) -> str:
        """What the client calls the server."""
        return self.entry.name


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was read."""

    file: ConfigFile
    data: bytes
    text: str
    located: tuple[Located, ...]

    @property
    def toml(self) -> bool:
        """Whether it is TOML, else JSON."""
        return format_of(self.file.path) is Format.TOML

    def region(self, located: Located) -> str:
        """The text of an entry."""
        return self.text[located.start : located.end]

    def at(self, place: tuple[str | int, ...]) -> Located | None:
        """The entry at this place."""
        return next((located for located in self.located if located.entry.at == place), None)

    def replaced(self, changes: list[tuple[Located, str]]) -> bytes:
        """The file with other texts for these entries; everything else stays as it is, to the byte."""
        text = self.text
        for located, new in sorted(changes, key=lambda change: change[0].start, reverse=True):
            text = text[: located.start] + new + text[located.end :]
        return text.encode("utf-8")


def text_digest(text: str) -> str:
    """The same for texts that differ in blanks, or in commas that nothing follows: clients write their files anew."""
    bare = re.sub(r",(?=[}\]])", "", re.sub(r"\s+", "", text))
    return sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()


def read_file(file: ConfigFile, data: bytes) -> ReadFile:
    """A file with its entries. Errors: `BadFile`, which names the line where there is one."""
    form = format_of(file.path)
    if form is Format.YAML:
        raise BadFile("it is YAML, whose entries are not moved in place")
    entries = entries_of(data, form, file.client)
    text = data.decode("utf-8")
    if not entries:
        return ReadFile(file, data, text, ())
    if form is Format.TOML:
        statements = read_toml(text)
        found = tuple(_in_toml(statements, entry, text) for entry in entries)
    else:
        top = read_json(text)
        found = tuple(_in_json(top, entry) for entry in entries)
    return ReadFile(file, data, text, found)


def _in_json(top: Node, entry: Entry) -> Located:
    node = top.below(entry.at) if entry.at else None
    if node is None or node.members is None:
        return Located(entry, 0, 0, problem="its entry is no object with a name")
    return Located(entry, node.start, node.end, object=node)


def _in_toml(statements: list[Statement], entry: Entry, text: str) -> Located:
    length = len(entry.at)
    for one in statements:
        if one.value is not None and len(one.way) <= length and one.way == entry.at[: len(one.way)]:
            node = one.value.below(entry.at[len(one.way) :])
            if node is not None and node.members is not None:
                return Located(entry, node.start, node.end, object=node)
    own = [at for at, one in enumerate(statements) if one.way[:length] == entry.at]
    if not own:
        return Located(entry, 0, 0, problem="its table is written in a way that cannot be followed")
    table = tuple(statements[at] for at in own)
    if own[-1] - own[0] + 1 != len(own):
        apart = next(statements[at] for at in range(own[0], own[-1]) if at not in own)
        line = line_of(text, apart.start)
        return Located(entry, 0, 0, problem=f"another table stands between its parts (line {line}); put them together")
    return Located(entry, table[0].start, table[-1].end, table=table)
