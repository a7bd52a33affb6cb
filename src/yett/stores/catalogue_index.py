"""Reading the index of a catalogue: search, and what servers' pages need. For any number of threads, one at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import apsw

from yett.catalog.definition import tool_definition
from yett.catalog.finding import Found, Sought, joined, score, tool_words
from yett.catalog.indexed import FACETS, RISKS, SEVERITIES, Kept, light_part, light_server
from yett.catalog.page_model import CataloguedServer, ServerPart
from yett.errors import OperatorFault
from yett.policy.document import read_json

FILE: Final = "catalogue.db"
"""Below the state directory, unless another is named."""
CANDIDATES_MAX: Final = 250
"""Tools of each tier that are ranked: of a word that thousands have, those whose name it is come first, then these."""
CACHE_KIB: Final = 8 * 1024
_EVERYWHERE: Final = (1, 2**62)
_BY_NAME: Final = (
    "SELECT id FROM tools WHERE joined = :joined AND (:risk IS NULL OR risk = :risk)"
    " AND (:severity IS NULL OR severity = :severity) AND +id BETWEEN :first AND :last LIMIT :most"
)
_BY_WORDS: Final = (
    "SELECT rowid FROM words WHERE words MATCH :matching AND rowid BETWEEN :first AND :last ORDER BY rowid LIMIT :most"
)
_BY_NAMES_WORDS: Final = (
    "SELECT rowid FROM names WHERE names MATCH :matching AND rowid BETWEEN :first AND :last ORDER BY rowid LIMIT :most"
)
_ALL: Final = "SELECT id FROM tools WHERE id BETWEEN :first AND :last ORDER BY id LIMIT :most"
_SLUGS: Final = (
    "SELECT slug FROM servers WHERE slug > ? AND NOT EXISTS"
    " (SELECT 1 FROM json_each(?) AS word WHERE instr(lower(slug || ' ' || name), word.value) = 0) ORDER BY slug LIMIT ?"
)
_FOUND: Final = (
    "SELECT servers.name, servers.slug, tools.name, title, risk, severity FROM json_each(?) AS wanted"
    " JOIN tools ON tools.id = wanted.value JOIN servers ON servers.id = tools.server"
)


class CatalogueIndex:
    """The index in a file, which another may replace at any time. Without a file, nothing is found.

    Errors: `OperatorFault` for a file that is no index.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._stamp: tuple[int, int, int] | None = None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._drop()

    def size(self) -> tuple[int, int] | None:
        """Servers and tools; None where there is no index."""
        with self._lock:
            rows = self._rows("SELECT (SELECT max(id) FROM servers), (SELECT max(id) FROM tools)")
            return next(((row[0] or 0, row[1] or 0) for row in rows), None)

    def slugs(self, words: Collection[str], after: str, most: int) -> list[str]:
        """The next servers behind a slug whose slug and name hold all these words, which are in lower case."""
        with self._lock:
            return [row[0] for row in self._rows(_SLUGS, (after, json.dumps(list(words)), most))]

    def largest(self, most: int) -> list[str]:
        """Slugs of the servers with the most tools."""
        with self._lock:
            return [row[0] for row in self._rows("SELECT slug FROM servers ORDER BY tools DESC, slug LIMIT ?", (most,))]

    def search(self, sought: Sought) -> list[Found]:
        """The tools that fit best."""
        with self._lock:
            span = _EVERYWHERE if sought.server is None else self._span(sought.server)
            if span is None:
                return []
            rows = self._rows(_FOUND, (json.dumps(list(dict.fromkeys(self._candidates(sought, span)))),))
        found = [_found(sought.words, row) for row in rows]
        return sorted(found, key=lambda one: one.order)[: sought.limit]

    def slug_of(self, name: str) -> str | None:
        """The slug of the server that others list by this very name."""
        with self._lock:
            return next((row[0] for row in self._rows("SELECT slug FROM servers WHERE name = ?", (name,))), None)

    def server(self, slug: str) -> CataloguedServer | None:
        """The server of this slug, by what is kept of its tools."""
        with self._lock:
            named = self._named(slug)
            return None if named is None else light_server(named[0], slug, self._kept(named))

    def part(self, slug: str, page: int) -> ServerPart | None:
        """The same with the tools of one page."""
        with self._lock:
            named = self._named(slug)
            return None if named is None else light_part(named[0], slug, self._kept(named), page)

    def tool(self, slug: str, name: str) -> CataloguedServer | None:
        """The same with one tool as it is defined; None where the server has none of this name."""
        with self._lock:
            named = self._named(slug)
            if named is None:
                return None
            server, first, count = named
            bodies = self._rows(
                "SELECT body FROM tools JOIN definitions ON definitions.id = definition"
                " WHERE tools.id BETWEEN ? AND ? AND name = ? ORDER BY tools.id LIMIT 1",
                (first, first + count - 1, name),
            )
            body = next((row[0] for row in bodies), None)
            if body is None:
                return None
            return light_server(server, slug, self._kept(named), tool_definition(read_json(body), server))

    def _kept(self, named: tuple[str, int, int]) -> list[Kept]:
        rows = self._rows(
            "SELECT name, title, risk, severity, codes FROM tools WHERE id BETWEEN ? AND ? ORDER BY id",
            (named[1], named[1] + named[2] - 1),
        )
        return [Kept(name, title, RISKS[risk], SEVERITIES[severity], split(codes)) for name, title, risk, severity, codes in rows]

    def _named(self, slug: str) -> tuple[str, int, int] | None:
        rows = self._rows("SELECT name, first, tools FROM servers WHERE slug = ?", (slug,))
        return next(((row[0], row[1], row[2]) for row in rows), None)

    def _span(self, server: str) -> tuple[int, int] | None:
        """The first and the last of the server's tools."""
        rows = self._rows("SELECT first, tools FROM servers WHERE name = ?1 OR slug = ?1 LIMIT 1", (server,))
        return next(((row[0], row[0] + row[1] - 1) for row in rows), None)

    def _candidates(self, sought: Sought, span: tuple[int, int]) -> Iterator[int]:
        """Enough tools to rank: all that fit, or of very many those of the very name, then those that fit by their name."""
        values: dict[str, Any] = {"first": span[0], "last": span[1], "most": max(CANDIDATES_MAX, sought.limit)}
        if not sought.words:
            yield from self._ids(*_filtered(sought), values)
            return
        matching = _matching(sought)
        anywhere = self._ids(_BY_WORDS, {"matching": matching}, values)
        if len(anywhere) < values["most"]:
            yield from anywhere
            return
        yield from self._ids(*_named(sought), values)
        by_name = self._ids(_BY_NAMES_WORDS, {"matching": matching}, values)
        yield from by_name
        if len(by_name) < values["most"]:
            yield from self._ids(_BY_WORDS, {"matching": _matching(sought, "{name about} :")}, values)
            yield from anywhere

    def _ids(self, statement: str, values: dict[str, Any], common: dict[str, Any]) -> list[int]:
        return [row[0] for row in self._rows(statement, common | values)]

    def _rows(self, statement: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        connection = self._opened()
        if connection is None:
            return []
        try:
            return list(connection.execute(statement, values))
        except apsw.Error as error:
            self._drop()
            raise self._no_index(error) from error

    def _no_index(self, error: apsw.Error) -> OperatorFault:
        return OperatorFault(f"`{self._path}` is no index of a catalogue ({error}); import it again, or move it away")

    def _opened(self) -> apsw.Connection | None:
        """The connection to the file that is there now."""
        try:
            status = self._path.stat()
        except OSError:
            self._drop()
            return None
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns)
        if self._connection is None or stamp != self._stamp:
            self._drop()
            try:
                self._connection = apsw.Connection(f"file:{_quoted(self._path)}?immutable=1", _FLAGS)
                self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            except apsw.Error as error:
                raise self._no_index(error) from error
            self._stamp = stamp
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._stamp = None


