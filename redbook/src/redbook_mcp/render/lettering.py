"""How a cover's title and subtitle are lettered, theme by theme."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.colours import WHITE, mix, readable
from redbook_mcp.render.kit import Kit
from redbook_mcp.render.setting import Align, Setting

_PLATE: Final = 30
"""Pixels around a line that stands on a plate."""


def inset(kit: Kit) -> int:
    """Pixels that a theme's lettering takes beside the lines."""
    return {"pop": 3 * _PLATE, "notebook": 30, "candy": 30}.get(kit.theme.name, 0)


def height(kit: Kit, title: Setting) -> int:
    """Pixels of a title with its lettering."""
    if not title.lines:
        return 0
    return title.height + {"pop": 2 * _PLATE, "notebook": 26, "swiss": 40, "magazine": 46}.get(kit.theme.name, 0)


def under(kit: Kit, subtitle: Setting) -> int:
    """Pixels of a subtitle with its lettering."""
    return subtitle.height + {"cream": 44, "pop": 40, "candy": 44, "ink": 20}.get(kit.theme.name, 0)


def draw_title(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    _TITLES.get(kit.theme.name, _plain)(canvas, kit, title, rect, align)


def _ink(kit: Kit) -> Ink:
    return Ink(kit.colours.ink, kit.colours.deep, kit.colours.deep)


def _plain(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    title.draw(canvas, rect, _ink(kit), align)


def _highlit(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    """The last line stands on a broad stroke of the second colour."""
    left = title.lefts(rect.left, rect.width, align)[-1]
    width = title.lines[-1].width * title.size
    top = rect.top + (len(title.lines) - 1) * title.leading + round(title.size * 0.64)
    stroke = Rect(round(left) - 14, top, round(left + width) + 14, top + round(title.size * 0.42))
    canvas.box(stroke, mix(kit.colours.second, kit.colours.panel, 0.25), title.size // 6)
    _plain(canvas, kit, title, rect, align)


def _ruled(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    _plain(canvas, kit, title, rect, align)
    canvas.box(Rect(rect.left, rect.bottom - 10, rect.left + 150, rect.bottom), kit.colours.accent)


def _plates(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    """Every line on a plate of its own, plates in turn dark and light."""
    colours = kit.colours
    for place, line in enumerate(title.lines):
        shift = (place % 2) * 26
        top = rect.top + place * title.leading
        bottom = top + title.size + _PLATE
        plate = Rect(rect.left + shift, top, rect.left + shift + round(line.width * title.size) + 2 * _PLATE, bottom)
        fill = colours.panel if place % 2 else colours.ink
        canvas.box(
            Rect(plate.left + 12, plate.top + 12, plate.right + 12, plate.bottom + 12),
            colours.accent if fill == colours.ink else colours.ink,
        )
        canvas.border(plate, colours.ink, fill, 6)
        sign = readable(colours.ink, fill) if place % 2 else mix(WHITE, colours.ground, 0.06)
        canvas.line(line, plate.left + _PLATE, top + _PLATE // 2, title.size, Ink(sign, sign, sign))


def _strokes(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    """Every line over the stroke of a marker pen, a little askew."""
    for place, line in enumerate(title.lines):
        middle = rect.top + place * title.leading + title.size * 0.83
        right = rect.left + line.width * title.size + 20
        points = [
            (rect.left - 14 + (right - rect.left) * step / 8, middle + 6 * math.sin(step * 0.9 + place)) for step in range(9)
        ]
        canvas.stroke(points, mix(kit.colours.second, kit.colours.ground, 0.12), round(title.size * 0.34))
    _plain(canvas, kit, title, rect, align)


def _gradient(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    """The last line in the accent's colour, the others in white."""
    for place, line in enumerate(title.lines):
        colour = kit.colours.deep if place == len(title.lines) - 1 and place else kit.colours.ink
        ink = Ink(colour, kit.colours.deep, kit.colours.deep)
        canvas.line(line, rect.left, rect.top + place * title.leading, title.size, ink)


def _outlined(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    """Letters with a broad white edge and a soft shadow of the accent."""
    width = max(8, title.size // 11)
    edge = Canvas(canvas.image)
    for colour, shift, grow in ((mix(kit.colours.accent, WHITE, 0.25), 8, width), (WHITE, 0, width)):
        for turn in range(16):
            across, down = grow * math.cos(turn * math.pi / 8), grow * math.sin(turn * math.pi / 8) + shift
            shifted = replace(rect, left=rect.left + round(across), right=rect.right + round(across), top=rect.top + round(down))
            title.draw(edge, shifted, Ink(colour, colour, colour), align)
    ink = readable(kit.colours.accent, WHITE, wanted=3)
    title.draw(canvas, rect, Ink(ink, ink, ink), align)


def _squared(canvas: Canvas, kit: Kit, title: Setting, rect: Rect, align: Align) -> None:
    _plain(canvas, kit, title, rect, align)
    canvas.box(Rect(rect.left, rect.bottom - 8, rect.right, rect.bottom), kit.colours.ink)


_TITLES: Final[dict[str, Callable[[Canvas, Kit, Setting, Rect, Align], None]]] = {
    "cream": _highlit, "magazine": _ruled, "pop": _plates, "notebook": _strokes,
    "night": _gradient, "candy": _outlined, "swiss": _squared,
}  # fmt: skip


def draw_subtitle(canvas: Canvas, kit: Kit, subtitle: Setting, rect: Rect, align: Align) -> None:
    colours = kit.colours
    match kit.theme.name:
        case "cream" | "candy":
            wide = subtitle.width + 90
            left = (rect.left + rect.right - wide) // 2
            fill = colours.accent
            canvas.box(Rect(left, rect.top, left + wide, rect.bottom), fill, 44)
            ink = Ink(colours.on_accent, colours.on_accent, colours.on_accent)
            subtitle.draw(canvas, replace(rect, top=rect.top + 22), ink, "centre")
        case "pop":
            plate = Rect(rect.left, rect.top, rect.left + subtitle.width + 64, rect.bottom)
            canvas.border(plate, colours.ink, colours.panel, 5, 40)
            sign = readable(colours.ink, colours.panel)
            subtitle.draw(canvas, Rect(rect.left + 32, rect.top + 20, rect.right, rect.bottom), Ink(sign, sign, sign))
        case "ink":
            canvas.box(
                Rect(rect.left + rect.width // 2 - 40, rect.top, rect.left + rect.width // 2 + 40, rect.top + 3), colours.accent
            )
            subtitle.draw(canvas, replace(rect, top=rect.top + 24), Ink(colours.ink, colours.ink, colours.deep), align)
        case _:
            subtitle.draw(canvas, rect, Ink(colours.muted, colours.deep, colours.deep), align)
