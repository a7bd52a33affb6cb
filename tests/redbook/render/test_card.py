"""Cards hold all of a page's text, each line in its place, or say that it is too much."""

from __future__ import annotations

import io
import subprocess
import sys
from itertools import combinations
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Marks, Page, Palette, Style
from redbook_mcp.render.blocks import content_of
from redbook_mcp.render.canvas import Rect
from redbook_mcp.render.card import CARDS_MAX, DrawnPage, draw_page, encoded, layout_of, text_of
from redbook_mcp.render.themes import theme_names
from tests.redbook.render.notes import COFFEE, content, draw, said

SAFE = Rect(28, 20, 1052, 1420)


def check(drawn: DrawnPage) -> None:
    """Every line stands within the card's safe area, and no two meet."""
    for card in drawn.cards:
        for placed in card.placed:
            assert SAFE.holds(placed.rect), placed
        for one, other in combinations(card.placed, 2):
            assert not one.rect.meets(other.rect), (one, other)


def hanzi(text: str) -> str:
    return "".join(char for char in text if "\u4e00" <= char <= "\u9fff")


@pytest.mark.parametrize("theme", theme_names())
@pytest.mark.parametrize("page", COFFEE, ids=lambda page: f"{page.number}")
def test_every_layout_of_every_theme_sets_its_text_whole_and_apart(page: Page, theme: str) -> None:
    marks = Marks(watermark="@小满的咖啡角", ai_label="AI 生成")
    drawn = draw_page(page, outline=COFFEE, topic="手冲咖啡入门", style=Style(theme), marks=marks)
    check(drawn)
    assert hanzi(text_of(page)) in hanzi(said(drawn)) or hanzi(text_of(page)) == hanzi(said(drawn))
    with Image.open(io.BytesIO(drawn.cards[0].png)) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (1080, 1440), "RGB")


def test_the_layout_follows_type_and_content() -> None:
    assert [layout_of(page, content_of(page)) for page in COFFEE] == ["cover", "list", "content", "comparison", "summary"]


