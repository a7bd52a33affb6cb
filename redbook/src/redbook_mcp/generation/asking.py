"""A request for pictures, the identity by which a repeat of it is known, and the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from redbook_mcp.model import PAGES_MAX, PageFailure, Project
from redbook_mcp.outline import page_digest

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Mode = Literal["missing", "failed", "all"]
MODES: Final[tuple[Mode, ...]] = ("missing", "failed", "all")


@dataclass(frozen=True, slots=True)
class Request:
    """Which pages of a project to paint, and how."""

    project_id: str
    pages: tuple[int, ...] | None = None
    """Page numbers as the caller gave them; None for whatever needs painting."""
    mode: Mode | None = None
    """Of those pages: the missing or stale ones, the failed ones, or all. None: what was asked, or what needs it."""
    feedback: str | None = None
    """What to change; None keeps what was said of each page before, an empty text forgets it."""
    use_cover: bool = True
    """Whether the painted cover is the reference of every other page."""
    provider: str | None = None
    max_pages: int | None = None
    """Paint at most so many now."""


@dataclass(frozen=True, slots=True)
class Labels:
    """How pictures say that a model made them."""

    visible: str | None = None
    """Set on the picture."""
    metadata: Literal["1", "2"] | None = None
    """The `Label` of GB 45438-2025: 1 a model made it, 2 it may have."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows."""

    concurrency: int = 1
    """Pages painted at a time after the cover."""
    pages_per_run: int = PAGES_MAX
    images_per_day: int | None = None
    """Pictures of remote providers in a day (UTC); None for no limit."""
    theme: str | None = None
    """Theme of new projects that name none; None chooses by the topic."""
    watermark: str | None = None
    """Handle on notes that name none."""
    watermark_corner: Corner = "bottom-right"
    language: str | None = None
    """Of notes that name none."""
    local_labels: Labels = Labels()
    remote_labels: Labels = Labels("AI生成", "1")
    producer: str = "redbook-mcp"
    """Who is named in the metadata."""
    heartbeat_s: float = 10.0
    """Pause between two signs of life while a page is being painted."""
    shutdown_s: float = 330.0
    """How long a stop waits for a page in flight, which is billed anyway: the provider's time-out and what comes after."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request."""

    status: Literal["completed", "partial", "failed"]
    project: Project
    """As it is now."""
    pages: tuple[int, ...]
    """What the request was about, in order."""
    painted: tuple[int, ...] = ()
    """The pages that were painted for this request."""
    errors: Mapping[int, PageFailure] = field(default_factory=dict)
    usage: Mapping[str, int] = field(default_factory=dict)
    """Sums of what the provider counts, and `images`: pictures asked of a remote provider."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """One page of a dry run."""

    number: int
    prompt: str
    references: int
    """Pictures that would be sent along: the user's own, and the cover."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request would do."""

    project: Project
    provider: str
    model: str
    pages: tuple[PlannedPage, ...]
    billed_images: int
    """Pictures that count against the budget: none for the local painter."""
    budget_left: int | None
    """Of today's; None when there is no limit."""
    warnings: tuple[str, ...] = ()


def request_digest(request: Request, project: Project, provider: str) -> str:
    """SHA-256 (hex) of all that makes two requests the same: what is asked, by whom painted, of which texts."""
    identity = {
        "pages": None if request.pages is None else sorted(set(request.pages)),
        "mode": request.mode,
        "feedback": request.feedback,
        "cover": request.use_cover,
        "provider": provider,
        "texts": [page_digest(page) for page in project.outline],
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
