"""What a page of the catalogue shows, as values: the same for HTML, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from yett.catalog.attacks import Attack
from yett.catalog.grade import Grade, Letter
from yett.catalog.model import Brief, Evidence, RiskClass, Severity, ShownVerdict, ToolDefinition
from yett.catalog.poison import Flag
from yett.catalog.record import ServerIdentity, ServerPosture, ServerRecord

TOOLS_A_PAGE: Final = 100
"""Tools on one page of a server, where it has several."""


@dataclass(frozen=True, slots=True)
class Package:
    """The published program that a server's tools were listed from."""

    ecosystem: str
    """`pypi` or `npm`."""
    name: str
    version: str
    licence: str
    listed: str
    """The day on which it was started and asked."""
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """Names of variables without which it does not start."""
    program: str | None = None
    """Which of its programs; None where that has the package's name."""

    @property
    def registry(self) -> str:
        """Its ecosystem as people write it."""
        return "PyPI" if self.ecosystem == "pypi" else self.ecosystem

    @property
    def command(self) -> tuple[str, ...]:
        """How this very version is started."""
        pinned = f"{self.name}@{self.version}"
        own = self.program in {None, self.name, self.name.rpartition("/")[2]}
        run: tuple[str, ...]
        if self.ecosystem == "pypi":
            run = ("uvx", pinned) if own else ("uvx", "--from", pinned, str(self.program))
        else:
            run = ("npx", "-y", pinned) if own else ("npx", "-y", "-p", pinned, str(self.program))
        return (*run, *(argument.replace("{home}", "DIRECTORY") for argument in self.arguments))


@dataclass(frozen=True, slots=True)
class CataloguedServer:
    """A server with its tools, as they were judged."""

    slug: str
    """Its name in addresses."""
    name: str
    about: str
    tools: tuple[tuple[ToolDefinition, ShownVerdict], ...]
    known: bool = False
    """Whether it comes with Yett, rather than from an organisation's own servers."""
    posture: str | None = None
    """In words, whether it asks for a credential; None where that is not known."""
    identity: ServerIdentity | None = None
    stands: ServerPosture | None = None
    """Whom it lets in."""
    seen_at: str | None = None
    """When its tools were read."""
    across: Mapping[str, tuple[Flag, ...]] = field(default_factory=dict)
    """What texts of its tools try on tools of other servers of the same organisation, by tool."""
    package: Package | None = None
    """Of one that comes with Yett: what was started to list its tools."""
    indexed: bool = False
    """Whether it is known from an index only."""


@dataclass(frozen=True, slots=True)
class ServerPart:
    """A server with the tools of one page only."""

    server: CataloguedServer
    """The riskiest first."""
    briefs: Sequence[Brief]
    """Of all of them, as it lists them."""
    page: int = 1
    pages: int = 1


def part_of(tools: int, page: int) -> tuple[int, int, slice]:
    """The page that is nearest to the one asked for, how many there are, and which of the tools are on it."""
    pages = max(1, -(-tools // TOOLS_A_PAGE))
    number = min(max(1, page), pages)
    return number, pages, slice((number - 1) * TOOLS_A_PAGE, number * TOOLS_A_PAGE)


@dataclass(frozen=True, slots=True)
class Question:
    """One that people ask of a tool, with its answer."""

    question: str
    answer: str
    policy: str | None = None
    """JSON text that is the answer."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A piece of evidence or a signal, with what it shows."""

    meaning: str
    quote: str
    place: str


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A tool in a list."""

    name: str
    title: str
    risk: RiskClass
    severity: Severity
    rule: str
    """What is recommended, in a few words."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A tool that is not as it was."""

    at: str
    tool: str
    kind: str
    severity: str
    what: str
    diff: str


@dataclass(frozen=True, slots=True)
class ToolPage:
    """Everything that the page of a tool shows."""

    server: str
    slug: str
    name: str
    title: str
    description: str
    """The server's own words, untrusted."""
    shown: ShownVerdict
    does: str
    why: str
    evidence: tuple[Quoted, ...]
    signals: tuple[Quoted, ...]
    attacks: tuple[Attack, ...]
    policy: str
    """The recommended policy, JSON text."""
    policy_why: str
    proposals: tuple[tuple[str, str], ...]
    """Conditions worth having, as (what for, JSON text)."""
    steps: tuple[str, ...]
    related: tuple[ToolRow, ...]
    questions: tuple[Question, ...]
    counts: tuple[tuple[str, int], ...]
    """What there is how much of: arguments, tools of the server, of this class."""


@dataclass(frozen=True, slots=True)
class ServerPage:
    """Everything that the page of a server shows."""

    slug: str
    name: str
    about: str
    grade: Grade
    tools: tuple[ToolRow, ...]
    """The riskiest first; of a large server those of one page."""
    by_class: tuple[tuple[RiskClass, int], ...]
    by_severity: tuple[tuple[Severity, int], ...]
    policy: str
    attacks: tuple[Attack, ...]
    steps: tuple[str, ...]
    questions: tuple[Question, ...]
    posture: str | None = None
    package: Package | None = None
    changed: tuple[ChangeRow, ...] = ()
    """What changed lately, the newest first."""
    across: tuple[tuple[str, Quoted], ...] = ()
    """What texts of its tools try on tools of other servers, each with the tool."""
    record: ServerRecord | None = None
    """Everything that is known of it, in one value, with the same tools; None where a page is made without."""
    page: int = 1
    pages: int = 1

    @property
    def tool_count(self) -> int:
        """How many tools it has."""
        return self.grade.terms.tools

    @property
    def span(self) -> str:
        """Which of its tools are on this page, in words."""
        first = (self.page - 1) * TOOLS_A_PAGE
        return f"Tools {first + 1:,} to {first + len(self.tools):,} of {self.tool_count:,}"


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server in the list of all."""

    slug: str
    name: str
    about: str
    letter: Letter
    why: str
    by_class: tuple[tuple[RiskClass, int], ...]
    tool_count: int


def server_row(page: ServerPage) -> ServerRow:
    """What the list of all shows of a server."""
    return ServerRow(page.slug, page.name, page.about, page.grade.letter, page.grade.why, page.by_class, page.tool_count)


def quoted(piece: Evidence) -> Quoted:
    """A piece of evidence for a page."""
    return Quoted(piece.shows, piece.quote, piece.place.value)