LINE = st.one_of(
    st.text(st.sampled_from("咖啡水温研磨的了，。！？（）“”、abcV60 92☕👍"), min_size=1, max_size=90),
    st.builds(
        "{}. {}：{}".format,
        st.integers(1, 20),
        st.text("选豆水温", min_size=1, max_size=6),
        st.text("研磨粗细，", min_size=1, max_size=50),
    ),
    st.sampled_from(
        [
            "",
            "",
            "✅ 记住这一点",
            "❌ 别用开水",
            "- 一个要点",
            "💡 小贴士：先买秤",
            "> 慢慢来",
            "#咖啡 #手冲",
            "左边 vs 右边",
            "| 甲 | 乙 |",
            "## 小标题",
            "【准备】",
        ]
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(LINE, max_size=24), st.sampled_from(theme_names()), st.sampled_from(["cover", "content", "summary"]))
def test_whatever_is_written_stands_on_the_cards_in_order_and_apart(lines: list[str], theme: str, kind: str) -> None:
    page = Page(2, kind, "\n".join(lines))  # type: ignore[arg-type]  # sampled from the three types
    drawn = draw(page, theme)
    check(drawn)
    assert len(drawn.cards) <= CARDS_MAX
    assert hanzi(said(drawn)) == hanzi(text_of(page))


def test_long_text_goes_on_on_further_cards_with_its_title_on_each() -> None:
    text = "关于手冲的一切\n\n" + "\n\n".join(f"第{n}段。" + "水温和研磨度决定了一杯咖啡的味道，" * 6 for n in range(12))
    drawn = draw(content(text), "magazine")
    check(drawn)
    assert 2 <= len(drawn.cards) <= CARDS_MAX
    assert all(any(placed.text == "关于手冲的一切" for placed in card.placed) for card in drawn.cards)
    marks = [placed.text for card in drawn.cards for placed in card.placed if "·" in placed.text]
    assert marks == [f"2/1 · {place}/{len(drawn.cards)}" for place in range(1, len(drawn.cards) + 1)]


def test_a_heading_is_never_the_last_of_a_card() -> None:
    parts = "\n".join(f"## 第 {n} 节\n" + "这一节讲的是水温和研磨，" * 9 for n in range(9))
    drawn = draw(content("分节的长文\n" + parts), "swiss")
    assert len(drawn.cards) > 1
    for card in drawn.cards:
        own = [placed.text for placed in card.placed if not placed.is_ornament]
        assert not own[-1].startswith("第")


def test_too_much_text_is_refused_by_name_of_the_page() -> None:
    with pytest.raises(RedBookError, match=r"page 7 .*6 cards") as caught:
        draw(content("水温和研磨。" * 1500, number=7))
    assert caught.value.code is Code.TEXT_OVERFLOW


def test_a_megabyte_of_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(RedBookError) as caught:
        draw(content("字" * 1_000_000))
    assert caught.value.code is Code.TEXT_OVERFLOW


@pytest.mark.parametrize(
    "text", ["", "\n" * 200, " ", "标题", "# ", "。", "“", "****", "|", "1.", "#", "x" * 3000, "👍" * 300, "！" * 200, "#" * 100]
)
@pytest.mark.parametrize("kind", ["cover", "content", "summary"])
def test_odd_text_makes_a_card(text: str, kind: str) -> None:
    drawn = draw(Page(1, kind, text), "pop")  # type: ignore[arg-type]  # one of the three types
    check(drawn)


def test_a_character_that_no_face_has_is_replaced_visibly_and_named() -> None:
    drawn = draw(content("你好 ሀ 世界 𪚥 กข"))
    assert drawn.substituted[:2] == ("ሀ", "𪚥")
    assert any("U+1200" in warning for warning in drawn.warnings)


def test_controls_and_direction_marks_have_no_effect() -> None:
    clean, dirty = "先买秤，再买壶", "先\u202e买\x00秤，\u200b再\ufeff买\x1b[31m壶".replace("[31m", "")
    assert draw(content(dirty)).cards[0].png == draw(content(clean)).cards[0].png


def test_a_lone_combining_mark_and_a_surrogate_do_no_harm() -> None:
    drawn = draw(content("\u0301\u0301 一二三 \ud800 四五"))
    assert "一二三" in said(drawn)


def test_marks_stand_in_their_corners() -> None:
    for corner in ("top-left", "top-right", "bottom-left", "bottom-right"):
        drawn = draw(COFFEE[1], marks=Marks("@me", corner, "AI 生成"))
        check(drawn)
        handle = next(placed.rect for placed in drawn.cards[0].placed if placed.text == "@me")
        assert (handle.top < 720) == corner.startswith("top")
        assert (handle.left < 540) == corner.endswith("left")


def test_a_reference_palette_replaces_the_colours_of_the_theme() -> None:
    style = Style("swiss", palette=Palette("#00331a", "#ffffff", "#ffcc00"))
    drawn = draw_page(COFFEE[2], outline=COFFEE, topic="咖啡", style=style, marks=Marks())
    with Image.open(io.BytesIO(drawn.cards[0].png)) as image:
        assert image.getpixel((1070, 700)) == (0, 0x33, 0x1A)


def test_a_picture_behind_the_card_is_seen_at_its_edges_and_text_stands_on_a_sheet() -> None:
    picture = Image.new("RGB", (300, 300), (200, 30, 30))
    page = draw_page(COFFEE[1], outline=COFFEE, topic="咖啡", style=Style("cream"), marks=Marks(), background=picture)
    check(page)
    with Image.open(io.BytesIO(page.cards[0].png)) as image:
        assert image.getpixel((8, 8)) == (200, 30, 30)


def test_two_processes_draw_the_same_bytes() -> None:
    program = (
        "import hashlib\nfrom tests.redbook.render.notes import COFFEE, draw\n"
        "print([hashlib.sha256(draw(page, 'candy', 3).cards[0].png).hexdigest() for page in COFFEE])"
    )
    found = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout for _ in range(2)}
    assert len(found) == 1


def test_threads_draw_what_one_thread_draws() -> None:
    wanted = [draw(page).cards[0].png for page in COFFEE]
    found: dict[int, bytes] = {}
    threads = [Thread(target=lambda n=n: found.__setitem__(n, draw(COFFEE[n]).cards[0].png)) for n in range(len(COFFEE))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(len(COFFEE))] == wanted


def test_encoding_is_plain_png() -> None:
    assert encoded(Image.new("RGB", (3, 4))).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "text", ["#a " * 1500, "水\n" * 2000, "甲 vs 乙\n" * 600, "水温" * 2400], ids=["tags", "lines", "rows", "words"]
)
def test_more_than_six_cards_hold_is_refused_whatever_it_is_made_of(text: str) -> None:
    with pytest.raises(RedBookError) as caught:
        draw(content(text))
    assert caught.value.code is Code.TEXT_OVERFLOW
