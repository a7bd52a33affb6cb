"""What the control plane asks of others, as ports: servers, an MCP registry, an index. `app` hands in who asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from yett.catalog.finding import Found, Sought
from yett.catalog.page_model import CataloguedServer, ServerPart
from yett.errors import OperatorFault
from yett.gateway.snapshot import ServerEntry

WANTS_CREDENTIAL: Final = "it wants a credential"
"""How the problem of a server begins that refused whoever asked."""
REFUSED: Final = f"{WANTS_CREDENTIAL}: it answered"
"""The same where it said so itself."""
RATE_LIMITED: Final = "it was asked too often"
"""How the problem of a server begins that answered so."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a look: what the server said, or why it said nothing."""

    said: Mapping[str, Any] | None
    """`name`, `version`, `revision`, `tools` as it defines them, and `credential`: whether it was sent one."""
    problem: str | None


class Lookout(Protocol):
    """Who asks servers. Blocks for a bounded time and never raises; not to be called within a transaction."""

    def refusal(self, url: str) -> str | None:
        """Why nothing may be sent to this url; None if it may, and where its host is not known now."""
        ...

    def look(self, server: ServerEntry, fields: Mapping[str, str] | None = None, *, patient: bool = False) -> Seen:
        """Ask a server for its tools; `patient` where a person waits for just that.

        `fields` are the header fields of its sealed credential, if it has one and they are there.
        """
        ...

    def close(self) -> None:
        """Begin no further look, and break off those in work."""
        ...


class RegistryClient(Protocol):
    """Who asks the MCP registry of the settings. Blocks for a bounded time.

    Errors: `UpstreamFault` where it cannot be asked or answers no JSON object.
    """

    def get(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of what is at `path`, below the base url; the body of an error is empty."""
        ...


class Index(Protocol):
    """Many servers that others list, to be searched. For any number of threads."""

    def size(self) -> tuple[int, int] | None:
        """Servers and tools; None where there is no index."""
        ...

    def search(self, sought: Sought) -> Sequence[Found]:
        """The tools that fit best."""
        ...

    def server(self, slug: str) -> CataloguedServer | None:
        """The server of this slug, by what is kept of its tools."""
        ...

    def slugs(self, words: Collection[str], after: str, most: int) -> list[str]:
        """The next servers behind a slug whose slug and name hold all these words, which are in lower case."""
        ...

    def part(self, slug: str, page: int) -> ServerPart | None:
        """The same with the tools of one page."""
        ...

    def tool(self, slug: str, name: str) -> CataloguedServer | None:
        """The same with the tool of this name as it is defined; None where there is none."""
        ...


class NoIndex:
    """Implements `Index` where there is none."""

    def size(self) -> None:
        """See `Index.size`."""

    def search(self, sought: Sought) -> tuple[()]:
        """See `Index.search`."""
        return ()

    def server(self, slug: str) -> None:
        """See `Index.server`."""

    def slugs(self, words: Collection[str], after: str, most: int) -> list[str]:
        """See `Index.slugs`."""
        return []

    def part(self, slug: str, page: int) -> None:
        """See `Index.part`."""

    def tool(self, slug: str, name: str) -> None:
        """See `Index.tool`."""


def usable(index: Index) -> Index:
    """The index; none where its file is broken, so that this takes nothing else away. A search at a terminal says why."""
    try:
        index.size()
    except OperatorFault:
        return NoIndex()
    return index
