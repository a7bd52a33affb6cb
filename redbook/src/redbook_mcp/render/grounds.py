"""What stands behind the text of a card, for every theme."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from redbook_mcp.model import HEIGHT, WIDTH
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.colours import WHITE, Colour, mix
from redbook_mcp.render.kit import CARD, Kit, Part, shade


def draw_ground(canvas: Canvas, kit: Kit, part: Part) -> None:
    """Fill the card with the theme's ground."""
    canvas.box(CARD, kit.colours.ground)
    _GROUNDS[kit.theme.name](canvas, kit, part)


def _cream(canvas: Canvas, kit: Kit, part: Part) -> None:
    colours = kit.colours
    soft = mix(colours.ground, colours.accent, 0.16)
    for x in range(0, WIDTH, 120):
        canvas.box(Rect(x, 0, x + 60, HEIGHT), soft, opacity=0.55)
    for y in range(0, HEIGHT, 120):
        canvas.box(Rect(0, y, WIDTH, y + 60), soft, opacity=0.55)
    sheet = Rect(56, 72, 1024, 1356)
    canvas.shadow(sheet, mix(colours.ink, colours.accent, 0.3), 44, 26, 0.22)
    canvas.box(sheet, colours.panel, 44)
    if part != "cover":
        tape(canvas, (540, 76), 230, 58, -2.5, mix(colours.second, colours.panel, 0.15))


def _magazine(canvas: Canvas, kit: Kit, part: Part) -> None:
    ink = kit.colours.ink
    canvas.box(Rect(96, 84, 984, 90), ink)
    canvas.box(Rect(96, 97, 984, 99), ink)
    canvas.box(Rect(96, 1346, 984, 1348), ink)
    if part == "summary":
        canvas.box(Rect(0, 0, 40, HEIGHT), kit.colours.accent)


def _pop(canvas: Canvas, kit: Kit, part: Part) -> None:
    colours = kit.colours
    halftone(canvas, (WIDTH, 0), mix(colours.ground, colours.accent, 0.55), 15)
    halftone(canvas, (0, HEIGHT), mix(colours.ground, WHITE, 0.6), 15)
    if part != "cover":
        sheet = Rect(48, 84, 1020, 1344)
        canvas.box(Rect(62, 98, 1034, 1358), colours.ink, 26)
        fill = mix(colours.panel, colours.second, 0.3) if part == "summary" else colours.panel
        canvas.border(sheet, colours.ink, fill, 7, 26)


def _notebook(canvas: Canvas, kit: Kit, part: Part) -> None:
    colours = kit.colours
    line = mix(colours.ground, colours.accent, 0.17)
    for x in range(0, WIDTH, 45):
        canvas.box(Rect(x, 0, x + 2, HEIGHT), line)
    for y in range(0, HEIGHT, 45):
        canvas.box(Rect(0, y, WIDTH, y + 2), line)
    if part == "cover":
        return
    canvas.box(Rect(112, 0, 115, HEIGHT), mix(colours.ground, (226, 96, 96), 0.6))
    for y in range(120, HEIGHT, 200):
        canvas.circle((56, y), 23, shade(kit, 0.16))
        canvas.circle((57, y + 2), 19, mix(colours.ground, (120, 110, 100), 0.55))
    tape(canvas, (850, 78), 210, 54, 4, mix(colours.second, colours.ground, 0.1))


def _ink(canvas: Canvas, kit: Kit, part: Part) -> None:
    colours = kit.colours
    far, near = mix(colours.ground, colours.ink, 0.08), mix(colours.ground, colours.ink, 0.17)
    base = 1180 if part == "cover" else 1330
    canvas.polygon(_hills(kit.seed + 1, base, 130), far)
    canvas.polygon(_hills(kit.seed + 2, base + 90, 95), near)
    for rect, width in ((Rect(44, 66, 1036, 1356), 3), (Rect(56, 78, 1024, 1344), 1)):
        frame(canvas, rect, mix(colours.ground, colours.ink, 0.5), width)


def _night(canvas: Canvas, kit: Kit, part: Part) -> None:
    colours = kit.colours
    canvas.image.paste(_glow(colours.ground, colours.accent, colours.second, part == "cover"))
    grid = mix(colours.ground, colours.accent, 0.16)
    for x in range(60, WIDTH, 120):
        for y in range(60, HEIGHT, 120):
            canvas.box(Rect(x - 1, y - 1, x + 2, y + 2), grid)
    if part != "cover":
        for place, colour in enumerate((colours.accent, colours.second, mix(colours.ground, colours.ink, 0.3))):
            canvas.circle((106 + 34 * place, 106), 10, colour)


