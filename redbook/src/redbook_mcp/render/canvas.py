"""A card while it is painted: shapes with smooth edges, lines of text, and a record of every text that was set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from redbook_mcp.model import HEIGHT, WIDTH
from redbook_mcp.render import fonts
from redbook_mcp.render.atoms import Piece
from redbook_mcp.render.breaking import Line
from redbook_mcp.render.colours import Colour

_SMOOTH: Final = 4
"""Shapes are drawn so many times larger and made smaller: Pillow's own edges are jagged."""
BASELINE: Final = 0.88
"""Of an em, from the top of a hanzi's square."""


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def meets(self, other: Rect) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: Rect) -> bool:
        return self.left <= other.left and self.top <= other.top and other.right <= self.right and other.bottom <= self.bottom

    def inset(self, across: int, down: int | None = None) -> Rect:
        down = across if down is None else down
        return Rect(self.left + across, self.top + down, self.right - across, self.bottom - down)


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of text on the card. `ornament` is what the theme added; the page's own text is not."""

    rect: Rect
    text: str
    is_ornament: bool = False


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of a line: of its words, of emphasised ones, of emoji, and the marker behind emphasised ones."""

    words: Colour
    strong: Colour
    emoji: Colour
    marker: Colour | None = None


@dataclass(slots=True)
class Canvas:
    """One card. `placed` names every line of text, in the order in which it is read."""

    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (WIDTH, HEIGHT)))
    placed: list[Placed] = field(default_factory=list)
    missing: dict[str, None] = field(default_factory=dict)
    """Clusters that no face has, in the order met."""
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.image)

    def box(self, rect: Rect, fill: Colour, radius: int = 0, opacity: float = 1.0) -> None:
        """A filled rectangle, its corners round."""
        if rect.width <= 0 or rect.height <= 0:
            return
        radius = min(radius, rect.width // 2, rect.height // 2)
        if radius == 0 and opacity == 1.0:
            self.draw.rectangle((rect.left, rect.top, rect.right - 1, rect.bottom - 1), fill=fill)
            return
        mask = _rounded(rect.width, rect.height, radius)
        self._paste(mask, rect.left, rect.top, fill, opacity)

    def border(self, rect: Rect, line: Colour, fill: Colour, width: int, radius: int = 0) -> None:
        """A rectangle with a line around it, within its bounds."""
        self.box(rect, line, radius)
        self.box(rect.inset(width), fill, max(0, radius - width))

    def shadow(self, rect: Rect, colour: Colour, radius: int, blur: int, opacity: float) -> None:
        """A soft shadow under a rectangle."""
        small = 4
        margin = blur * 2
        mask = Image.new("L", ((rect.width + 2 * margin) // small, (rect.height + 2 * margin) // small))
        inner = (margin // small, margin // small, (margin + rect.width) // small, (margin + rect.height) // small)
        ImageDraw.Draw(mask).rounded_rectangle(inner, radius // small, fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(blur / small))
        mask = mask.resize((mask.width * small, mask.height * small), Image.Resampling.BICUBIC)
        self._paste(mask, rect.left - margin, rect.top - margin, colour, opacity)

    def circle(self, centre: tuple[int, int], radius: int, fill: Colour, opacity: float = 1.0) -> None:
        mask = _rounded(2 * radius, 2 * radius, radius)
        self._paste(mask, centre[0] - radius, centre[1] - radius, fill, opacity)

    def polygon(self, points: Sequence[tuple[float, float]], fill: Colour, opacity: float = 1.0) -> None:
        """A polygon with smooth edges; it may leave the card."""
        left, top = int(min(x for x, _ in points)) - 1, int(min(y for _, y in points)) - 1
        width, height = int(max(x for x, _ in points)) - left + 2, int(max(y for _, y in points)) - top + 2
        scale = _SMOOTH if width * height < 160_000 else 2
        mask = Image.new("L", (width * scale, height * scale))
        ImageDraw.Draw(mask).polygon([((x - left) * scale, (y - top) * scale) for x, y in points], fill=255)
        self._paste(mask.reduce(scale), left, top, fill, opacity)

    def stroke(self, points: Sequence[tuple[float, float]], fill: Colour, width: int, opacity: float = 1.0) -> None:
        """A line through points, with round ends."""
        margin = width + 2
        left, top = int(min(x for x, _ in points)) - margin, int(min(y for _, y in points)) - margin
        right, bottom = int(max(x for x, _ in points)) + margin, int(max(y for _, y in points)) + margin
        scale = _SMOOTH if (right - left) * (bottom - top) < 160_000 else 2
        mask = Image.new("L", ((right - left) * scale, (bottom - top) * scale))
        draw = ImageDraw.Draw(mask)
        scaled = [((x - left) * scale, (y - top) * scale) for x, y in points]
        draw.line(scaled, fill=255, width=width * scale, joint="curve")
        half = width * scale / 2
        for x, y in (scaled[0], scaled[-1]):
            draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
        self._paste(mask.reduce(scale), left, top, fill, opacity)

    def _paste(self, mask: Image.Image, left: int, top: int, fill: Colour, opacity: float) -> None:
        if opacity < 1.0:
            mask = mask.point([round(level * opacity) for level in range(256)])
        self.image.paste(fill, (left, top), mask)

    def line(self, line: Line, left: float, top: float, size: int, ink: Ink, *, is_ornament: bool = False) -> Rect:
        """Set a line; `left` and `top` are those of the first hanzi's square. Returns what it covers."""
        x = left
        for place, atom in enumerate(line.atoms):
            x += atom.gap * size if place else 0.0
            x = self._run(atom.pieces, x, top, size, ink)
        rect = Rect(int(left), int(top), round(left + line.width * size), int(top) + size)
        self.placed.append(Placed(rect, line.text, is_ornament))
        return rect

    def _run(self, pieces: Sequence[Piece], x: float, top: float, size: int, ink: Ink) -> float:
        for piece in pieces:
            drawn = piece.drawn
            if drawn.is_substitute:
                self.missing[piece.source] = None
            if piece.strong and ink.marker is not None:
                marked = (x, top + size * 0.62, x + drawn.width * size, top + size * 1.04)
                self.draw.rectangle(marked, fill=ink.marker)
            self.glyphs(drawn, x, top, size, ink.strong if piece.strong else ink.words, ink.emoji)
            x += drawn.width * size
        return x

    def glyphs(self, drawn: fonts.Drawn, x: float, top: float, size: int, colour: Colour, emoji: Colour) -> None:
        """One cluster, its square's left upper corner at a point."""
        if drawn.cut.face == "emoji":
            font = fonts.opened(drawn.cut, round(size * fonts.EMOJI_SCALE))
            self.draw.text((x, top + size * 0.845), drawn.text, fill=emoji, font=font, anchor="ls")
        else:
            pen = size * 0.018 if drawn.cut.face == "kai" and drawn.cut.weight >= 600 else 0.0
            font = fonts.opened(fonts.Cut("kai") if pen else drawn.cut, size)
            self.draw.text((x, top + size * BASELINE), drawn.text, fill=colour, font=font, anchor="ls", stroke_width=pen)

    def picture(self, emoji: str, centre: tuple[int, int], size: int, colour: Colour, opacity: float = 1.0) -> None:
        """An emoji as an illustration, not as text, about `size` pixels wide."""
        drawn = fonts.drawn(emoji, fonts.Cut("sans"))
        font = fonts.opened(drawn.cut, round(size * 0.8))
        left, top, right, bottom = font.getbbox(drawn.text)
        mask = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
        ImageDraw.Draw(mask).text((1 - left, 1 - top), drawn.text, fill=255, font=font)
        self._paste(mask, centre[0] - mask.width // 2, centre[1] - mask.height // 2, colour, opacity)


@lru_cache(maxsize=24)
def _corner(radius: int) -> Image.Image:
    big = Image.new("L", (radius * _SMOOTH, radius * _SMOOTH))
    ImageDraw.Draw(big).ellipse((0, 0, 2 * radius * _SMOOTH - 1, 2 * radius * _SMOOTH - 1), fill=255)
    return big.reduce(_SMOOTH)


def _rounded(width: int, height: int, radius: int) -> Image.Image:
    mask = Image.new("L", (width, height), 255)
    if radius > 0:
        corner = _corner(radius)
        turned = corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        mask.paste(corner, (0, 0))
        mask.paste(turned, (width - radius, 0))
        mask.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, height - radius))
        mask.paste(turned.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (width - radius, height - radius))
    return mask
