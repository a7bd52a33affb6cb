"""The seams: who paints, who stores, what time it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from redbook_mcp.model import Marks, Note, Page, Project, Style


@dataclass(frozen=True, slots=True)
class Order:
    """One page to paint, with all that its painter may look at."""

    page: Page
    outline: tuple[Page, ...]
    theme: str
    style: Style
    marks: Marks
    cover: bytes | None = None
    """The painted cover (PNG), reference of every other page; None while the cover itself is painted or it is not wanted."""
    references: tuple[bytes, ...] = ()
    """The user's own pictures, already checked to be pictures."""
    feedback: str | None = None
    """What the user wants changed, in the user's words."""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Painted:
    """What came of an order."""

    cards: tuple[bytes, ...]
    """PNG files of 1080×1440: the page, then its continuation cards if its text needed any."""
    model: str
    prompt: str
    """What was asked of the model; for the local painter the text that was set."""
    attempts: int = 1
    warnings: tuple[str, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    """As the provider counts it: tokens, images."""


class Painter(Protocol):
    """Paints one page. Errors: `RedBookError`, and nothing else, with nothing of a key in it."""

    @property
    def name(self) -> str:
        """What callers choose it by: `local`, `hybrid`, `openai`, `gemini`, `chat`, `seedream`, `dashscope`."""
        ...

    @property
    def model(self) -> str: ...

    @property
    def is_remote(self) -> bool:
        """Whether painting leaves this machine and may cost money."""
        ...

    def prompt(self, order: Order) -> str:
        """What would be asked: for a dry run. Costs nothing."""
        ...

    async def paint(self, order: Order) -> Painted:
        """Paint the page; cancellation of the task stops it."""
        ...

    async def aclose(self) -> None: ...


class Projects(Protocol):
    """The store. Several processes may share one folder; every change is whole or not there. Errors: `RedBookError`."""

    def create(self, project: Project) -> None: ...

    def get(self, project_id: str) -> Project:
        """Errors: PROJECT_NOT_FOUND, also for an id that is no UUID."""
        ...

    def all(self) -> list[Project]:
        """Newest first (`created_at`)."""
        ...

    def change(self, project_id: str, edit: Callable[[Project], Project]) -> Project:
        """Read, edit and write under the project's lock; `updated_at` becomes strictly later.

        What `edit` raises leaves everything as it was.
        """
        ...

    def painting(self, project_id: str) -> AbstractContextManager[None]:
        """Held while pages of a project are painted: one painter at a time, across processes; a killed one lets go.

        Errors: CONFLICT (retryable) at once when another holds it, naming since when; PROJECT_NOT_FOUND.
        """
        ...

    def keep_reference(self, project_id: str, picture: bytes) -> str:
        """Write a picture that came as a data URI, below the project's folder; returns its name for `read`, the same for the
        same bytes."""
        ...

    def keep_version(self, project_id: str, page: int, cards: tuple[bytes, ...], prompt: str) -> tuple[int, tuple[str, ...]]:
        """Write the files of a page's next version; returns its number and its files. No record names them yet."""
        ...

    def read(self, project_id: str, file: str) -> bytes:
        """A file that a version names, or a reference picture. Errors: UNSAFE_PATH, RETRIEVAL_FAILED."""
        ...

    def path(self, project_id: str, file: str) -> str:
        """Absolute path of such a file, for the user."""
        ...

    def export(self, project_id: str, note: Note | None) -> str:
        """Write the zip with the pages in order and `note.json`; returns its absolute path."""
        ...

    def spend(self, day: str, images: int, limit: int | None) -> None:
        """Count images against a day's budget (`YYYY-MM-DD`, UTC), durably and across processes.

        Errors: BUDGET_EXCEEDED, and nothing is counted.
        """
        ...

    def spent(self, day: str) -> int:
        """Images that are counted for a day so far."""
        ...

    def give_back(self, day: str, images: int) -> None:
        """Take back what was counted for images that surely were not made."""
        ...


class Clock(Protocol):
    """Time for records, budgets and back-off."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None: ...
