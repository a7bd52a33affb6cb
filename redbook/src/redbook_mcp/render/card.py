"""A page as cards: content read, layout chosen, text fitted or carried over to further cards, drawn and encoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

from PIL import Image

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.render import plain
from redbook_mcp.render.backdrop import backdrop
from redbook_mcp.render.blocks import Block, Content, content_of
from redbook_mcp.render.canvas import Canvas, Placed
from redbook_mcp.render.colours import from_palette
from redbook_mcp.render.covers import draw_cover, measure
from redbook_mcp.render.grounds import draw_ground
from redbook_mcp.render.kit import Kit, Part
from redbook_mcp.render.marks import draw_marks, draw_number
from redbook_mcp.render.pages import draw_sheet, lay_out
from redbook_mcp.render.themes import theme_of
from redbook_mcp.render.vertical import columns_of, draw_columns
from redbook_mcp.render.words import pairs_of

Layout = Literal["cover", "content", "list", "comparison", "summary"]

CARDS_MAX: Final = 6
"""Cards of one page."""
TEXT_MAX: Final = 5_000
"""Characters of a page that are looked at: more never fit on six cards."""
PARTS_MAX: Final = 160
"""Lines of the smallest size on six cards."""
DRAWING: Final = Lock()
"""FreeType faces and the caches of them belong to one thread at a time."""


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """One card, and every line of text on it in reading order."""

    png: bytes
    placed: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page, drawn."""

    cards: tuple[DrawnCard, ...]
    layout: Layout
    warnings: tuple[str, ...]
    substituted: tuple[str, ...]
    """Characters that no face has, each once."""


def draw_page(
    page: Page,
    *,
    outline: Sequence[Page],
    topic: str,
    style: Style,
    marks: Marks,
    background: Image.Image | None = None,
) -> DrawnPage:
    """The page as PNG cards of 1080×1440, the same bytes for the same arguments.

    `background` is a picture without text that takes the place of the theme's ground; a sheet is laid over it where text stands.
    Errors: TEXT_OVERFLOW, if the text needs more than `CARDS_MAX` cards at its smallest size.
    """
    length = len(page.content) + len(page.title or "") + len(page.subtitle or "")
    if length > TEXT_MAX:
        raise overflow(page, f"has {length:,} characters; at most about 2,400 fit")
    with DRAWING:
        return _draw(page, outline, topic, style, marks, background)


def overflow(page: Page, what: str) -> RedBookError:
    return RedBookError(
        Code.TEXT_OVERFLOW, f"page {page.number} {what} on its {CARDS_MAX} cards; shorten it or divide it into pages"
    )


def _draw(
    page: Page, outline: Sequence[Page], topic: str, style: Style, marks: Marks, background: Image.Image | None
) -> DrawnPage:
    content = content_of(page)
    if parts_of(content) > PARTS_MAX:
        raise overflow(page, f"has {parts_of(content)} lines, items, rows and tags; at most {PARTS_MAX} fit")
    theme = theme_of(style.theme)
    colours = from_palette(style.palette) if style.palette else theme.palettes[style.seed % len(theme.palettes)]
    texts = [content.title, content.subtitle, topic]
    pairs = pairs_of([topic, *(each.content for each in outline)])
    kit = Kit(theme, colours, seed=style.seed, pairs=pairs, over_picture=background is not None)
    layout = layout_of(page, content)
    canvases: list[Canvas] = []
    blocks: Sequence[Block] = content.blocks
    title, subtitle = content.title, content.subtitle
    if layout == "cover":
        canvas = _canvas(kit, "cover", background)
        canvases.append(canvas)
        left_over = _cover(canvas, kit, content, texts, page)
        blocks, title, subtitle = blocks[len(blocks) - left_over :], "", ""
    part: Part = "summary" if layout == "summary" else "body"
    if layout != "cover" or blocks:
        number = place_of(page, outline)
        sheets = lay_out(kit, Content(title, subtitle, tuple(blocks)), number, CARDS_MAX - len(canvases))
        if sheets is None:
            raise overflow(page, f"does not fit: about {fits(content)} of its {length_of(content)} characters do")
        for place, sheet in enumerate(sheets):
            canvas = _canvas(kit, part, background)
            draw_sheet(canvas, sheet, texts, repeats_title=bool(place and title))
            canvases.append(canvas)
    # On a picture the small number could not be read, and painting it anew when pages move would be billed.
    return _finished(canvases, kit, marks, page, len(outline) if background is None else 0, layout)


