"""Pages that are no covers: their blocks at the largest size that fits, else carried over to further cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from redbook_mcp.render.blocks import Block, Content
from redbook_mcp.render.boxes import boxes_of
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.colours import mix
from redbook_mcp.render.dividing import divided
from redbook_mcp.render.emblems import emblem_for
from redbook_mcp.render.heads import head_box, statement_box
from redbook_mcp.render.kit import SIZES, Box, Kit

_AIRS: Final = (2.6, 2.2, 1.9, 1.6, 1.35, 1.15, 1.0)
_CARRIED_SIZE: Final = 39
"""Size of text that needs several cards."""
_BARE: Final = 0.22
"""Share of a card that is left bare rather than a paragraph divided."""
_ONE_CARD_MAX: Final = 1200
"""Characters above which one card is not tried."""
_SPARSE: Final = 0.62
"""Share of a card's height below which its text looks lost at the top and is moved down."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The boxes of one card, and the kit they were measured with."""

    kit: Kit
    boxes: tuple[Box, ...]

    @property
    def height(self) -> int:
        return stacked(self.boxes)


def stacked(boxes: Sequence[Box]) -> int:
    """Pixels of boxes one below the other."""
    return sum(box.height + (box.gap if place else 0) for place, box in enumerate(boxes))


def lay_out(kit: Kit, content: Content, number: int, cards: int) -> list[Sheet] | None:
    """The cards of a page; None if it needs more of them than allowed."""
    room = kit.theme.area.height
    sizes = [size for size in SIZES if size <= _largest(content)]
    low, high = 0, len(sizes) - 1
    found: Sheet | None = None
    length = sum(len(block.text) for block in content.blocks)
    while low <= high and length <= _ONE_CARD_MAX:
        middle = (low + high) // 2
        sheet = _sheet(replace(kit, size=sizes[middle]), content, number)
        if sheet.height <= room:
            found, high = sheet, middle - 1
        else:
            low = middle + 1
    if found is not None:
        return [_aired(found, content, number)]
    if not content.blocks:
        return None
    for size in (_CARRIED_SIZE, 34, SIZES[-1])[(length > 1200) + (length > 2000) :]:
        sheets = _carried(replace(kit, size=size), content, number, cards)
        if sheets is not None:
            return sheets
    return None


def _largest(content: Content) -> int:
    """The largest size that becomes the content: little text is set large, so that it does not look lost."""
    if any(block.kind in {"item", "versus"} for block in content.blocks):
        return 52 if len(content.blocks) > 3 else 60
    length = sum(len(block.text) for block in content.blocks)
    return next(size for most, size in ((24, 92), (48, 76), (80, 68), (10**9, 60)) if length <= most)


def _sheet(kit: Kit, content: Content, number: int) -> Sheet:
    return Sheet(kit, tuple(_boxes(kit, content, number)))


def _boxes(kit: Kit, content: Content, number: int) -> list[Box]:
    width = kit.theme.area.width
    head = head_box(kit, content.title, content.subtitle, number, width)
    boxes = boxes_of(kit, content.blocks, width)
    if (
        head is None
        and len(boxes) == 1
        and content.blocks[0].kind == "text"
        and (box := statement_box(kit, content.blocks[0].text, width))
    ):
        return [box]
    if head is not None and boxes:
        boxes[0] = replace(boxes[0], gap=round(kit.size * min(kit.air, 1.5)))
    return [*([head] if head else []), *boxes]


def _aired(sheet: Sheet, content: Content, number: int, airs: Sequence[float] = _AIRS) -> Sheet:
    """The sheet with as much room between its boxes as the card has to spare."""
    for air in airs:
        tried = _sheet(replace(sheet.kit, air=air), content, number)
        if tried.height <= sheet.kit.theme.area.height:
            return tried
    return sheet


def _carried(kit: Kit, content: Content, number: int, cards: int) -> list[Sheet] | None:
    """The blocks on several cards, the title on each."""
    room = kit.theme.area.height
    blocks = list(content.blocks)
    sheets: list[Sheet] = []
    subtitle = content.subtitle
    while blocks:
        if len(sheets) == cards:
            return None
        taken, blocks = _filled(kit, replace(content, subtitle=subtitle), blocks, number, room)
        if not taken:
            return None
        part = Content(content.title, subtitle, tuple(taken))
        sheets.append(_aired(_sheet(kit, part, number), part, number, _AIRS[-3:]))
        subtitle = ""
    return sheets


def _filled(kit: Kit, content: Content, blocks: list[Block], number: int, room: int) -> tuple[list[Block], list[Block]]:
    """As many blocks as one card holds, the last of them divided if need be, and the others."""
    title = [head] if (head := head_box(kit, content.title, content.subtitle, number, kit.theme.area.width)) else []
    used = stacked(title)
    boxes = boxes_of(kit, blocks, kit.theme.area.width)
    taken = 0
    for box in boxes:
        gap = (box.gap if taken else kit.room(1.0)) if used else 0
        if used + gap + box.height > room:
            break
        used += gap + box.height
        taken += 1
    if taken < len(blocks):
        spare = room - used - kit.room(1.0)
        if taken == 0 or (spare > room * _BARE and blocks[taken].kind == "text"):
            first, rest = divided(kit, blocks[taken], kit.theme.area.width, spare)
            if first is not None and rest is not None:
                return [*blocks[:taken], first], [rest, *blocks[taken + 1 :]]
        while taken > 1 and boxes[taken - 1].keeps_next:
            taken -= 1
    return blocks[:taken], blocks[taken:]


def draw_sheet(canvas: Canvas, sheet: Sheet, texts: Sequence[str], *, repeats_title: bool = False) -> None:
    """Draw a card's boxes; little text stands a little above the middle. A title that a card before bore is an ornament."""
    area = sheet.kit.theme.area
    spare = area.height - sheet.height
    top = area.top + (round(spare * 0.36) if sheet.height < area.height * _SPARSE else round(spare * 0.3))
    for place, box in enumerate(sheet.boxes):
        top += box.gap if place else 0
        box.paint(canvas, Rect(area.left, top, area.right, top + box.height))
        if repeats_title and place == 0:
            canvas.placed = [replace(placed, is_ornament=True) for placed in canvas.placed]
        top += box.height
    _fill(canvas, sheet.kit, Rect(area.left, top + 60, area.right, area.bottom), texts)


def _fill(canvas: Canvas, kit: Kit, rect: Rect, texts: Sequence[str]) -> None:
    """A pale picture at the right where a card's lower part is bare."""
    side = min(rect.height, 340)
    if side < 150:
        return
    centre = (rect.right - side // 2, rect.bottom - side // 2)
    canvas.picture(emblem_for(kit, texts), centre, side, mix(kit.sheet, kit.colours.accent, 0.3))
