"""The title of a page that is no cover, in a theme's manner."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.colours import mix
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.kit import Box, Head, Kit
from redbook_mcp.render.setting import Align, Setting, Type, set_text

STATEMENT_MAX: Final = 48
"""Characters of a page that says one thing."""
_ROOM: Final = 420
"""Pixels of height that a title may take."""


def head_box(kit: Kit, title: str, subtitle: str, number: int, width: int) -> Box | None:
    """The page's title and subtitle; None without either."""
    manner = kit.theme.head
    inset = {"seal": 92, "numeral": 0, "block": 40, "pill": 80}.get(manner, 0)
    shown = kit.titled(title, (min(86, round(kit.size * 1.9)), 34), (width - inset, _ROOM), 6) if title else None
    if title and shown is None:
        cut = Cut("sans", 800)
        shown = set_text(title, Type(cut, cut, 1.3), 34, width - inset)
    if shown is not None and manner == "block":
        shown = replace(shown, leading=shown.leading + 18)
    below = set_text(subtitle, replace(kit.body, balance=True), kit.size, width - inset) if subtitle else None
    if shown is None and below is None:
        return None
    setting = shown or Setting((), kit.size, 0)
    above, under = _MARGINS[manner]
    top = above + setting.height + under
    height = top + (below.height + kit.ems(0.3) if below else 0)

    def paint(canvas: Canvas, rect: Rect) -> None:
        _HEADS[manner](canvas, kit, replace(rect, bottom=rect.top + top), setting, number)
        if below:
            align: Align = "centre" if manner == "pill" else "left"
            left = rect.left + (inset if manner == "seal" else 0)
            below.draw(
                canvas, Rect(left, rect.top + top + kit.ems(0.1), rect.right, rect.bottom), kit.ink(kit.colours.muted), align
            )

    return Box(height, paint, 0, keeps_next=True)


def statement_box(kit: Kit, text: str, width: int) -> Box | None:
    """A page that says one short thing says it in the face and size of a title; None if it is not short."""
    setting = kit.titled(text, (150, 64), (width, 820), 6) if len(text) <= STATEMENT_MAX and "\n" not in text else None
    if setting is None:
        return None
    setting = replace(setting, leading=round(setting.size * 1.36))

    def paint(canvas: Canvas, rect: Rect) -> None:
        canvas.box(Rect(rect.left, rect.top, rect.left + 120, rect.top + 14), kit.colours.accent, 7 if kit.theme.radius else 0)
        setting.draw(canvas, replace(rect, top=rect.top + 64), _ink(kit))

    return Box(setting.height + 64, paint, 0)


def _ink(kit: Kit) -> Ink:
    return Ink(kit.colours.ink, kit.colours.deep, kit.colours.deep)


