"""A block that no card holds whole, as two blocks."""

from __future__ import annotations

from dataclasses import replace

from redbook_mcp.render.blocks import Block
from redbook_mcp.render.boxes import boxes_of
from redbook_mcp.render.kit import Kit
from redbook_mcp.render.plain import clusters


def divided(kit: Kit, block: Block, width: int, height: int) -> tuple[Block | None, Block | None]:
    """The block's beginning, as much as a height holds, and the rest; two times None if nothing of it fits."""
    if block.kind == "versus":
        return _rows(kit, block, width, height)
    if block.kind == "tags":
        return _words(kit, block, width, height)
    pieces = clusters(block.text)
    low, high = 0, len(pieces) - 1
    while low < high:
        middle = (low + high + 1) // 2
        box = boxes_of(kit, [replace(block, text="".join(pieces[:middle]))], width)[0]
        low, high = (middle, high) if box.height <= height else (low, middle - 1)
    if low == 0:
        return None, None
    cut = _good_end(pieces, low)
    rest = replace(block, text="".join(pieces[cut:]).strip(), head="", marker="" if block.kind == "item" else block.marker)
    return replace(block, text="".join(pieces[:cut]).strip()), rest


def _good_end(pieces: list[str], last: int) -> int:
    """Where to divide at or before a place: after a sentence if one ends near, else after a pause."""
    for ends, back in (("\n。！？!?", 60), ("，；、,; ", 20)):
        for place in range(last, max(1, last - back), -1):
            if pieces[place - 1] in ends:
                return place
    return last


def _rows(kit: Kit, block: Block, width: int, height: int) -> tuple[Block | None, Block | None]:
    for count in range(len(block.rows) - 1, 0, -1):
        first = replace(block, rows=block.rows[:count])
        if boxes_of(kit, [first], width)[0].height <= height:
            return first, replace(block, rows=block.rows[count:])
    return None, None


def _words(kit: Kit, block: Block, width: int, height: int) -> tuple[Block | None, Block | None]:
    words = block.text.replace("#", " #").split()
    for count in range(len(words) - 1, 0, -1):
        first = replace(block, text=" ".join(words[:count]))
        if boxes_of(kit, [first], width)[0].height <= height:
            return first, replace(block, text=" ".join(words[count:]))
    return None, None
