"""Blocks as boxes, in a theme's manner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from redbook_mcp.render import plain
from redbook_mcp.render.blocks import Block
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.colours import Colour, mix
from redbook_mcp.render.kit import Box, Kit
from redbook_mcp.render.marking import draw_marker, marker_width
from redbook_mcp.render.setting import Setting, Type, set_text
from redbook_mcp.render.versus import versus_box


def boxes_of(kit: Kit, blocks: Sequence[Block], width: int) -> list[Box]:
    """Each block as a box of a width."""
    # One weight for all items: a list of which only some are bold says that those matter more.
    kit = replace(kit, strong_items=all(_is_short(block) for block in blocks if block.kind == "item" and not block.head))
    found = []
    before: Block | None = None
    for block in blocks:
        box = _box(kit, block, width)
        if block.kind == "text" and before is not None and before.kind == "text":
            box = replace(box, gap=kit.room(0.62))
        elif before is not None and before.kind == "heading":
            box = replace(box, gap=kit.room(0.55))
        found.append(box)
        before = block
    return found


def _box(kit: Kit, block: Block, width: int) -> Box:
    match block.kind:
        case "heading":
            return _heading(kit, block, width)
        case "item":
            return _item(kit, block, width)
        case "tip":
            return _tip(kit, block, width)
        case "tags":
            return _tags(kit, block, width)
        case "versus":
            return versus_box(kit, block, width)
        case _:
            return _text(kit, block, width)


def _text(kit: Kit, block: Block, width: int) -> Box:
    setting = set_text(block.text, replace(kit.body, balance=kit.theme.align == "centre"), kit.size, width)

    def paint(canvas: Canvas, rect: Rect) -> None:
        setting.draw(canvas, rect, kit.ink(), kit.theme.align)

    return Box(setting.height, paint, kit.room(0.8))


def _heading(kit: Kit, block: Block, width: int) -> Box:
    bar = kit.ems(0.6)
    setting = set_text(block.text, replace(kit.bold, balance=True), round(kit.size * 1.16), width - bar)

    def paint(canvas: Canvas, rect: Rect) -> None:
        mark = Rect(rect.left, rect.top + 2, rect.left + max(6, kit.ems(0.16)), rect.top + setting.height)
        canvas.box(mark, kit.colours.accent, mark.width // 2 if kit.theme.radius else 0)
        setting.draw(canvas, Rect(rect.left + bar, rect.top, rect.right, rect.bottom), kit.ink())

    return Box(setting.height, paint, kit.room(1.1), keeps_next=True)


def _item(kit: Kit, block: Block, width: int) -> Box:
    framed = kit.theme.frame in {"panel", "outline", "hard", "bar"}
    across, down = (kit.ems(0.75), kit.room(0.62)) if framed else (0, 0)
    if kit.theme.frame == "rule":
        down = kit.room(0.5)
    left = across + (marker_width(kit, block.marker) if block.marker else 0)
    inner = width - left - across
    head = set_text(block.head, replace(kit.bold, balance=True), round(kit.size * 1.1), inner) if block.head else None
    kind = (
        kit.body
        if block.head
        else Type(kit.theme.strong if kit.strong_items else kit.theme.body, kit.theme.strong, kit.theme.leading, words=kit.pairs)
    )
    text = set_text(block.text, kind, round(kit.size * (0.94 if head else 1)), inner) if block.text else None
    between = kit.ems(0.36) if head and text else 0
    height = 2 * down + (head.height if head else 0) + between + (text.height if text else 0)

    def paint(canvas: Canvas, rect: Rect) -> None:
        on = _frame(canvas, kit, rect)
        top = rect.top + down
        if block.marker:
            first = head or text
            centre = (first.size - kit.size) // 2 if first else 0
            draw_marker(canvas, kit, block.marker, rect.left + across, top + centre)
        inside = Rect(rect.left + left, top, rect.left + left + inner, rect.bottom)
        if head:
            head.draw(canvas, inside, kit.ink(on=on))
            inside = replace(inside, top=top + head.height + between)
        if text:
            text.draw(canvas, inside, kit.ink(mix(kit.colours.ink, on, 0.12) if head else None, on=on))

    return Box(height, paint, kit.room(0.55 if framed else 0.85 if kit.theme.frame != "rule" else 0.0))


def _is_short(block: Block) -> bool:
    return len(plain.without_emphasis(block.text)) <= 14


def _frame(canvas: Canvas, kit: Kit, rect: Rect) -> Colour:
    """Draw an item's frame; the colour that its text stands on."""
    colours = kit.colours
    fill = mix(colours.panel, colours.soft, 0.55)
    match kit.theme.frame:
        case "panel":
            canvas.box(rect, fill, kit.theme.radius)
            return fill
        case "outline":
            canvas.border(rect, colours.ink, colours.panel, 4, kit.theme.radius)
        case "hard":
            canvas.box(Rect(rect.left + 9, rect.top + 9, rect.right + 9, rect.bottom + 9), colours.ink, kit.theme.radius)
            canvas.border(rect, colours.ink, colours.panel, 5, kit.theme.radius)
        case "bar":
            canvas.box(rect, colours.panel, kit.theme.radius)
            canvas.box(Rect(rect.left, rect.top, rect.left + 8, rect.bottom), colours.accent, 4)
        case "rule":
            canvas.box(Rect(rect.left, rect.bottom - 2, rect.right, rect.bottom), mix(colours.ground, colours.ink, 0.22))
            return colours.ground
        case _:
            return colours.ground
    return colours.panel


