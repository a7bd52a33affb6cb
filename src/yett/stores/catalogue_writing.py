"""Writing the index of a catalogue: into a file beside its place, which it takes when it is whole. One process, one thread."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Final

import apsw

from yett.catalog.finding import slug_of
from yett.catalog.indexed import RISKS, SEVERITIES, Judged
from yett.errors import OperatorFault

SCHEMA: Final = Path(__file__).with_name("catalogue_schema.sql")
CACHE_KIB: Final = 8 * 1024
"""Pages in memory; SQLite writes out what does not fit."""
HASH_BYTES: Final = 4 * 1024 * 1024
"""Words in memory before they become a piece of the index: fewer pieces have less to be merged."""
TOOLS_MAX: Final = 5_000
"""Tools of a server; as many as a look at one takes."""
_SPEED: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA temp_store = FILE",
    f"PRAGMA cache_size = -{CACHE_KIB}",
)
"""The file is nobody's until it is whole, so nothing has to be kept of a half."""
_INDEXES: Final = (
    "INSERT INTO words (words) VALUES ('optimize')",
    "INSERT INTO names (names) VALUES ('optimize')",
    "DROP TABLE listed",
    "CREATE INDEX tools_by_name ON tools (joined, risk, severity)",
    "ANALYZE",
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A server with its definitions, each by its number and as text."""

    server: int
    name: str
    definitions: tuple[int, ...]
    bodies: tuple[bytes, ...]


class IndexWriter:
    """Takes lines, gives servers with their definitions, takes what was made of them. As a context: kept only if `finish` ran.

    Errors: `OperatorFault` where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.new")
        self._lock = _claimed(self._temporary, path)
        self._connection = apsw.Connection(str(self._temporary))
        for statement in (*_SPEED, SCHEMA.read_text(encoding="utf-8")):
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO words (words, rank) VALUES ('hashsize', ?)", (HASH_BYTES,))
        self._connection.execute("BEGIN")
        self._servers: dict[str, int] = {}
        self._tools = 0
        self._finished = False

    def __enter__(self) -> IndexWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if not self._finished:
            self._temporary.unlink(missing_ok=True)
        os.close(self._lock)

    @property
    def servers(self) -> int:
        """How many there are so far."""
        return len(self._servers)

    def add(self, server: str, line: int, body: bytes) -> None:
        """A line of the file: a definition that `server` lists, as JSON text without the server's name."""
        digest = blake2b(body, digest_size=16).digest()
        self._connection.execute("INSERT OR IGNORE INTO definitions (digest, body) VALUES (?, ?)", (digest, body))
        if self._connection.changes():
            definition = self._connection.last_insert_rowid()
        else:
            ((definition,),) = self._connection.execute("SELECT id FROM definitions WHERE digest = ?", (digest,))
        self._connection.execute("INSERT INTO listed VALUES (?, ?, ?)", (self._server(server), line, definition))

    def _server(self, name: str) -> int:
        id = self._servers.get(name)
        if id is None:
            id = self._servers[name] = len(self._servers) + 1
            self._connection.execute("INSERT INTO servers (id, name, slug) VALUES (?, ?, ?)", (id, name, self._slug(name)))
        return id

    def _slug(self, name: str) -> str:
        slug = slug_of(name)
        taken = self._connection.execute("SELECT 1 FROM servers WHERE slug = ?", (slug,)).fetchone()
        return slug if taken is None else f"{slug}-{blake2b(name.encode(), digest_size=8).hexdigest()}"

    def crowded(self) -> str | None:
        """A server with more tools than are taken."""
        found = self._connection.execute(
            "SELECT name FROM servers WHERE id = (SELECT server FROM listed GROUP BY server HAVING count(*) > ? LIMIT 1)",
            (TOOLS_MAX,),
        ).fetchone()
        return None if found is None else str(found[0])

    def listings(self) -> Iterator[Listing]:
        """Each server with its definitions, in the order of their lines."""
        rows = self._connection.execute(
            "SELECT listed.server, servers.name, definition, body FROM listed JOIN servers ON servers.id = listed.server"
            " JOIN definitions ON definitions.id = definition ORDER BY listed.server, line"
        )
        for (id, name), group in groupby(rows, key=lambda row: (row[0], row[1])):
            ids, bodies = zip(*((row[2], row[3]) for row in group), strict=True)
            yield Listing(id, name, ids, bodies)

    def put(self, listing: Listing, judged: Sequence[Judged]) -> None:
        """The tools of a server as they were judged."""
        first = self._tools + 1
        self._tools += len(judged)
        self._connection.execute("UPDATE servers SET first = ?, tools = ? WHERE id = ?", (first, len(judged), listing.server))
        self._connection.executemany(
            "INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    first + number,
                    listing.server,
                    definition,
                    tool.kept.name,
                    tool.joined,
                    tool.kept.title,
                    RISKS.index(tool.kept.risk),
                    SEVERITIES.index(tool.kept.severity),
                    " ".join(tool.kept.codes),
                )
                for number, (definition, tool) in enumerate(zip(listing.definitions, judged, strict=True))
            ),
        )
        self._connection.executemany(
            "INSERT INTO words (rowid, name, about, text, facet) VALUES (?, ?, ?, ?, ?)",
            ((first + number, tool.name, tool.about, tool.text, tool.facet) for number, tool in enumerate(judged)),
        )
        self._connection.executemany(
            "INSERT INTO names (rowid, name, facet) VALUES (?, ?, ?)",
            ((first + number, tool.name, tool.facet) for number, tool in enumerate(judged)),
        )

    def finish(self) -> None:
        """Put the index in its place, where a reader finds the old one or this."""
        for statement in _INDEXES:
            self._connection.execute(statement)
        self._connection.execute("COMMIT")
        self._connection.close()
        try:
            os.fsync(self._lock)
            self._temporary.replace(self._path)
            self._finished = True
        except OSError as error:
            raise OperatorFault(f"cannot write `{self._path}`: {error.strerror}") from error


def _claimed(temporary: Path, path: Path) -> int:
    """A descriptor of the empty file beside `path`, which is this writer's alone until it is closed.

    One that was killed leaves its file, which the next one takes over. Errors: `OperatorFault`, also where another is writing.
    """
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise OperatorFault(f"cannot write `{path}`: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(temporary).st_ino != os.fstat(descriptor).st_ino:  # noqa: PTH116 - beside the descriptor's
            raise BlockingIOError
        os.ftruncate(descriptor, 0)
    except OSError as error:
        os.close(descriptor)
        raise OperatorFault(f"`{path}` is being written by another import; wait for it") from error
    return descriptor
