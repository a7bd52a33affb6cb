"""Covers: one composition for each theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from redbook_mcp.render import lettering
from redbook_mcp.render.blocks import Content
from redbook_mcp.render.boxes import boxes_of
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.emblems import draw_emblem, emblem_for
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.kit import Box, Kit
from redbook_mcp.render.setting import Align, Setting, Type, fitted, set_text


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a theme's cover puts things: everything stands in `area`, one below the other."""

    area: Rect
    align: Align
    sizes: tuple[int, int]
    """Of the title, largest and smallest."""
    order: tuple[Literal["emblem", "title", "subtitle"], ...]
    emblem: tuple[int, int]
    """Pixels of height of the emblem, least and most; it is left out where the least does not fit."""
    anchor: float
    """Share of the spare room that stands above."""
    leading: float = 1.2
    lines: int = 5


_PLANS: Final = {
    "cream": Plan(Rect(124, 150, 956, 1290), "centre", (236, 56), ("emblem", "title", "subtitle"), (200, 420), 0.45),
    "magazine": Plan(Rect(96, 150, 984, 1300), "left", (250, 56), ("title", "subtitle", "emblem"), (240, 560), 0.0),
    "pop": Plan(Rect(84, 110, 986, 1330), "left", (232, 52), ("title", "subtitle", "emblem"), (220, 470), 0.45, 1.34),
    "notebook": Plan(Rect(110, 130, 980, 1310), "left", (240, 56), ("title", "subtitle", "emblem"), (220, 470), 0.4, 1.3),
    "ink": Plan(Rect(130, 150, 950, 1270), "centre", (200, 52), ("emblem", "title", "subtitle"), (190, 360), 0.3),
    "night": Plan(Rect(92, 130, 988, 1310), "left", (240, 54), ("emblem", "title", "subtitle"), (200, 320), 0.62),
    "candy": Plan(Rect(112, 140, 968, 1296), "centre", (250, 58), ("title", "emblem", "subtitle"), (220, 480), 0.45),
    "swiss": Plan(Rect(92, 120, 988, 1310), "left", (250, 58), ("emblem", "title", "subtitle"), (220, 700), 1.0, 1.14),
}
_GAP: Final = 52


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover with everything measured."""

    plan: Plan
    title: Setting
    subtitle: Setting | None
    boxes: tuple[Box, ...]
    left_over: int
    """Blocks that did not fit."""


def measure(kit: Kit, content: Content) -> Cover:
    """Fit a cover's text; the title is as large as it can be, and smaller where the blocks below it need room."""
    plan = _over_picture(_PLANS[kit.theme.name]) if kit.over_picture else _PLANS[kit.theme.name]
    shares = ((50, 40), (42, 38), (34, 36), (26, 34)) if content.blocks else ((66, 40),)
    found = [_measured(kit, content, plan, share, size) for share, size in shares]
    return next((cover for cover in found if not cover.left_over), found[0])


def _over_picture(plan: Plan) -> Plan:
    """The text at the foot, and the picture above it."""
    return replace(
        plan, area=Rect(108, 140, 972, 1264), sizes=(190, 50), order=("title", "subtitle"), emblem=(10_000, 0), anchor=1.0
    )


def _measured(kit: Kit, content: Content, plan: Plan, share: int, size: int) -> Cover:
    """The cover with a title of at most a share (percent) of its height, and blocks of a size."""
    width = plan.area.width - lettering.inset(kit)
    subtitle = _subtitle(kit, content.subtitle, width) if content.subtitle else None
    others = (0 if content.blocks or kit.over_picture else plan.emblem[0] + _GAP) + _GAP
    others += lettering.under(kit, subtitle) + _GAP if subtitle else 0
    room = min(plan.area.height * share // 100, plan.area.height - others - 80)
    title = _title(kit, plan, content.title, (width, room))
    small = replace(kit, size=size, theme=replace(kit.theme, align=plan.align))
    used = lettering.height(kit, title) + (lettering.under(kit, subtitle) + _GAP if subtitle else 0)
    boxes = boxes_of(small, content.blocks, plan.area.width - (80 if kit.theme.name == "candy" else 0))
    kept: list[Box] = []
    for box in boxes:
        if used + _GAP + box.height + box.gap > plan.area.height:
            break
        used += box.height + (box.gap if kept else _GAP)
        kept.append(box)
    while kept and len(kept) < len(boxes) and kept[-1].keeps_next:
        kept.pop()
    return Cover(plan, title, subtitle, tuple(kept), len(boxes) - len(kept))


def _title(kit: Kit, plan: Plan, text: str, room: tuple[int, int]) -> Setting:
    if not text:
        return Setting((), 60, 60)
    found = kit.titled(text, plan.sizes, room, plan.lines) or kit.titled(text, (plan.sizes[1], 36), room, 12)
    if found is None:
        cut = Cut("sans", 800)
        found = set_text(text, Type(cut, cut, 1.3), 36, room[0])
    return replace(found, leading=round(found.size * plan.leading))


def _subtitle(kit: Kit, text: str, width: int) -> Setting:
    kind = replace(kit.bold, leading=1.4)
    room = (width - 90, 200)
    return (
        fitted(text, kind, (58, 54, 50, 46), room, 1)
        or fitted(text, kind, (54, 50, 46, 42, 38), room, 2)
        or set_text(text, replace(kind, balance=True), 38, width - 90)
    )


def draw_cover(canvas: Canvas, kit: Kit, cover: Cover, texts: Sequence[str]) -> None:
    """Draw a measured cover. `texts` are what the emblem is chosen by."""
    plan, area = cover.plan, cover.plan.area
    heights = {
        "title": lettering.height(kit, cover.title),
        "subtitle": lettering.under(kit, cover.subtitle) if cover.subtitle else 0,
    }
    blocks = sum(box.height + (box.gap if place else _GAP) for place, box in enumerate(cover.boxes))
    spare = area.height - blocks - sum(heights.values()) - _GAP * sum(height > 0 for height in heights.values())
    emblem = min(plan.emblem[1], spare) if spare >= plan.emblem[0] else 0
    heights["emblem"] = emblem
    top = area.top + round(max(0, spare - emblem) * plan.anchor)
    if kit.over_picture:
        sheet = Rect(area.left - 56, max(64, top - 60), area.right + 56, area.bottom + 56)
        canvas.shadow(sheet, (0, 0, 0), 44, 24, 0.3)
        canvas.box(sheet, kit.sheet, 44, opacity=0.94)
    for part in plan.order:
        if not heights[part]:
            continue
        rect = Rect(area.left, top, area.right, top + heights[part])
        if part == "emblem":
            draw_emblem(canvas, kit, emblem_for(kit, texts), rect)
        elif part == "title":
            lettering.draw_title(canvas, kit, cover.title, rect, plan.align)
        elif cover.subtitle is not None:
            lettering.draw_subtitle(canvas, kit, cover.subtitle, rect, plan.align)
        top += heights[part] + _GAP
    inset = 40 if kit.theme.name == "candy" else 0
    for place, box in enumerate(cover.boxes):
        top += box.gap if place else 0
        box.paint(canvas, Rect(area.left + inset, top, area.right - inset, top + box.height))
        top += box.height