def _tip(kit: Kit, block: Block, width: int) -> Box:
    across, down = kit.ems(0.8), kit.room(0.7)
    left = across + kit.ems(1.6)
    inner = width - left - across
    head = set_text(block.head, kit.bold, kit.size, inner) if block.head else None
    text = set_text(block.text, kit.body, round(kit.size * 0.94), inner) if block.text else None
    between = kit.ems(0.34) if head and text else 0
    height = 2 * down + (head.height if head else 0) + between + (text.height if text else 0)
    fill = mix(kit.sheet, kit.colours.second, 0.3)

    def paint(canvas: Canvas, rect: Rect) -> None:
        if kit.theme.frame in {"hard", "outline"}:
            canvas.border(rect, kit.colours.ink, fill, 4, kit.theme.radius)
        else:
            canvas.box(rect, fill, kit.theme.radius)
        ink, top = kit.ink(on=fill), rect.top + down
        if block.marker == "❝":
            _quote(canvas, kit, rect.left + across, top)
        else:
            mark = set_text(block.marker, kit.body, round(kit.size * 1.1), 4 * kit.size)
            mark.draw(canvas, Rect(rect.left + across, top - 2, rect.left + left, top), ink, is_ornament=block.marker == "💡")
        if head:
            head.draw(canvas, Rect(rect.left + left, top, rect.right, top), ink)
        if text:
            top += head.height + between if head else 0
            text.draw(canvas, Rect(rect.left + left, top, rect.left + left + inner, top), ink)

    return Box(height, paint, kit.room(0.9))


def _quote(canvas: Canvas, kit: Kit, left: int, top: int) -> None:
    """Two quotation marks drawn as shapes."""
    unit = kit.size / 10
    for x in (left, left + unit * 5):
        canvas.circle((round(x + unit * 2), round(top + unit * 4)), round(unit * 2), kit.colours.accent)
        canvas.polygon([(x, top + unit * 4), (x + unit * 3.4, top), (x + unit * 2.6, top + unit * 4)], kit.colours.accent)


def _tags(kit: Kit, block: Block, width: int) -> Box:
    size = max(28, round(kit.size * 0.78))
    rows: list[list[Setting]] = [[]]
    used = 0
    for tag in block.text.replace("＃", "#").replace("#", " #").split():
        chip = set_text(tag, kit.body, size, width - 2 * size)
        if rows[-1] and used + chip.width + 2 * size > width:
            rows.append([])
            used = 0
        rows[-1].append(chip)
        used += chip.width + 2 * size
    row_height = [max(chip.height for chip in row) + size for row in rows if row]
    step = round(size * 0.5)
    fill = mix(kit.sheet, kit.colours.accent, 0.2 if kit.colours.is_dark else 0.14)

    def paint(canvas: Canvas, rect: Rect) -> None:
        top = rect.top
        for row, height in zip(rows, row_height, strict=False):
            total = sum(chip.width + round(1.6 * size) for chip in row)
            x = rect.left + ((width - total) // 2 if kit.theme.align == "centre" else 0)
            for chip in row:
                box = Rect(x, top, x + chip.width + round(1.2 * size), top + height)
                canvas.box(box, fill, height // 2 if kit.theme.radius else 0)
                chip.draw(
                    canvas, Rect(x + round(0.6 * size), top + size // 2, box.right, top), kit.ink(kit.colours.deep, on=fill)
                )
                x += chip.width + round(1.6 * size)
            top += height + step

    return Box(sum(row_height) + step * (len(row_height) - 1), paint, kit.room(1.0))
