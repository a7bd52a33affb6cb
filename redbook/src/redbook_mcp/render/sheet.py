"""Many cards on one picture, to be looked at together."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image

from redbook_mcp.render.canvas import Canvas, Ink
from redbook_mcp.render.card import DRAWING, encoded
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.plain import inert
from redbook_mcp.render.setting import Type, set_text

_WIDE: Final = 324
_HIGH: Final = 432
_GAP: Final = 24
_LABEL: Final = 24
_GROUND: Final = (236, 236, 238)
_INK: Final = (64, 64, 70)


def contact_sheet(images: Sequence[bytes], titles: Sequence[str], *, columns: int = 5) -> bytes:
    """A PNG with the pictures in rows, each over its title; a missing title is left blank.

    Errors: ValueError without a picture.
    """
    if not images:
        raise ValueError("a contact sheet needs at least one picture")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    step = _HIGH + _LABEL + 2 * _GAP
    canvas = Canvas(Image.new("RGB", (columns * (_WIDE + _GAP) + _GAP, rows * step + _GAP), _GROUND))
    kind = Type(Cut("sans", 500), Cut("sans", 500))
    for place, image in enumerate(images):
        left, top = _GAP + place % columns * (_WIDE + _GAP), _GAP + place // columns * step
        with Image.open(io.BytesIO(image)) as opened:
            canvas.image.paste(
                opened.convert("RGB").resize((_WIDE, _HIGH), Image.Resampling.LANCZOS, reducing_gap=2), (left, top)
            )
        title = " ".join(inert(titles[place]).split()) if place < len(titles) else ""
        with DRAWING:
            lines = set_text(title, kind, _LABEL, _WIDE).lines[:1]
            for line in lines:
                canvas.line(line, left, top + _HIGH + _GAP // 2, _LABEL, Ink(_INK, _INK, _INK))
    return encoded(canvas.image)