def _candy(canvas: Canvas, kit: Kit, part: Part) -> None:
    colours = kit.colours
    for centre, radius, colour in (
        ((90, 120), 250, colours.second), ((1010, 330), 220, colours.accent),
        ((60, 1210), 260, colours.accent), ((1020, 1330), 280, colours.second),
    ):  # fmt: skip
        canvas.circle(centre, radius, colour, 0.42)
    dice = random.Random(kit.seed)  # noqa: S311 - scatters dots, and the same for the same seed
    for _ in range(34):
        centre = (dice.randrange(WIDTH), dice.randrange(HEIGHT))
        canvas.circle(centre, dice.randrange(6, 15), WHITE, 0.75)
    if part != "cover":
        cloud(canvas, Rect(70, 96, 1010, 1314), colours.panel, 40)


def _swiss(canvas: Canvas, kit: Kit, part: Part) -> None:
    if part == "summary":
        canvas.box(Rect(0, 0, 48, HEIGHT), kit.colours.accent)
    elif part == "body":
        canvas.box(Rect(0, 84, 48, 360), kit.colours.accent)


_GROUNDS: Final[dict[str, Callable[[Canvas, Kit, Part], None]]] = {
    "cream": _cream, "magazine": _magazine, "pop": _pop, "notebook": _notebook,
    "ink": _ink, "night": _night, "candy": _candy, "swiss": _swiss,
}  # fmt: skip


def frame(canvas: Canvas, rect: Rect, colour: Colour, width: int) -> None:
    """Four thin lines."""
    canvas.draw.rectangle((rect.left, rect.top, rect.right - 1, rect.bottom - 1), outline=colour, width=width)


def turned(centre: tuple[float, float], size: tuple[float, float], degrees: float) -> list[tuple[float, float]]:
    """The corners of a rectangle turned around its centre."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    half = (size[0] / 2, size[1] / 2)
    corners = ((-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1]))
    return [(centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine) for x, y in corners]


def tape(canvas: Canvas, centre: tuple[int, int], width: int, height: int, degrees: float, colour: Colour) -> None:
    """A strip of paper tape."""
    canvas.polygon(turned(centre, (width, height), degrees), colour, 0.9)
    for share in (-0.3, -0.1, 0.1, 0.3):
        middle = (centre[0] + width * share, centre[1] + width * share * math.tan(math.radians(degrees)))
        canvas.polygon(turned(middle, (width * 0.07, height), degrees), mix(colour, WHITE, 0.45), 0.7)


def halftone(canvas: Canvas, corner: tuple[int, int], colour: Colour, rows: int) -> None:
    """Dots that shrink away from a corner."""
    step = 38
    for row in range(rows):
        for column in range(rows - row):
            radius = round(15 * (1 - (row + column) / rows))
            if radius > 1:
                x = corner[0] + (step * column + 16) * (1 if corner[0] == 0 else -1)
                y = corner[1] + (step * row + 16) * (1 if corner[1] == 0 else -1)
                canvas.circle((x, y), radius, colour)


def cloud(canvas: Canvas, rect: Rect, colour: Colour, radius: int) -> None:
    """A sheet with a scalloped edge."""
    canvas.box(rect, colour, radius)
    for first, last, at, is_across in (
        (rect.left, rect.right, rect.top, True), (rect.left, rect.right, rect.bottom, True),
        (rect.top, rect.bottom, rect.left, False), (rect.top, rect.bottom, rect.right, False),
    ):  # fmt: skip
        count = round((last - first) / (radius * 1.6))
        for place in range(count):
            middle = round(first + (last - first) * (place + 0.5) / count)
            canvas.circle((middle, at) if is_across else (at, middle), round(radius * 0.86), colour)


def _hills(seed: int, base: int, height: int) -> list[tuple[float, float]]:
    phases = [seed * 1.7 + place for place in (0.0, 1.3, 2.9)]
    points: list[tuple[float, float]] = [(0, HEIGHT), (0, base)]
    for x in range(0, WIDTH + 30, 30):
        wave = sum(
            math.sin(x / span + phase) * share
            for span, phase, share in zip((210, 97, 53), phases, (0.6, 0.28, 0.12), strict=True)
        )
        points.append((x, base - height * wave))
    return [*points, (WIDTH, HEIGHT)]


@lru_cache(maxsize=1)
def _glow(ground: Colour, accent: Colour, second: Colour, is_strong: bool) -> Image.Image:
    """Two soft lights in the dark, computed small."""
    small = Image.new("RGB", (WIDTH // 12, HEIGHT // 12), ground)
    draw = ImageDraw.Draw(small)
    share = 0.62 if is_strong else 0.3
    draw.ellipse((50, -28, 118, 40), fill=mix(ground, second, share))
    draw.ellipse((-30, 78, 34, 138), fill=mix(ground, accent, share * 0.75))
    return small.filter(ImageFilter.GaussianBlur(15)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
