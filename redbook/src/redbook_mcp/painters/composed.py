"""Painters made of an image model and our own typesetting: marks over the model's picture, or text over its background."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from io import BytesIO

from PIL import Image

from redbook_mcp.errors import RedBookError
from redbook_mcp.model import Marks
from redbook_mcp.painters.registry import HYBRID
from redbook_mcp.ports import Order, Painted, Painter
from redbook_mcp.render.card import DrawnPage, draw_page
from redbook_mcp.render.overlay import marked_card


class MarkedPainter:
    """An image model, with the author's handle and the notice that a model made the picture set over what it paints."""

    def __init__(self, model: Painter) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def model(self) -> str:
        return self._model.model

    @property
    def is_remote(self) -> bool:
        return True

    def prompt(self, order: Order) -> str:
        return self._model.prompt(order)

    async def paint(self, order: Order) -> Painted:
        painted = await self._model.paint(order)
        cards = await asyncio.to_thread(lambda: tuple(marked_card(card, order.marks) for card in painted.cards))
        return replace(painted, cards=cards)

    async def aclose(self) -> None:
        await self._model.aclose()


class HybridPainter:
    """An image model paints a background without text; the text is set over it on this machine, every letter right."""

    name = HYBRID

    def __init__(self, model: Painter) -> None:
        """`model` has to be one that is asked for pictures without text."""
        self._model = model

    @property
    def model(self) -> str:
        return self._model.model

    @property
    def is_remote(self) -> bool:
        return True

    def prompt(self, order: Order) -> str:
        """What the model is asked for; the text itself is not among it but as the theme of the picture."""
        return self._model.prompt(order)

    async def paint(self, order: Order) -> Painted:
        """Set the text once without a background first: text that does not fit is refused before anything is billed."""
        try:
            await asyncio.to_thread(_draw, order, None)
        except RedBookError as error:
            error.unbilled = True
            raise
        painted = await self._model.paint(order)
        page = await asyncio.to_thread(_draw, order, painted.cards[0])
        cards = tuple(card.png for card in page.cards)
        return replace(painted, cards=cards, warnings=(*painted.warnings, *page.warnings))

    async def aclose(self) -> None:
        await self._model.aclose()


def _draw(order: Order, background: bytes | None) -> DrawnPage:
    """The marks are set over the whole, as over a model's own picture: nothing is known of what lies beneath them."""
    if background is None:
        return draw_page(order.page, outline=order.outline, topic=order.theme, style=order.style, marks=Marks())
    with Image.open(BytesIO(background), formats=["PNG"]) as picture:
        ground = picture.convert("RGB")
    drawn = draw_page(order.page, outline=order.outline, topic=order.theme, style=order.style, marks=Marks(), background=ground)
    cards = tuple(replace(card, png=marked_card(card.png, order.marks)) for card in drawn.cards)
    return replace(drawn, cards=cards)
