"""Notes as people write them, for the tests of the renderer."""

from __future__ import annotations

from typing import Final

from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.render.card import DrawnPage, draw_page

COFFEE: Final = (
    Page(1, "cover", "标题：手冲咖啡入门\n副标题：在家也能冲出咖啡馆的味道 ☕\n背景：温暖的咖啡馆"),
    Page(
        2, "content", "☕ 你需要准备什么\n\n1. 咖啡豆：选中浅烘焙\n2. 滤杯和滤纸：V60 最常见\n\n💡 小贴士：预算有限的话，先买秤！"
    ),
    Page(3, "content", "水温到底多少度？\n\n不同烘焙度的豆子，适合的**水温**完全不一样。浅烘 92–94℃，深烘 83–87℃。"),
    Page(4, "content", "手冲 vs 意式\n口感干净，果酸明亮 vs 浓郁厚重，油脂丰富\n几百元起步 vs 机器上千"),
    Page(5, "summary", "记住这三点\n✅ 粉水比 1:15\n✅ 水温 90℃\n❌ 别用刚烧开的水\n\n#手冲咖啡 #咖啡入门"),
)


def draw(page: Page, theme: str = "cream", seed: int = 0, marks: Marks | None = None) -> DrawnPage:
    return draw_page(page, outline=(page,), topic="手冲咖啡入门", style=Style(theme, seed), marks=marks or Marks())


def content(text: str, number: int = 2) -> Page:
    return Page(number, "content", text)


def said(drawn: DrawnPage) -> str:
    """All text of the page's own on the cards, in reading order, without spaces."""
    lines = (placed.text for card in drawn.cards for placed in card.placed if not placed.is_ornament)
    return "".join("".join(lines).split())
