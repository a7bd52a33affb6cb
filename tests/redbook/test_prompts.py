"""What models are asked: every constraint of a series, in the language that is asked for."""

from __future__ import annotations

import dataclasses
import re

import pytest

from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.outline import parse_outline
from redbook_mcp.ports import Order
from redbook_mcp.prompts import CONTEXT_CHARACTERS_MAX, image_guide, image_prompt, is_chinese, outline_guide

OUTLINE = (
    Page(1, "cover", "", "手冲咖啡入门", "三步就够", "晨光里的木桌"),
    Page(2, "content", "水温 92℃\n粉水比 1:15"),
    Page(3, "summary", "收藏起来慢慢练"),
)


def order(number: int = 2, **changes: object) -> Order:
    plain = Order(page=OUTLINE[number - 1], outline=OUTLINE, theme="手冲咖啡", style=Style("paper"), marks=Marks())
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]  # each test names the members it changes


@pytest.mark.parametrize("language", [None, "en"])
def test_the_outline_guide_shows_a_form_that_the_reader_takes(language: str | None) -> None:
    guide = outline_guide("手冲咖啡", language=language)
    pages = parse_outline(
        "\n".join(re.findall(r"^</?page>$|^\[.*\]$|^(?:标题|副标题|Title|Subtitle).*$|^…+$", guide, re.MULTILINE))
    )
    assert [page.type for page in pages] == ["cover", "content", "summary"]
    assert pages[0].title
    assert pages[0].subtitle


def test_the_number_of_pages_is_binding_where_it_is_given() -> None:
    assert "正好 7 页" in outline_guide("咖啡", 7)
    assert "exactly 7" in outline_guide("coffee", 7, "English")
    assert "6 到 12 页" in outline_guide("咖啡")
    assert "6 to 12" in outline_guide("coffee", language="en")


def test_the_outline_guide_is_a_template_without_a_topic_and_takes_any_topic() -> None:
    assert "由用户给出" in outline_guide()
    assert "{topic} {0} %s" in outline_guide("{topic} {0} %s")


@pytest.mark.parametrize("guide", [outline_guide("a"), outline_guide("a", language="fr"), image_guide(), image_guide("en")])
def test_no_guide_uses_the_vertical_bar_or_asks_to_remove_marks(guide: str) -> None:
    assert "|" not in guide
    assert not re.search(r"去除|去掉|抹除|remove|erase", guide)


@pytest.mark.parametrize(
    ("language", "chinese"),
    [
        (None, True),
        ("", True),
        ("zh-CN", True),
        ("中文", True),
        ("繁體中文", True),
        ("Chinese", True),
        ("en", False),
        ("日本語", False),
    ],
)
def test_chinese_is_asked_for_unless_another_language_is_named(language: str | None, *, chinese: bool) -> None:
    assert is_chinese(language) is chinese


def test_the_image_prompt_holds_all_text_of_the_page_and_the_outline_in_short() -> None:
    prompt = image_prompt(order(), with_text=True)
    assert "<<<\n水温 92℃\n粉水比 1:15\n>>>" in prompt
    for expected in ("手冲咖啡入门", "1080×1440", "3:4", "一字不差", "内容页", "2/3", "平台的标志", "手机外框", "白边", "不旋转"):
        assert expected in prompt


def test_each_type_of_page_is_asked_for_in_its_own_way() -> None:
    prompts = [image_prompt(order(number), with_text=True) for number in (1, 2, 3)]
    for prompt, expected in zip(prompts, ("标题是全图最大", "层级", "收尾"), strict=True):
        assert expected in prompt
    assert "晨光里的木桌" in prompts[0]


def test_a_background_is_asked_for_without_any_writing_and_with_calm_room() -> None:
    prompt = image_prompt(order(feedback="再亮一点"), with_text=False)
    assert "不出现任何文字" in prompt
    assert "平静" in prompt
    assert "一字不差" not in prompt
    assert "再亮一点" in prompt
    assert "no letters" in image_prompt(order(language="en"), with_text=False)


def test_the_cover_is_named_as_the_last_picture_and_the_users_own_as_the_first() -> None:
    prompt = image_prompt(order(cover=b"png", references=(b"a", b"b")), with_text=True)
    assert prompt.index("前 2 张附图") < prompt.index("最后一张附图是这组笔记的封面")
    assert "附图" not in image_prompt(order(), with_text=True)
    assert "不要改动或抹去" in prompt


def test_english_is_asked_in_english_throughout() -> None:
    english = Page(1, "cover", "Good coffee starts with water", "Pour-over")
    prompt = image_prompt(
        Order(
            page=english, outline=(english, english), theme="coffee", style=Style("paper"), marks=Marks(), cover=b"x",
            references=(b"y",), feedback="brighter", language="en",
        ),
        with_text=True,
    )  # fmt: skip
    assert not re.search("[\u4e00-\u9fff：]", prompt)
    for expected in ("1080×1440", "letter for letter", "no platform's logo", "brighter", "cover of this series"):
        assert expected in prompt


def test_a_long_outline_is_told_in_short() -> None:
    pages = tuple(Page(number, "content", "水" * 5000) for number in range(1, 19))
    prompt = image_prompt(order(page=dataclasses.replace(OUTLINE[1]), outline=pages), with_text=True)
    assert len(prompt) < CONTEXT_CHARACTERS_MAX + 1000
