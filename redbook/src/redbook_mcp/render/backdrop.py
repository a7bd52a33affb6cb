"""A picture behind a card in the place of the theme's ground, and the sheet that keeps text on it readable."""

from __future__ import annotations

from PIL import Image, ImageOps

from redbook_mcp.model import HEIGHT, WIDTH
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.kit import CARD, Kit, Part


def backdrop(canvas: Canvas, kit: Kit, part: Part, picture: Image.Image) -> None:
    """Fill the card with the picture, cropped to it, under a veil of the ground's colour and a sheet for the text."""
    canvas.image.paste(ImageOps.fit(picture.convert("RGB"), (WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    area = kit.theme.area
    if part == "cover":
        canvas.box(CARD, kit.colours.ground, opacity=0.2)
        area = Rect(92, 120, 988, 1320)
    sheet = Rect(
        max(28, area.left - 52), max(60, area.top - 60), min(WIDTH - 28, area.right + 52), min(HEIGHT - 84, area.bottom + 44)
    )
    canvas.shadow(sheet, (0, 0, 0), 40, 24, 0.25)
    canvas.box(sheet, kit.colours.panel, 40, opacity=0.93)
