"""Plain text is read as its author meant it."""

from __future__ import annotations

import pytest

from redbook_mcp.model import Page, PageType
from redbook_mcp.render.blocks import Block, content_of
from redbook_mcp.render.plain import clusters, inert, with_emphasis


def blocks(text: str) -> tuple[Block, ...]:
    return content_of(Page(2, "content", text, title="题")).blocks


def titled(text: str, kind: PageType = "content") -> tuple[str, str]:
    found = content_of(Page(1, kind, text))
    return found.title, found.subtitle


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("标题：手冲\n副标题：入门", ("手冲", "入门")),
        ("<title>手冲</title>\n<subtitle>入门</subtitle>", ("手冲", "入门")),
        ("手冲咖啡\n在家也能冲\n背景：木桌", ("手冲咖啡", "在家也能冲")),
        ("# 手冲咖啡", ("手冲咖啡", "")),
        ("#手冲 #咖啡", ("", "")),
    ],
)
def test_a_cover_gives_its_title_and_subtitle(text: str, wanted: tuple[str, str]) -> None:
    assert titled(text, "cover") == wanted


def test_directions_for_a_background_are_not_set() -> None:
    assert content_of(Page(1, "cover", "标题：手冲\n背景：木桌上的咖啡")).blocks == ()


def test_a_short_first_line_is_the_title_and_a_sentence_is_not() -> None:
    assert titled("水温多少度\n要看豆子。")[0] == "水温多少度"
    assert titled("水温要看豆子。\n浅烘高一些。")[0] == ""


def test_a_title_that_is_given_is_not_set_twice() -> None:
    assert content_of(Page(2, "content", "水温\n要看豆子。", title="水温")).blocks == (Block("text", "要看豆子。"),)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1. 选豆", Block("item", "选豆", marker="1")),
        ("2、选豆：浅烘", Block("item", "浅烘", "选豆", "2")),
        ("③ 选豆", Block("item", "选豆", marker="3")),
        ("1️⃣ 选豆", Block("item", "选豆", marker="1")),
        ("🔟 选豆", Block("item", "选豆", marker="10")),
        ("- 选豆", Block("item", "选豆", marker="•")),
        ("✅ 选豆", Block("item", "选豆", marker="✓")),
        ("[ ] 选豆", Block("item", "选豆", marker="☐")),
        ("❌选豆", Block("item", "选豆", marker="✗")),
        ("💡 小贴士：先买秤", Block("tip", "先买秤", "小贴士", "💡")),
        ("> 慢慢来", Block("tip", "慢慢来", marker="❝")),
        ("【准备】", Block("heading", "准备")),
        ("## 准备", Block("heading", "准备")),
        ("#手冲 #咖啡", Block("tags", "#手冲 #咖啡")),
        ("3.5 克咖啡粉", Block("text", "3.5 克咖啡粉")),
        ("手冲 vs 意式", Block("versus", rows=(("手冲", "意式"),))),
        ("手冲｜意式", Block("versus", rows=(("手冲", "意式"),))),
    ],
)
def test_a_line_is_read_by_its_beginning(line: str, wanted: Block) -> None:
    assert blocks(line) == (wanted,)


def test_lines_after_an_item_belong_to_it() -> None:
    assert blocks("1. 磨豆\n像砂糖一样粗\n2. 冲") == (Block("item", "像砂糖一样粗", "磨豆", "1"), Block("item", "冲", marker="2"))


def test_rows_of_a_table_are_one_comparison_without_its_rule() -> None:
    assert blocks("| 手冲 | 意式 |\n|---|---|\n| 慢 | 快 |") == (Block("versus", rows=(("手冲", "意式"), ("慢", "快"))),)


def test_what_not_to_do_and_what_to_do_in_turn_is_a_comparison() -> None:
    assert blocks("❌ 开水\n✅ 九十度\n❌ 细粉\n✅ 中粉") == (
        Block("versus", rows=(("❌", "✅"), ("开水", "九十度"), ("细粉", "中粉"))),
    )


def test_lines_that_each_begin_with_an_emoji_are_a_list() -> None:
    assert [block.marker for block in blocks("🍎 苹果\n🍌 香蕉")] == ["🍎", "🍌"]


def test_emphasis_is_marked_and_stars_alone_are_text() -> None:
    assert with_emphasis("这**很重要**吗") == "这\x02很重要\x03吗"
    assert with_emphasis("2 ** 3 ** 4") == "2 ** 3 ** 4"


@pytest.mark.parametrize("emoji", ["👨‍👩‍👧", "👍🏽", "🇨🇳", "1️⃣", "☕️", "❤️‍🔥"])
def test_an_emoji_is_one_cluster(emoji: str) -> None:
    assert clusters(f"前{emoji}后") == ["前", emoji, "后"]


def test_text_is_made_inert() -> None:
    assert inert("a\r\nb\u2028c\u202e\x00\u200bd\te\u0301") == "a\nb\ncd é".replace("d é", "d é")
