"""Paragraphs set at a size: measured, fitted, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from redbook_mcp.render.atoms import LEANING, OPENING, atoms_of
from redbook_mcp.render.breaking import Line, break_lines
from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.fonts import Cut

Align = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class Type:
    """How text is set."""

    cut: Cut
    strong: Cut
    leading: float = 1.5
    """Of the size, from line to line."""
    balance: bool = False
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Setting:
    """Lines at a size. The height is from the first line's square to the last one's; leading is between them only."""

    lines: tuple[Line, ...]
    size: int
    leading: int
    """Pixels."""

    @property
    def height(self) -> int:
        return self.size + (len(self.lines) - 1) * self.leading if self.lines else 0

    @property
    def width(self) -> int:
        return round(max((line.width for line in self.lines), default=0.0) * self.size)

    def lefts(self, left: int, width: int, align: Align) -> list[float]:
        """Where each line begins."""
        share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        return [left + (width - line.width * self.size) * share for line in self.lines]

    def draw(self, canvas: Canvas, rect: Rect, ink: Ink, align: Align = "left", *, is_ornament: bool = False) -> list[Rect]:
        """Set the lines from the rectangle's top; only its left, top and width count. Returns what each line covers."""
        lefts = self.lefts(rect.left, rect.width, align)
        return [
            canvas.line(line, left, rect.top + place * self.leading, self.size, ink, is_ornament=is_ornament)
            for place, (line, left) in enumerate(zip(self.lines, lefts, strict=True))
        ]


def set_text(text: str, kind: Type, size: int, width: int) -> Setting:
    """The text's paragraphs broken to a width in pixels; an author's own line ends are kept."""
    lines = [line for paragraph in text.split("\n") for line in set_paragraph(paragraph, kind, width / size)]
    return Setting(tuple(lines), size, round(size * kind.leading))


def set_paragraph(text: str, kind: Type, ems: float) -> list[Line]:
    """One paragraph broken to a width in ems."""
    return break_lines(atoms_of(text, kind.cut, kind.strong, kind.words), ems, balance=kind.balance)


def fitted(text: str, kind: Type, sizes: Sequence[int], room: tuple[int, int], lines_max: int) -> Setting | None:
    """The text at the largest of the sizes (largest first) at which it fits into a width and a height in at most some lines.

    A size down to a fifth smaller is taken if no word is divided at it; None if none fits.
    """
    kind = replace(kind, balance=True)
    divided: Setting | None = None
    for size in sizes:
        if divided is not None and size < divided.size * 0.72:
            break
        setting = set_text(text, kind, size, room[0])
        if len(setting.lines) > lines_max or setting.height > room[1] or setting.width > room[0]:
            continue
        if not _divides(setting):
            return setting
        divided = divided or setting
    return divided


def _divides(setting: Setting) -> bool:
    """Whether a line begins within a word, or one hanzi stands alone in it."""
    starts = [line.atoms[0] for line in setting.lines[1:] if line.atoms]
    alone = len(setting.lines) > 1 and any(line.width < 1.6 for line in setting.lines)
    return alone or any(atom.cost >= LEANING for atom in starts)


def opens_inward(line: Line) -> bool:
    """Whether a line begins with an opening mark, whose left half is blank."""
    return line.atoms[0].pieces[0].source in OPENING
