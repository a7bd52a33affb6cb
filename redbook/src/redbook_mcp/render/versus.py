"""Comparisons: two columns, row beside row."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from redbook_mcp.render.blocks import Block, has_heads
from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.colours import Colour, mix, sign_on
from redbook_mcp.render.kit import Box, Kit
from redbook_mcp.render.marking import HANDLED, REFUSED
from redbook_mcp.render.setting import Setting, set_text

_BALANCED_MAX: Final = 18
"""Characters of a cell whose lines are made even."""


def versus_box(kit: Kit, block: Block, width: int) -> Box:
    """A comparison. The first row heads the columns if it is short and others follow."""
    rows = block.rows
    headed = has_heads(block)
    gutter, across, down = kit.ems(0.5), kit.ems(0.55), kit.room(0.55)
    column = (width - gutter) // 2
    set_rows = [
        [_cell(kit, cell, column - 2 * across, is_head=headed and place == 0) for cell in row] for place, row in enumerate(rows)
    ]
    heights = [max(cell.height for cell in row) + 2 * down for row in set_rows]

    heads = (REFUSED, HANDLED) if rows[0] == ("❌", "✅") else (kit.colours.accent, kit.colours.second)

    def paint(canvas: Canvas, rect: Rect) -> None:
        tops = [rect.top + sum(heights[:place]) for place in range(len(heights) + 1)]
        columns = [
            Rect(rect.left, rect.top, rect.left + column, rect.bottom),
            Rect(rect.right - column, rect.top, rect.right, rect.bottom),
        ]
        grounds = [_column(canvas, kit, area, heights[0] if headed else 0, heads[side]) for side, area in enumerate(columns)]
        for place, row in enumerate(set_rows):
            for side, cell in enumerate(row):
                on = heads[side] if headed and place == 0 else grounds[side]
                area = columns[side]
                if place > int(headed):
                    canvas.box(
                        Rect(area.left + across, tops[place] - 1, area.right - across, tops[place] + 1),
                        mix(on, kit.colours.ink, 0.14),
                    )
                top = tops[place] + (heights[place] - cell.height) // 2
                is_head = headed and place == 0
                sign = sign_on(on, kit.colours.ink)
                ink = Ink(sign, sign, sign) if is_head else kit.ink(on=on)
                cell.draw(canvas, replace(area.inset(across), top=top), ink, "centre" if is_head else "left")

    return Box(sum(heights), paint, kit.room(0.9))


def _cell(kit: Kit, text: str, width: int, *, is_head: bool) -> Setting:
    kind = replace(kit.bold if is_head else kit.body, balance=is_head or len(text) <= _BALANCED_MAX)
    return set_text(text, kind, round(kit.size * (1.06 if is_head else 0.92)), width)


def _column(canvas: Canvas, kit: Kit, area: Rect, head: int, colour: Colour) -> Colour:
    """Draw a column; the colour that its rows stand on."""
    fill = mix(kit.colours.panel, colour, 0.14)
    radius = kit.theme.radius
    if kit.theme.frame in {"hard", "outline"}:
        canvas.border(area, kit.colours.ink, fill, 4, radius)
        top = Rect(area.left + 4, area.top + 4, area.right - 4, area.top + head)
    else:
        canvas.box(area, fill, radius)
        top = replace(area, bottom=area.top + head)
    if head:
        canvas.box(top, colour, radius)
        if radius:
            canvas.box(replace(top, top=top.bottom - min(radius, head // 2)), colour)
    return fill
