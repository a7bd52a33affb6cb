"""Comparisons: two columns, row beside row."""

from __future__ import annotations

from dataclasses import replace

from redbook_mcp.render.blocks import Block
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.colours import Colour, mix
from redbook_mcp.render.kit import Box, Kit
from redbook_mcp.render.setting import Setting, set_text

_HEAD_MAX = 10


def versus_box(kit: Kit, block: Block, width: int) -> Box:
    """A comparison. The first row heads the columns if it is short and others follow."""
    rows = block.rows
    headed = len(rows) > 1 and all(0 < len(cell) <= _HEAD_MAX for cell in rows[0])
    gutter, across, down = kit.ems(0.5), kit.ems(0.55), kit.room(0.55)
    column = (width - gutter) // 2
    set_rows = [
        [_cell(kit, cell, column - 2 * across, is_head=headed and place == 0) for cell in row] for place, row in enumerate(rows)
    ]
    heights = [max(cell.height for cell in row) + 2 * down for row in set_rows]

    def paint(canvas: Canvas, rect: Rect) -> None:
        tops = [rect.top + sum(heights[:place]) for place in range(len(heights) + 1)]
        columns = [
            Rect(rect.left, rect.top, rect.left + column, rect.bottom),
            Rect(rect.right - column, rect.top, rect.right, rect.bottom),
        ]
        grounds = [_column(canvas, kit, area, heights[0] if headed else 0, side) for side, area in enumerate(columns)]
        for place, row in enumerate(set_rows):
            for side, cell in enumerate(row):
                on = _head(kit, side) if headed and place == 0 else grounds[side]
                area = columns[side]
                if place > int(headed):
                    canvas.box(
                        Rect(area.left + across, tops[place] - 1, area.right - across, tops[place] + 1),
                        mix(on, kit.colours.ink, 0.14),
                    )
                top = tops[place] + (heights[place] - cell.height) // 2
                is_head = headed and place == 0
                cell.draw(canvas, replace(area.inset(across), top=top), kit.ink(on=on), "centre" if is_head else "left")

    return Box(sum(heights), paint, kit.room(0.9))


def _cell(kit: Kit, text: str, width: int, *, is_head: bool) -> Setting:
    kind = replace(kit.bold if is_head else kit.body, balance=is_head)
    return set_text(text, kind, round(kit.size * (1.06 if is_head else 0.92)), width)


def _head(kit: Kit, side: int) -> Colour:
    return kit.colours.second if side else kit.colours.accent


def _column(canvas: Canvas, kit: Kit, area: Rect, head: int, side: int) -> Colour:
    """Draw a column; the colour that its rows stand on."""
    colour = _head(kit, side)
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
