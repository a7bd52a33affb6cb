"""The painter that needs no model: cards drawn on this machine."""

from __future__ import annotations

from typing import Final

import anyio.to_thread

from redbook_mcp.ports import Order, Painted
from redbook_mcp.render.card import draw_page, text_of

MODEL: Final = "cards-1"
"""Named in every version it paints; another number when the same order gives other cards."""


class LocalPainter:
    """`ports.Painter` without network, key or cost. The same order gives the same bytes."""

    @property
    def name(self) -> str:
        return "local"

    @property
    def model(self) -> str:
        return MODEL

    @property
    def is_remote(self) -> bool:
        return False

    def prompt(self, order: Order) -> str:
        """The text that is set."""
        return text_of(order.page)

    async def paint(self, order: Order) -> Painted:
        """Draw the page in a worker thread. The cover, feedback and references have no say beyond the order's style."""
        page = await anyio.to_thread.run_sync(
            lambda: draw_page(order.page, outline=order.outline, topic=order.theme, style=order.style, marks=order.marks)
        )
        return Painted(tuple(card.png for card in page.cards), MODEL, self.prompt(order), warnings=page.warnings)

    async def aclose(self) -> None:
        return None
