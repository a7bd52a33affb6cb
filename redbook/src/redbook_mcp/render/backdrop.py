"""A picture behind a card in the place of the theme's ground, and the sheet that keeps text on it readable."""

from __future__ import annotations

from PIL import Image, ImageOps

from redbook_mcp.model import HEIGHT, WIDTH
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.kit import Kit, Part


def backdrop(canvas: Canvas, kit: Kit, part: Part, picture: Image.Image) -> None:
    """Fill the card with the picture, cropped to it, and lay the sheet that a page's text stands on; a cover lays its own."""
    canvas.image.paste(ImageOps.fit(picture.convert("RGB"), (WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    if part == "cover":
        return
    area = kit.theme.area
    left, right = max(28, area.left - 52), min(WIDTH - 28, area.right + 52)
    sheet = Rect(left, max(60, area.top - 60), right, min(HEIGHT - 108, area.bottom + 40))
    canvas.shadow(sheet, (0, 0, 0), 40, 24, 0.25)
    canvas.box(sheet, kit.sheet, 40, opacity=0.94)
