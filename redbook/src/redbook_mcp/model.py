"""The values that everything passes around: pages, projects, painted versions. All immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

WIDTH: Final = 1080
"""Pixels of every card, 3:4 portrait."""
HEIGHT: Final = 1440
PAGES_MAX: Final = 18
"""Pictures that the platform takes for one note."""

PageType = Literal["cover", "content", "summary"]
Status = Literal["draft", "generating", "partial", "completed", "error"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an outline; `content` is plain text with line breaks, as the author wrote it."""

    number: int
    """1-based, without gaps."""
    type: PageType
    content: str
    title: str | None = None
    subtitle: str | None = None
    image_prompt: str | None = None

    def text(self) -> str:
        """What is to be read on the page: title, subtitle and content, each on lines of its own."""
        return "\n".join(part for part in (self.title, self.subtitle, self.content) if part)


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`, taken from a reference picture; each replaces the theme's own."""

    background: str
    ink: str
    accent: str


@dataclass(frozen=True, slots=True)
class Style:
    """What makes the pages of a note one series. The cover's style is kept in the project and used for every other page."""

    theme: str
    """Name of a theme of `render.themes`."""
    seed: int = 0
    """Chooses among a theme's decorations; the same seed draws the same card, byte for byte."""
    palette: Palette | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What is written over a finished card beside its content."""

    watermark: str | None = None
    """The author's own handle."""
    watermark_corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "bottom-right"
    ai_label: str | None = None
    """The visible notice that a model made the picture, as GB 45438-2025 asks; None for none."""


@dataclass(frozen=True, slots=True)
class Version:
    """One painted version of a page. Nothing is overwritten: a redo is a new version."""

    number: int
    """1-based for each page."""
    files: tuple[str, ...]
    """PNG files below the project's folder, `/` as separator: the page, then its continuation cards if its text needed any."""
    page_digest: str
    """SHA-256 (hex) of the page as it was painted: another one now means the picture is stale."""
    width: int
    height: int
    bytes: int
    """Size of the first file."""
    sha256: str
    """Of the first file."""
    provider: str
    model: str
    attempts: int
    ms: int
    created_at: str
    """ISO 8601, UTC, milliseconds, `Z`."""
    feedback: str | None = None
    used_cover: bool = False
    warnings: tuple[str, ...] = ()
    request: str | None = None
    """Digest of the request that painted it: the same one again, soon, is a repeat and is answered from here."""
    place: str | None = None
    """`2/6` where that is set on the card itself, which is stale then at any other place; None where it is not."""


@dataclass(frozen=True, slots=True)
class PageFailure:
    """Why the last attempt to paint a page failed; the versions before it are kept."""

    code: str
    message: str
    retryable: bool
    at: str


@dataclass(frozen=True, slots=True)
class Note:
    """The text that is published beside the pictures."""

    title: str | None = None
    body: str | None = None
    tags: tuple[str, ...] = ()
    """Without `#`."""


@dataclass(frozen=True, slots=True)
class Project:
    """One note: its outline and what has been painted of it."""

    id: str
    """UUID, version 4, lower case."""
    theme: str
    """What the note is about; the original's word for it."""
    outline: tuple[Page, ...]
    created_at: str
    updated_at: str
    status: Status = "draft"
    style: Style | None = None
    """None until a cover has been painted or a style was asked for."""
    reference_image: str | None = None
    """As the caller gave it: a path within an allowed folder, or a data URI's digest name below the project's folder."""
    language: str | None = None
    watermark: str | None = None
    versions: Mapping[int, tuple[Version, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Page number → versions, oldest first."""
    current: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """Page number → number of the version that is shown."""
    failures: Mapping[int, PageFailure] = field(default_factory=lambda: MappingProxyType({}))
    note: Note | None = None

    def shown(self, number: int) -> Version | None:
        """The current version of a page; None if it has none."""
        wanted = self.current.get(number)
        return next((version for version in self.versions.get(number, ()) if version.number == wanted), None)

    def cover(self) -> Page:
        """The page that sets the style: the first of type cover, else page 1."""
        return next((page for page in self.outline if page.type == "cover"), self.outline[0])
