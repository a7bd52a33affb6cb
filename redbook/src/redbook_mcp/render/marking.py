"""The markers of list items: numbers, ticks, crosses, dots and pictures, in a theme's manner."""

from __future__ import annotations

from typing import Final

from redbook_mcp.render import fonts
from redbook_mcp.render.canvas import Canvas, Ink, Placed, Rect
from redbook_mcp.render.colours import Colour, mix, readable, sign_on
from redbook_mcp.render.kit import Kit
from redbook_mcp.render.setting import Type, set_text

REFUSED: Final[Colour] = (200, 62, 62)
HANDLED: Final[Colour] = (46, 134, 84)


def marker_width(kit: Kit, marker: str) -> int:
    """Pixels of a marker with the space after it."""
    if marker == "•":
        return kit.ems(0.85)
    if marker.isdigit() and kit.theme.marker == "italic":
        return kit.ems(2.3)
    if not marker.isdigit() and marker not in {"✓", "✗", "☐"}:
        return kit.ems(2.0)
    return kit.ems(1.75)


def draw_marker(canvas: Canvas, kit: Kit, marker: str, left: int, top: int) -> None:
    """Draw a marker beside a line whose first hanzi's square begins at `top`."""
    size = kit.size
    if marker == "•":
        _dot(canvas, kit, left, top)
        canvas.placed.append(Placed(Rect(left, top, left + kit.ems(0.56), top + size), marker))
        return
    if marker in {"✓", "✗", "☐"}:
        _tick(canvas, kit, marker, left, top)
    elif not marker.isdigit():
        setting = set_text(marker, kit.body, round(size * 1.45), 4 * size)
        setting.draw(canvas, Rect(left, top - round(size * 0.2), left + 2 * size, top), kit.ink(), "left")
        return
    else:
        _number(canvas, kit, marker, left, top)
        return
    canvas.placed.append(Placed(Rect(left, top, left + size, top + size), marker))


def _dot(canvas: Canvas, kit: Kit, left: int, top: int) -> None:
    middle = top + kit.size // 2
    if kit.theme.radius:
        canvas.circle((left + kit.ems(0.28), middle), kit.ems(0.16), kit.colours.accent)
    else:
        half = kit.ems(0.14)
        canvas.box(Rect(left + half, middle - half, left + 3 * half, middle + half), kit.colours.accent)


def _tick(canvas: Canvas, kit: Kit, marker: str, left: int, top: int) -> None:
    unit = kit.size / 10
    colour = kit.colours.accent if marker == "✓" else REFUSED if marker == "✗" else kit.colours.muted
    square = Rect(left, top - round(unit * 0.8), left + round(unit * 11.4), top + round(unit * 10.6))
    radius = square.width // 2 if kit.theme.marker in {"disc", "plain"} else round(unit * 2)
    if marker == "☐":
        canvas.border(square, colour, kit.colours.panel, max(3, round(unit * 0.8)), round(unit * 2))
        return
    canvas.box(square, colour, radius)
    sign = sign_on(colour, kit.colours.ink)
    x, y, stroke = square.left, square.top, max(3, round(unit * 1.1))
    if marker == "✓":
        canvas.stroke(
            [(x + unit * 3, y + unit * 6), (x + unit * 5, y + unit * 8), (x + unit * 8.4, y + unit * 3.8)], sign, stroke
        )
    else:
        canvas.stroke([(x + unit * 3.6, y + unit * 3.8), (x + unit * 7.8, y + unit * 8)], sign, stroke)
        canvas.stroke([(x + unit * 7.8, y + unit * 3.8), (x + unit * 3.6, y + unit * 8)], sign, stroke)


def _number(canvas: Canvas, kit: Kit, marker: str, left: int, top: int) -> None:
    size, colours, manner = kit.size, kit.colours, kit.theme.marker
    if manner == "italic":
        cut, scale = fonts.Cut("italic"), 1.5
    else:
        cut, scale = fonts.Cut("sans", 800), (0.72 if len(marker) == 1 else 0.62)
    kind = Type(cut, cut)
    setting = set_text(marker.zfill(2) if manner == "italic" else marker, kind, round(size * scale), 4 * size)
    if manner == "italic":
        colour = kit.colours.deep
        setting.draw(canvas, Rect(left, top - round(size * 0.34), left + 2 * size, top), Ink(colour, colour, colour))
        return
    side = round(size * 1.18)
    square = Rect(left, top - (side - size) // 2, left + side, top - (side - size) // 2 + side)
    fill, sign = colours.accent, colours.on_accent
    if manner == "outlined":
        canvas.border(square, colours.ink, mix(colours.second, colours.panel, 0.1), max(3, size // 12))
        sign = readable(colours.ink, mix(colours.second, colours.panel, 0.1))
    elif manner == "plain":
        canvas.box(square, colours.soft, side // 2)
        sign = colours.deep
    else:
        canvas.box(square, fill, {"disc": side // 2, "square": 0, "seal": 6}[manner])
    across = square.left + (side - setting.width) // 2
    down = square.top + (side - setting.size) // 2 - round(setting.size * 0.02)
    setting.draw(canvas, Rect(across, down, across + side, down), Ink(sign, sign, sign))