def _facets(sought: Sought) -> list[str]:
    return [f'"{FACETS[value]}"' for value in (sought.risk, sought.severity) if value is not None]


def _filtered(sought: Sought) -> tuple[str, dict[str, Any]]:
    """What passes the filters, as a statement with its values."""
    facets = _facets(sought)
    return (_BY_WORDS, {"matching": " AND ".join(facets)}) if facets else (_ALL, {})


def _matching(sought: Sought, columns: str = "") -> str:
    """What has all words there, and passes the filters."""
    words = " AND ".join(f'"{word}"*' for word in sought.words)
    return " AND ".join([f"{columns} ({words})", *_facets(sought)])


def _named(sought: Sought) -> tuple[str, dict[str, Any]]:
    """What has the words for its name."""
    risk = None if sought.risk is None else RISKS.index(sought.risk)
    severity = None if sought.severity is None else SEVERITIES.index(sought.severity)
    return _BY_NAME, {"joined": joined(sought.words), "risk": risk, "severity": severity}


@lru_cache(maxsize=4_096)
def split(codes: str) -> tuple[str, ...]:
    """Codes as they are kept; few tools have another combination than those before."""
    return tuple(codes.split())


_FLAGS: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def _quoted(path: Path) -> str:
    return quote(str(path.absolute()))


def _found(words: tuple[str, ...], row: tuple[Any, ...]) -> Found:
    server, slug, name, title, risk, severity = row
    worth = score(words, tool_words(name, title, server, None))
    assert worth is not None, "what is not in the name is in the description"
    return Found(server, slug, name, title, RISKS[risk], SEVERITIES[severity], round(worth, 1))
