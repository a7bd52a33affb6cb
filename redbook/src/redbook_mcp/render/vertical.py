"""A title in columns from right to left, as Chinese was always set: for the cover of the theme `ink`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from redbook_mcp.render import fonts
from redbook_mcp.render.blocks import Content
from redbook_mcp.render.breaking import Line
from redbook_mcp.render.canvas import Canvas, Ink, Placed, Rect
from redbook_mcp.render.emblems import draw_emblem, emblem_for
from redbook_mcp.render.kit import Kit
from redbook_mcp.render.setting import Setting, Type, fitted, set_paragraph

_HANZI: Final = re.compile("[\u4e00-\u9fff]{2,12}")
_COLUMN: Final = 6
"""Hanzi of the longest column."""
_TOP: Final = 170
_HEIGHT: Final = 860
_RIGHT: Final = 930
_SIZE_MAX: Final = 208
_STEP: Final = 1.08
"""From one hanzi to the one below it, in ems."""


def columns_of(kit: Kit, content: Content) -> list[Line] | None:
    """The title's columns; None unless it is hanzi alone, short enough, and all the cover has but a subtitle."""
    if kit.theme.name != "ink" or kit.over_picture or content.blocks or not _HANZI.fullmatch(content.title):
        return None
    face = kit.theme.title if fonts.can_set(content.title, kit.theme.title.face) else fonts.Cut("sans", 900)
    kind = Type(face, face, balance=True, words=kit.pairs)
    length = len(content.title)
    lines = set_paragraph(content.title, kind, length if length <= _COLUMN - 1 else _COLUMN)
    return lines if len(lines) <= 2 else None


def draw_columns(canvas: Canvas, kit: Kit, columns: Sequence[Line], content: Content, texts: Sequence[str]) -> None:
    """Draw the whole cover: columns at the right, the sun at the left, the subtitle below."""
    longest = max(len(column.text) for column in columns)
    size = min(_SIZE_MAX, int(_HEIGHT / (longest * _STEP)))
    left = _RIGHT - size
    ink = Ink(kit.colours.ink, kit.colours.deep, kit.colours.deep)
    for place, column in enumerate(columns):
        x = left - place * round(size * 1.22)
        y = _TOP + place * round(size * 0.5)
        pieces = [piece for atom in column.atoms for piece in atom.pieces]
        for row, piece in enumerate(pieces):
            canvas.glyphs(piece.drawn, x, y + row * size * _STEP, size, ink.words, ink.emoji)
        canvas.placed.append(Placed(Rect(x, y, x + size, y + round(len(pieces) * size * _STEP)), column.text))
    edge = left - (len(columns) - 1) * round(size * 1.22) - 60
    side = min(400, edge - 130)
    draw_emblem(canvas, kit, emblem_for(kit, texts), Rect(edge - side, 860 - side // 2, edge, 860 + side // 2))
    _draw_subtitle(canvas, kit, content.subtitle)


def _draw_subtitle(canvas: Canvas, kit: Kit, text: str) -> None:
    setting: Setting | None = fitted(text, kit.bold, (52, 48, 44, 40, 36, 32), (800, 110), 2) if text else None
    if setting is None:
        return
    top = 1150
    canvas.box(Rect(136, top, 142, top + setting.height), kit.colours.accent)
    ink = Ink(kit.colours.ink, kit.colours.deep, kit.colours.deep)
    setting.draw(canvas, Rect(166, top, 950, top + setting.height), ink)
