"""A block that no card holds whole, as two blocks."""

from __future__ import annotations

from bisect import bisect_right
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
    parts = [replace(block, rows=block.rows[:count]) for count in range(1, len(block.rows))]
    count = bisect_right(parts, height, key=lambda part: boxes_of(kit, [part], width)[0].height)
    return (parts[count - 1], replace(block, rows=block.rows[count:])) if count else (None, None)


def _words(kit: Kit, block: Block, width: int, height: int) -> tuple[Block | None, Block | None]:
    words = block.text.replace("＃", "#").replace("#", " #").split()
    parts = [replace(block, text=" ".join(words[:count])) for count in range(1, len(words))]
    count = bisect_right(parts, height, key=lambda part: boxes_of(kit, [part], width)[0].height)
    return (parts[count - 1], replace(block, text=" ".join(words[count:]))) if count else (None, None)
