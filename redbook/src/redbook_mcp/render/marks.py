"""What is written over a finished card: its number, the author's handle, the notice that a model made it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from redbook_mcp.model import HEIGHT, WIDTH, Marks
from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.colours import Colour, readable
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.kit import Kit
from redbook_mcp.render.plain import inert
from redbook_mcp.render.setting import Setting, Type, set_text

_SIZE: Final = 26
LABEL_SIZE: Final = 54
"""Of the notice: GB 45438-2025 asks for 5 % of the shorter side."""
_EDGE: Final = 40
_TEXT_MAX: Final = 30
_KIND: Final = Type(Cut("sans", 500), Cut("sans", 500))


def draw_number(canvas: Canvas, kit: Kit, text: str, marks: Marks) -> None:
    """The page's number, in the middle of the lower edge."""
    setting = set_text(text, _KIND, _SIZE, 400)
    left = (WIDTH - setting.width) // 2
    _write(canvas, setting, left, HEIGHT - _EDGE - _SIZE)


def draw_marks(canvas: Canvas, kit: Kit, marks: Marks) -> None:
    """The handle in its corner and the notice in a lower one, the left if the handle is not there."""
    corner = marks.watermark_corner
    if marks.watermark:
        _corner(canvas, marks.watermark, corner)
    if marks.ai_label:
        taken = marks.watermark and corner == "bottom-left"
        _corner(canvas, marks.ai_label, "bottom-right" if taken else "bottom-left", LABEL_SIZE)


def _corner(canvas: Canvas, text: str, corner: str, size: int = _SIZE) -> None:
    shown = " ".join(inert(text).split())[:_TEXT_MAX]
    setting = set_text(shown, _KIND, size, WIDTH // 2)
    if not setting.lines:
        return
    vertical, side = corner.split("-")
    left = _EDGE if side == "left" else WIDTH - _EDGE - setting.width
    _write(canvas, setting, left, _SIZE if vertical == "top" else HEIGHT - _EDGE - size)


def _write(canvas: Canvas, setting: Setting, left: int, top: int) -> None:
    """Set the first line of a small text in what is readable on what is there."""
    setting = replace(setting, lines=setting.lines[:1])
    around = Rect(max(0, left), top, min(WIDTH, left + setting.width), top + setting.size)
    ground = _mean(canvas, around)
    ink = readable((128, 128, 128), ground)
    setting.draw(canvas, around, Ink(ink, ink, ink), is_ornament=True)


def _mean(canvas: Canvas, rect: Rect) -> Colour:
    small = canvas.image.crop((rect.left, rect.top, rect.right, rect.bottom)).resize((1, 1))
    found = small.getpixel((0, 0))
    return found if isinstance(found, tuple) and len(found) == 3 else (255, 255, 255)
