"""The values of a scan. Only `Launch` holds what may be secret, and shows none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from yett.catalog.grade import Grade
from yett.catalog.model import Severity, ShownVerdict, ToolDefinition
from yett.scan.findings import Code


class Client(StrEnum):
    """Whose configuration a file is."""

    CLAUDE_DESKTOP = "Claude Desktop"
    CLAUDE_CODE = "Claude Code"
    CURSOR = "Cursor"
    VS_CODE = "VS Code"
    COPILOT_CLI = "Copilot CLI"
    CODEX = "Codex"
    GEMINI_CLI = "Gemini CLI"
    WINDSURF = "Windsurf"
    OPENCODE = "opencode"
    ZED = "Zed"
    CLINE = "Cline"
    ROO_CODE = "Roo Code"
    CONTINUE = "Continue"
    GOOSE = "Goose"
    JUNIE = "Junie"
    JETBRAINS_COPILOT = "Copilot for JetBrains"
    LM_STUDIO = "LM Studio"
    KIRO = "Kiro"
    AMAZON_Q = "Amazon Q"
    ANY = "MCP client"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file to be read."""

    client: Client
    path: Path


@dataclass(frozen=True, slots=True)
class Launch:
    """How a client would start or reach the server, whole: for asking it with consent, and for nothing else."""

    argv: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Package:
    """A package or image that a runner fetches."""

    kind: str
    """`npm`, `pypi` or `image`."""
    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class FoundServer:
    """An entry of a configuration file, without secrets."""

    name: str
    client: Client
    file: Path | None
    """None where it was given on the command line."""
    transport: str
    """`stdio`, `http` or `sse`."""
    shown: str
    """The command or the origin; whatever could be a secret is left out."""
    launch: Launch
    package: Package | None = None
    host: str | None = None
    authentication: str = "none written"
    notes: tuple[str, ...] = ()
    """What is wrong with how it is written down."""
    scope: str = ""
    """The project that the entry is for, where the file serves several."""
    warnings: tuple[str, ...] = ()
    """Why it should not be used as it is written down."""
    disputed: str | None = None
    """Why it may be something else than its package or address says."""
    disabled: bool = False
    line: int | None = None
    """The line of the file on which the entry begins."""


class Standing(StrEnum):
    """How far a server's identity is known."""

    KNOWN = "well-known"
    KNOWN_HOST = "well-known host"
    LOCAL = "local"
    UNKNOWN = "unknown"
    IMPOSTOR = "possible impostor"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a server seems to be."""

    standing: Standing
    name: str | None = None
    """The well-known server that it is, or that it resembles."""
    why: str = ""
    authentication: str | None = None
    """What that well-known server asks of clients."""


@dataclass(frozen=True, slots=True)
class ToolFlag:
    """Something that a tool's definition tries. Codes: `yett.catalog.poison.FLAGS`."""

    tool: str
    code: str
    severity: Severity
    what: str
    place: str
    """JSON Pointer of the text in the definition."""
    quote: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What is known of a server's tools."""

    listed: tuple[ToolDefinition, ...] | None
    """None where nothing is known."""
    source: str
    """Where they are known from, or why they are not."""
    flags: tuple[ToolFlag, ...] = ()
    freshness: str | None = None
    """Of what day and version they are, where they were not asked for now."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different since the server was last seen."""

    first: bool
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved_from: str | None = None
    """What it was, where its command or origin is another one now."""
    turned: tuple[str, ...] = ()
    """What is made of it otherwise than before: grade, identity, authentication."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.moved_from or self.turned)


class Advice(StrEnum):
    """What to do about a server."""

    PROCEED = "proceed"
    RULE = "connect-with-rule"
    ASK = "ask-first"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks for or against a server."""

    code: Code
    advice: Advice
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of a server."""

    advice: Advice
    severity: Severity
    findings: tuple[Finding, ...]
    """The weightiest first, each text once."""
    grade: Grade | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the findings say."""
        return tuple(finding.text for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A server with all that was found out."""

    server: FoundServer
    governed: bool
    """Whether it goes through Yett."""
    identity: Identity
    tools: Tools
    judged: tuple[ShownVerdict, ...]
    changes: Changes
    judgement: Judgement
