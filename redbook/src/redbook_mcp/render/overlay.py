"""Marks over a finished picture of any kind: each on a veil of its own, since nothing is known of what is beneath."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from redbook_mcp.model import HEIGHT, WIDTH, Marks
from redbook_mcp.render.canvas import Canvas, Ink, Rect
from redbook_mcp.render.card import DRAWING
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.plain import inert
from redbook_mcp.render.setting import Type, set_text

LABEL_SIZE: Final = 54
"""Pixels of the notice: GB 45438-2025 asks for 5 % of the shorter side."""
HANDLE_SIZE: Final = 30
_EDGE: Final = 36
_KIND: Final = Type(Cut("sans", 500), Cut("sans", 500))
_WHITE: Final = (255, 255, 255)
_VEIL: Final = (24, 24, 24)
_TEXT_MAX: Final = 40


def marked_card(png: bytes, marks: Marks) -> bytes:
    """The card with the author's handle in its corner and the notice in a lower one, the left unless the handle is there.

    XMP is carried over. Without marks the card is returned as it is.
    """
    if not marks.watermark and not marks.ai_label:
        return png
    with Image.open(BytesIO(png), formats=["PNG"]) as opened:
        xmp = opened.info.get("XML:com.adobe.xmp")
        canvas = Canvas(opened.convert("RGB"))
    corner = marks.watermark_corner
    with DRAWING:
        if marks.watermark:
            _corner(canvas, marks.watermark, corner, HANDLE_SIZE)
        if marks.ai_label:
            is_taken = bool(marks.watermark) and corner == "bottom-left"
            _corner(canvas, marks.ai_label, "bottom-right" if is_taken else "bottom-left", LABEL_SIZE)
    return _encoded(canvas.image, xmp if isinstance(xmp, str) else None)


def _corner(canvas: Canvas, text: str, corner: str, size: int) -> None:
    setting = set_text(" ".join(inert(text).split())[:_TEXT_MAX], _KIND, size, WIDTH - 4 * _EDGE)
    if not setting.lines:
        return
    vertical, side = corner.split("-")
    pad = size // 3
    left = _EDGE if side == "left" else WIDTH - _EDGE - setting.width - 2 * pad
    top = _EDGE if vertical == "top" else HEIGHT - _EDGE - size - pad
    veil = Rect(left, top, left + setting.width + 2 * pad, top + size + pad)
    canvas.box(veil, _VEIL, pad, opacity=0.55)
    inner = Rect(left + pad, top + pad // 2, veil.right - pad, top + pad // 2 + size)
    setting.draw(canvas, inner, Ink(_WHITE, _WHITE, _WHITE), is_ornament=True)


def _encoded(image: Image.Image, xmp: str | None) -> bytes:
    metadata = PngInfo()
    if xmp is not None:
        metadata.add_itxt("XML:com.adobe.xmp", xmp)
    out = BytesIO()
    image.save(out, "PNG", pnginfo=metadata, compress_level=6)
    return out.getvalue()
