"""Outlines as text: both dialects, what models add to them, and what is refused."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Page, PageType
from redbook_mcp.outline import outline_text, page_digest, parse_outline

COVER = Page(1, "cover", "一杯好咖啡从水温开始", "手冲咖啡入门", "三步就够", "暖色的木桌，晨光")
STEPS = Page(2, "content", "1. 水温 92℃\n2. 粉水比 1:15\n\n3. 三分钟")
END = Page(3, "summary", "✅ 收藏起来慢慢练\n你的第一杯用了什么豆子？")

CLOSED = """<page>
[封面]
标题：手冲咖啡入门
副标题：三步就够
配图：暖色的木桌，晨光
一杯好咖啡从水温开始
</page>

<page>
[内容]
1. 水温 92℃
2. 粉水比 1:15

3. 三分钟
</page>

<page>
[总结]
✅ 收藏起来慢慢练
你的第一杯用了什么豆子？
</page>"""


def refusal(text: str) -> RedBookError:
    with pytest.raises(RedBookError) as caught:
        parse_outline(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        CLOSED,
        CLOSED.replace("</page>", ""),
        "\n---\n".join(re.findall(r"<page>(.*?)</page>", CLOSED, re.DOTALL)),
        "<page>".join(re.findall(r"<page>(.*?)</page>", CLOSED, re.DOTALL)),
        CLOSED.replace("<page>", '<page number="7" class=a>'),
        CLOSED.replace("page>", "PAGE>"),
        CLOSED.replace("\n", "\r\n"),
        CLOSED.replace("[", "【").replace("]", "】"),
        CLOSED.replace("：", ": "),
        CLOSED.replace("标题：手冲咖啡入门\n副标题：三步就够", "<title>手冲咖啡入门</title><subtitle>三步就够</subtitle>"),
        CLOSED.replace("配图：暖色", "背景：暖色"),
        CLOSED.replace("[封面]", "[cover]").replace("[内容]", "[Content]").replace("[总结]", "[SUMMARY]"),
        CLOSED.replace("[内容]", "[内容页 2]"),
        CLOSED.replace("[封面]\n", "").replace("[内容]\n", ""),
        f"好的，下面是大纲：\n\n{CLOSED}\n\n需要我再调整吗？",
        f"```xml\n{CLOSED}\n```",
        f"\ufeff  \n{CLOSED}\n\n",
        CLOSED.replace("<page>\n[总结]", "<page>\n</page><page>  \n\n</page>\n<page>\n[总结]"),
    ],
    ids=[
        "closed", "unclosed", "rules", "divided", "attributes", "upper case", "CRLF", "full-width marks", "half-width colons",
        "tags", "background", "english", "numbered marks", "unmarked", "chatter", "fenced", "BOM", "empty pages",
    ],
)  # fmt: skip
def test_every_dialect_gives_the_same_pages(text: str) -> None:
    assert parse_outline(text) == (COVER, STEPS, END)


def test_the_first_page_is_the_cover_and_a_title_tag_makes_another_one() -> None:
    pages = parse_outline("<page>你好</page><page>正文</page><page><title>再来</title>\n一页</page>")
    assert [(page.type, page.title) for page in pages] == [("cover", None), ("content", None), ("cover", "再来")]


def test_a_marker_outweighs_the_place() -> None:
    assert [page.type for page in parse_outline("<page>[内容]\n一</page><page>[封面]\n二</page>")] == ["content", "cover"]


def test_text_behind_a_marker_on_its_line_is_kept() -> None:
    assert parse_outline("<page>[封面] 秋天的京都\n五天四夜</page>")[0].content == "秋天的京都\n五天四夜"


def test_another_mark_alone_on_the_first_line_is_left_out_and_a_hook_in_brackets_is_not() -> None:
    pages = parse_outline("<page>[第1页]\n京都</page><page>【必看】\n红叶</page><page>[必看] 门票\n提前买</page>")
    assert [page.content for page in pages] == ["京都", "【必看】\n红叶", "[必看] 门票\n提前买"]


def test_labels_in_the_middle_of_a_content_page_are_part_of_it() -> None:
    text = "好标题的写法\n标题：要具体\n背景：先说人"
    page = parse_outline(f"<page>[内容]\n{text}</page>")[0]
    assert (page.content, page.title, page.image_prompt) == (text, None, None)


def test_text_before_the_first_divider_is_a_page_if_it_looks_like_one() -> None:
    assert [page.content for page in parse_outline("[封面]\n一\n<page>\n[内容]\n二")] == ["一", "二"]
    assert [page.content for page in parse_outline("一\n<page>\n二")] == ["一", "二"]
    assert [page.content for page in parse_outline("大纲如下：\n<page>\n[封面]\n一\n<page>\n[内容]\n二")] == ["一", "二"]


def test_a_page_left_open_before_another_is_kept() -> None:
    assert [page.content for page in parse_outline("<page>一<page>二</page>三<page>四")] == ["一", "二", "四"]


@pytest.mark.parametrize("text", ["", "  \n", "没有页的文字", "<page></page>", "<page>[封面]</page>", "<pages>a</pages>", "---"])
def test_text_without_a_page_is_refused_and_told_how(text: str) -> None:
    error = refusal(text)
    assert error.code == Code.PARSE_FAILED
    assert "<page>" in error.message


def test_eighteen_pages_are_taken_and_nineteen_are_not() -> None:
    assert len(parse_outline("<page>a</page>" * 18)) == 18
    assert refusal("<page>a</page>" * 19).code == Code.TOO_MANY_PAGES
    assert "200 pages" in refusal("<page>a</page>" * 200).message


def test_a_page_of_five_thousand_characters_is_taken_and_one_more_is_not() -> None:
    assert len(parse_outline(f"<page>{'水' * 5000}</page>")[0].content) == 5000
    error = refusal(f"<page>好</page><page>{'水' * 5001}</page>")
    assert (error.code, "page 2 has 5,001" in error.message) == (Code.INVALID_INPUT, True)


@pytest.mark.parametrize(
    "text",
    ["水" * 1_000_000, "<page>" * 100_000, "<page " * 100_000, "<title>" * 100_000, "[" * 200_000, "```\n" * 100_000],
)
def test_a_text_over_the_limit_is_refused_by_its_length(text: str) -> None:
    error = refusal(text)
    assert (error.code, "100,000" in error.message, len(error.message) < 200) == (Code.INVALID_INPUT, True, True)


@pytest.mark.parametrize(
    "piece", ["<page>", "<page ", "</page>", "<title>", "<page>\n<title>", "[封面]", "标题：", "---\n", " ", "\n", "<", "["]
)
def test_hostile_repetition_up_to_the_limit_ends(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    for candidate in (text, f"<page>{text}"[:100_000]):
        try:
            parse_outline(candidate)
        except RedBookError as error:
            assert error.code in {Code.PARSE_FAILED, Code.INVALID_INPUT, Code.TOO_MANY_PAGES}


@pytest.mark.parametrize(("character", "name"), [("\0", "U+0000"), ("\x1b", "U+001B"), ("\x85", "U+0085"), ("\ud83d", "U+D83D")])
def test_control_characters_are_refused_with_their_place(character: str, name: str) -> None:
    error = refusal(f"<page>\n好{character}的</page>")
    assert error.code == Code.INVALID_INPUT
    assert "line 2, column 2" in error.message
    assert name in error.message


WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="<\u2028\u2029"), max_size=60).map(str.strip)
LABELS = st.sampled_from(["标题：", "副标题: ", "[内容]", "【封面】", "---", "背景：", "[x]", "配图：", "```", "", "Title: "])
CONTENT = st.lists(st.builds("{}{}".format, LABELS, WORDS), max_size=6).map("\n".join).map(str.strip)
KINDS: list[PageType] = ["cover", "content", "summary"]
PAGES = st.lists(
    st.builds(
        Page, st.just(0), st.sampled_from(KINDS), CONTENT, WORDS.map(lambda w: w or None), WORDS.map(lambda w: w or None),
        WORDS.map(lambda w: w or None),
    ).filter(Page.text),
    min_size=1, max_size=18,
).map(lambda pages: tuple(dataclasses.replace(page, number=number) for number, page in enumerate(pages, 1)))  # fmt: skip


@given(PAGES)
def test_an_outline_written_down_reads_as_itself(pages: tuple[Page, ...]) -> None:
    assert parse_outline(outline_text(pages)) == pages


@given(st.text(st.sampled_from("<page>/[封面]标题：-\n a`"), max_size=300))
def test_any_text_is_pages_in_order_or_an_error_with_a_code(text: str) -> None:
    try:
        pages = parse_outline(text)
    except RedBookError:
        return
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert all(map(Page.text, pages))


def test_the_digest_changes_with_all_that_is_drawn_and_not_with_the_number() -> None:
    others = [
        dataclasses.replace(COVER, type="content"),
        dataclasses.replace(COVER, content="另一杯"),
        dataclasses.replace(COVER, title="另一杯"),
        dataclasses.replace(COVER, subtitle=None),
        dataclasses.replace(COVER, image_prompt="夜"),
        dataclasses.replace(COVER, title=COVER.subtitle, subtitle=COVER.title),
    ]
    digests = {page_digest(page) for page in [COVER, *others]}
    assert len(digests) == 7
    assert page_digest(dataclasses.replace(COVER, number=9)) == page_digest(COVER)
    assert page_digest(COVER) == "2f0b901e856fade44914968b6669c052156fd4bdcfafe74aed82e6bc0b35a738"
