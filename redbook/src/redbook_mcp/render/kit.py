"""What every part of a card is made with: the theme, its colours, the size of its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from redbook_mcp.model import HEIGHT, WIDTH
from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.colours import READABLE, Colour, Colours, mix, readable
from redbook_mcp.render.fonts import Cut, Face, can_set
from redbook_mcp.render.setting import Align, Setting, Type, fitted, set_text

CARD: Final = Rect(0, 0, WIDTH, HEIGHT)
SIZES: Final = (92, 84, 76, 68, 60, 56, 52, 48, 45, 42, 39, 36, 34, 32, 30)
"""Pixels of body text, largest first; the last is the smallest that is read on a phone."""

Part = Literal["cover", "body", "summary"]
Frame = Literal["none", "panel", "outline", "hard", "bar", "rule"]
Marker = Literal["disc", "square", "italic", "plain", "outlined", "seal"]
Head = Literal["marker", "editorial", "block", "wave", "seal", "glow", "pill", "numeral"]


@dataclass(frozen=True, slots=True)
class Theme:
    """A way to draw: its colours (one of them by seed), its type, its shapes."""

    name: str
    palettes: tuple[Colours, ...]
    title: Cut
    body: Cut
    strong: Cut
    head: Head
    frame: Frame
    marker: Marker
    area: Rect
    """Where a page's blocks stand."""
    emblem: str
    """The picture on a cover whose topic suggests none."""
    words: tuple[str, ...]
    """A topic with one of these in it asks for this theme."""
    radius: int = 0
    align: Align = "left"
    leading: float = 1.56
    has_sheet: bool = False
    """Whether text stands on a sheet of the panel's colour."""


@dataclass(frozen=True, slots=True)
class Kit:
    """A theme at one size of text."""

    theme: Theme
    colours: Colours
    size: int = 42
    air: float = 1.0
    """Stretches the room between and within blocks."""
    seed: int = 0
    pairs: frozenset[str] = field(default_factory=frozenset)
    strong_items: bool = False
    """Whether items without a head are set bold: where all of a card are short."""
    over_picture: bool = False
    """Whether a picture takes the place of the theme's ground."""

    @property
    def sheet(self) -> Colour:
        """What text stands on that has no box of its own: the sheet of paper on the ground, or the ground."""
        return self.colours.panel if self.theme.has_sheet else self.colours.ground

    def ems(self, count: float) -> int:
        """Pixels of so many ems of body text."""
        return round(count * self.size)

    def room(self, count: float) -> int:
        """Pixels of so many ems, stretched where the card has room to spare."""
        return round(count * self.size * self.air)

    @property
    def body(self) -> Type:
        return Type(self.theme.body, self.theme.strong, self.theme.leading, words=self.pairs)

    @property
    def bold(self) -> Type:
        return Type(self.theme.strong, self.theme.strong, 1.36, words=self.pairs)

    def ink(self, words: Colour | None = None, *, on: Colour | None = None, wanted: float = READABLE) -> Ink:
        """The ink of body text, or of another colour; readable on what it stands on."""
        ground = on or self.sheet
        ink = readable(words or self.colours.ink, ground, wanted=wanted)
        deep = readable(self.colours.accent, ground)
        return Ink(ink, deep if words is None else ink, deep)

    def titled(self, text: str, sizes: tuple[int, int], room: tuple[int, int], lines: int) -> Setting | None:
        """A title in the theme's face, or in the plain one if that has not all its hanzi; sizes are largest and smallest."""
        face: Face = self.theme.title.face
        cut = self.theme.title if can_set(text, face) else Cut("sans", 900)
        kind = Type(cut, cut, 1.26, words=self.pairs)
        return fitted(text, kind, range(sizes[0], sizes[1] - 1, -4), room, lines)

    def label(self, text: str, size: int, width: int = 2000) -> Setting:
        """A small text in the strong cut."""
        return set_text(text, self.bold, size, width)


@dataclass(frozen=True, slots=True)
class Box:
    """Something of a height that paints itself into a rectangle of that height."""

    height: int
    paint: Callable[[Canvas, Rect], None]
    gap: int
    """Pixels wanted between it and what stands before it."""
    keeps_next: bool = False
    """Whether it must not be the last on a card."""


def shade(kit: Kit, share: float) -> Colour:
    """The ground, a little darker (lighter in a dark theme)."""
    return mix(kit.colours.ground, kit.colours.ink, share)
