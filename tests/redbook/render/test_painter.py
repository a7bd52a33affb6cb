"""The local painter keeps to the contract of painters."""

from __future__ import annotations

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.ports import Order, Painter
from redbook_mcp.render.painter import LocalPainter
from redbook_mcp.render.sheet import contact_sheet
from tests.redbook.render.notes import COFFEE


def order(page: Page) -> Order:
    return Order(page, COFFEE, "手冲咖啡入门", Style("cream"), Marks())


@pytest.mark.anyio
async def test_it_paints_what_its_prompt_says_without_network() -> None:
    painter: Painter = LocalPainter()
    painted = await painter.paint(order(COFFEE[0]))
    assert (painter.name, painter.is_remote, painted.model) == ("local", False, painter.model)
    assert painted.prompt == painter.prompt(order(COFFEE[0])) == "手冲咖啡入门\n在家也能冲出咖啡馆的味道 ☕"
    assert painted.cards[0].startswith(b"\x89PNG")
    assert (await painter.paint(order(COFFEE[0]))).cards == painted.cards
    await painter.aclose()


@pytest.mark.anyio
async def test_too_much_text_is_its_only_refusal() -> None:
    with pytest.raises(RedBookError) as caught:
        await LocalPainter().paint(order(Page(2, "content", "字" * 20_000)))
    assert caught.value.code is Code.TEXT_OVERFLOW


@pytest.mark.anyio
async def test_a_run_is_shown_on_one_sheet() -> None:
    cards = [(await LocalPainter().paint(order(page))).cards[0] for page in COFFEE]
    sheet = contact_sheet(cards, [f"第 {page.number} 页" for page in COFFEE])
    assert sheet.startswith(b"\x89PNG")
    assert contact_sheet(cards, ["a"]) != sheet
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([], [])