def _marker(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    lefts = title.lefts(rect.left, rect.width, "left")
    for place, (line, left) in enumerate(zip(title.lines, lefts, strict=True)):
        top = rect.top + place * title.leading + round(title.size * 0.66)
        stroke = Rect(round(left) - 8, top, round(left + line.width * title.size) + 12, top + round(title.size * 0.42))
        canvas.box(stroke, mix(kit.colours.second, kit.colours.panel, 0.3), 12)
    title.draw(canvas, rect, _ink(kit))


def _editorial(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    figure = Cut("italic")
    setting = set_text(f"{number:02d}", Type(figure, figure), 84, 300)
    accent = kit.colours.deep
    setting.draw(canvas, Rect(rect.left, rect.top, rect.left + 300, rect.top), Ink(accent, accent, accent), is_ornament=True)
    title.draw(canvas, replace(rect, top=rect.top + 118), _ink(kit))
    canvas.box(Rect(rect.left, rect.bottom - 8, rect.left + 96, rect.bottom - 2), accent)


def _block(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    for place, line in enumerate(title.lines):
        top = rect.top + place * title.leading
        plate = Rect(rect.left, top, rect.left + round(line.width * title.size) + 40, top + title.size + 26)
        canvas.box(Rect(plate.left + 8, plate.top + 8, plate.right + 8, plate.bottom + 8), kit.colours.accent)
        canvas.box(plate, kit.colours.ink)
        light = mix(kit.colours.panel, (255, 255, 255), 0.5)
        canvas.line(line, plate.left + 20, top + 12, title.size, Ink(light, light, kit.colours.ground))


def _wave(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    lines = title.draw(canvas, rect, _ink(kit))
    last = max(lines, key=lambda each: each.bottom, default=rect)
    right = max((each.right for each in lines), default=rect.left)
    points = [(x, last.bottom + 22 + 5 * math.sin((x - rect.left) / 15)) for x in range(rect.left, max(right, rect.left + 90), 4)]
    canvas.stroke(points, kit.colours.accent, 6)


def _seal(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    cut = Cut("serif")
    side = 68
    square = Rect(rect.left, rect.top + 4, rect.left + side, rect.top + 4 + side)
    canvas.box(square, kit.colours.accent, 8)
    figure = set_text(_numeral(number), Type(cut, cut), 40 if number < 11 else 28, 200)
    sign = kit.colours.on_accent
    down = square.top + (side - figure.size) // 2
    figure.draw(canvas, replace(square, top=down), Ink(sign, sign, sign), "centre", is_ornament=True)
    title.draw(canvas, replace(rect, left=rect.left + 92), _ink(kit))


def _numeral(number: int) -> str:
    digits = "〇一二三四五六七八九"
    if number <= 10:
        return "十" if number == 10 else digits[number]
    return ("" if number < 20 else digits[number // 10]) + "十" + (digits[number % 10] if number % 10 else "")


def _glow(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    title.draw(canvas, rect, _ink(kit))
    half = (rect.width - 40) // 3
    for step in range(24):
        colour = mix(kit.colours.accent, kit.colours.second, step / 23)
        left = rect.left + half * step // 24
        canvas.box(Rect(left, rect.bottom - 14, rect.left + half * (step + 1) // 24, rect.bottom - 6), colour)


def _pill(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    wide = title.width + 88
    left = rect.left + (rect.width - wide) // 2
    pill = Rect(left, rect.top, left + wide, rect.top + title.height + 48)
    radius = min(pill.height // 2, 58)
    canvas.box(replace(pill, top=pill.top + 9, bottom=pill.bottom + 9), mix(kit.colours.accent, kit.colours.ink, 0.25), radius)
    canvas.box(pill, kit.colours.accent, radius)
    sign = kit.colours.on_accent
    title.draw(canvas, replace(rect, top=rect.top + 23), Ink(sign, sign, sign), "centre")


def _big(canvas: Canvas, kit: Kit, rect: Rect, title: Setting, number: int) -> None:
    cut = Cut("sans", 900)
    figure = set_text(f"{number}", Type(cut, cut), 150, 500)
    accent = kit.colours.accent
    figure.draw(canvas, Rect(rect.left - 6, rect.top - 12, rect.right, rect.top), Ink(accent, accent, accent), is_ornament=True)
    title.draw(canvas, replace(rect, top=rect.top + 176), _ink(kit))
    canvas.box(Rect(rect.left, rect.bottom - 6, rect.right, rect.bottom - 1), kit.colours.ink)


_MARGINS: Final[dict[Head, tuple[int, int]]] = {
    "marker": (0, 20), "editorial": (118, 40), "block": (12, 66), "wave": (0, 44),
    "seal": (0, 24), "glow": (0, 44), "pill": (23, 50), "numeral": (176, 36),
}  # fmt: skip
_HEADS: Final[dict[Head, Callable[[Canvas, Kit, Rect, Setting, int], None]]] = {
    "marker": _marker, "editorial": _editorial, "block": _block, "wave": _wave,
    "seal": _seal, "glow": _glow, "pill": _pill, "numeral": _big,
}  # fmt: skip