def _cover(canvas: Canvas, kit: Kit, content: Content, texts: Sequence[str], page: Page) -> int:
    """Draw a cover; returns the number of its last blocks that did not fit."""
    if columns := columns_of(kit, content):
        draw_columns(canvas, kit, columns, content, texts)
        return 0
    cover = measure(kit, content)
    if cover.title.height > cover.plan.area.height:
        raise overflow(page, "has a title that does not fit")
    draw_cover(canvas, kit, cover, texts)
    return cover.left_over


def parts_of(content: Content) -> int:
    """Lines, items, rows and tags: each takes a line of its own, or nearly."""
    return sum(1 + block.text.count("\n") + len(block.rows) + block.text.count("#") for block in content.blocks)


def length_of(content: Content) -> int:
    return sum(len(block.text) + len(block.head) + sum(len(a) + len(b) for a, b in block.rows) for block in content.blocks)


def fits(content: Content) -> int:
    """A careful estimate of the characters that six cards hold."""
    return min(length_of(content) * 9 // 10, 2400)


def place_of(page: Page, outline: Sequence[Page]) -> int:
    """The page's number as readers count: the cover is none."""
    covers = sum(each.type == "cover" and each.number < page.number for each in outline)
    return max(1, page.number - covers)


def _canvas(kit: Kit, part: Part, background: Image.Image | None) -> Canvas:
    canvas = Canvas()
    if background is None:
        draw_ground(canvas, kit, part)
    else:
        backdrop(canvas, kit, part, background)
    return canvas


def layout_of(page: Page, content: Content) -> Layout:
    """Chosen by the page's type, then by what it mostly holds."""
    if page.type == "cover":
        return "cover"
    if page.type == "summary":
        return "summary"
    if any(block.kind == "versus" for block in content.blocks):
        return "comparison"
    items = sum(block.kind == "item" for block in content.blocks)
    return "list" if items >= 2 else "content"


def _finished(canvases: Sequence[Canvas], kit: Kit, marks: Marks, page: Page, pages: int, layout: Layout) -> DrawnPage:
    cards = []
    missing: dict[str, None] = {}
    for place, canvas in enumerate(canvases):
        if pages and (layout != "cover" or place):
            draw_number(
                canvas, kit, f"{page.number}/{pages}" + (f" · {place + 1}/{len(canvases)}" if len(canvases) > 1 else ""), marks
            )
        draw_marks(canvas, kit, marks)
        missing |= canvas.missing
        cards.append(DrawnCard(encoded(canvas.image), tuple(canvas.placed)))
    substituted = tuple(missing)
    warnings = tuple(
        f"page {page.number}: no face has {plain.without_emphasis(each)!r} (U+{ord(each[0]):04X}); a sign stands for it"
        for each in substituted[:20]
    )
    return DrawnPage(tuple(cards), layout, warnings, substituted)


def encoded(image: Image.Image) -> bytes:
    """The picture as PNG; the same bytes for the same pixels."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6)
    return out.getvalue()


def text_of(page: Page) -> str:
    """The text that a page's cards hold, one block to a line."""
    content = content_of(page)
    lines = [content.title, content.subtitle]
    for block in content.blocks:
        rows = [" | ".join(row) for row in block.rows]
        lines += rows or [" ".join(part for part in (block.marker, block.head, block.text) if part)]
    return plain.without_emphasis("\n".join(line for line in lines if line))
