"""What a painter is told: the page, the style of the series, the reference pictures, what the user wants changed."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, replace
from typing import Final

from redbook_mcp.generation.asking import Labels, Request, Rules
from redbook_mcp.generation.references import References
from redbook_mcp.model import Marks, Page, Project, Style
from redbook_mcp.painters import LOCAL, choose_theme, palette_of
from redbook_mcp.ports import Clock, Order, Painter, Projects

_SEEDS: Final = 1000
"""Decorations vary with the topic; the same topic draws the same cards."""


@dataclass(frozen=True, slots=True)
class House:
    """What every run needs."""

    projects: Projects
    references: References
    clock: Clock
    rules: Rules


@dataclass(frozen=True, slots=True)
class Series:
    """What the pages of one run have in common."""

    request: Request
    painter: Painter
    style: Style
    marks: Marks
    references: tuple[bytes, ...] = ()
    cover: bytes | None = None
    """The painted cover; None while it is painted itself, or where it is not wanted."""

    def order(self, project: Project, page: Page) -> Order:
        """One page to paint."""
        return Order(
            page=page,
            outline=project.outline,
            theme=project.theme,
            style=self.style,
            marks=self.marks,
            cover=self.cover,
            references=self.references,
            feedback=feedback_for(self.request, project, page.number),
            language=project.language,
        )


def feedback_for(request: Request, project: Project, number: int) -> str | None:
    """What the user wants changed on a page: said now, or said of the picture that is there."""
    if request.feedback is not None:
        return request.feedback or None
    version = project.shown(number)
    return version.feedback if version else None


async def open_series(house: House, painter: Painter, request: Request, project: Project) -> Series:
    """The series before its cover is painted. Errors: UNSAFE_PATH, INVALID_INPUT of the reference picture."""
    references = await asyncio.to_thread(house.references.of, project)
    style = await asyncio.to_thread(_style, project, house.rules, references)
    labels = labels_of(house.rules, painter)
    marks = Marks(project.watermark or None, house.rules.watermark_corner, labels.visible)
    return Series(request, painter, style, marks, references)


def labels_of(rules: Rules, painter: Painter) -> Labels:
    """How this painter's pictures are labelled."""
    return rules.remote_labels if painter.is_remote else rules.local_labels


async def follow_cover(house: House, series: Series, project: Project) -> Series:
    """The series for the pages after the cover: its picture is their reference, its colours are the local painter's."""
    version = project.shown(project.cover().number)
    if version is None or not series.request.use_cover:
        return series
    cover = await asyncio.to_thread(house.projects.read, project.id, version.files[0])
    style = series.style
    if series.painter.name == LOCAL and version.provider != LOCAL:
        style = replace(style, palette=await asyncio.to_thread(palette_of, cover))
    return replace(series, cover=cover, style=style)


def is_numbered(page: Page, painter: Painter) -> bool:
    """Whether the painter sets the page's place on its card: the local one does, on all but covers."""
    return painter.name == LOCAL and page.type != "cover"


def _style(project: Project, rules: Rules, references: tuple[bytes, ...]) -> Style:
    """The project's own; else the asked theme or the topic's, in the colours of the user's picture if there is one."""
    style = project.style
    if style is None:
        seed = zlib.crc32(project.theme.encode()) % _SEEDS
        style = Style(rules.theme or choose_theme(project.theme, seed), seed)
    if references and style.palette is None:
        style = replace(style, palette=palette_of(references[0]))
    return style
