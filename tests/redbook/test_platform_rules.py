"""What the platform takes, at each limit and one past it."""

from __future__ import annotations

import pytest

from redbook_mcp.model import Note, Page
from redbook_mcp.platform_rules import body_with_tags, check_note, hashtags, title_length

PAGES = (Page(1, "cover", "", "手冲咖啡"), Page(2, "content", "水温 92℃"))
GOOD = Note("手冲咖啡入门", "一杯好咖啡从水温开始。", ("咖啡", "手冲"))


def codes(note: Note | None, pages: tuple[Page, ...] = PAGES, images: int | None = None) -> list[str]:
    return [finding.code for finding in check_note(note, pages, images=images)]


@pytest.mark.parametrize(
    ("title", "length"),
    [
        ("Claude 4.6发布，AI助手又进化了", 15),
        ("", 0),
        ("a", 1),
        ("ab", 1),
        ("abc", 2),
        ("咖啡", 2),
        ("咖啡a", 3),
        ("😀", 2),
        ("👨‍👩‍👧", 8),
        ("é", 1),
        ("\ud83d", 1),
    ],
)
def test_a_title_is_counted_in_halves_of_utf_16_units(title: str, length: int) -> None:
    assert title_length(title) == length


def test_a_good_note_has_no_finding() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("水" * 20, []),
        ("水" * 20 + "a", ["TITLE_TOO_LONG"]),
        ("a" * 40, []),
        ("a" * 41, ["TITLE_TOO_LONG"]),
        (None, ["TITLE_MISSING"]),
        ("", ["TITLE_MISSING"]),
        (" \u200b\u3000", ["TITLE_MISSING"]),
        ("两\n行", ["TITLE_LINES"]),
        ("铃\x07", ["TITLE_LINES"]),
    ],
)
def test_titles_are_held_to_twenty(title: str | None, expected: list[str]) -> None:
    assert codes(Note(title, GOOD.body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("水" * 1000, []),
        ("水" * 1001, ["BODY_TOO_LONG"]),
        ("😀" * 501, ["BODY_NEAR_LIMIT"]),
        ("水" * 998 + " #咖啡", ["BODY_TOO_LONG"]),
        (None, ["BODY_MISSING"]),
        ("  ", ["BODY_MISSING"]),
        ("一行\r\n两行", []),
        ("铃\x07", ["BODY_CONTROL"]),
        ("见 https://example.com", ["BODY_CONTACT"]),
        ("加微信聊", ["BODY_CONTACT"]),
        ("电话 13800138000", ["BODY_CONTACT"]),
        ("用了 1380013800012 次", []),
    ],
)
def test_bodies_are_held_to_a_thousand_characters(body: str | None, expected: list[str]) -> None:
    assert codes(Note("咖啡", body)) == expected


def test_a_body_that_only_its_tags_make_too_long_is_warned_of() -> None:
    assert codes(Note("咖啡", "水" * 999, ("咖啡",))) == ["BODY_NEAR_LIMIT"]


def test_ten_tags_are_kept_and_those_in_the_body_count() -> None:
    ten = tuple(f"标签{number}" for number in range(10))
    assert codes(Note("咖啡", "好", ten)) == []
    assert codes(Note("咖啡", "好", (*ten, "再一个"))) == ["TAGS_TOO_MANY"]
    assert codes(Note("咖啡", "好 #再一个", ten)) == ["TAGS_TOO_MANY"]
    assert codes(Note("咖啡", "好 #标签1", ten)) == []


@pytest.mark.parametrize("tag", ["#咖啡", "手 冲", "", "咖啡!", "咖啡☕", "a-b", "[话题]"])
def test_a_tag_that_the_platform_would_cut_is_refused(tag: str) -> None:
    findings = check_note(Note("咖啡", "好", ("好", tag)), PAGES)
    assert [(finding.code, finding.place) for finding in findings] == [("TAG_SYNTAX", "tags[1]")]


def test_repeated_and_long_tags_are_warned_of() -> None:
    findings = check_note(Note("咖啡", "好", ("Coffee", "coffee", "水" * 31)), PAGES)
    assert [(finding.level, finding.code) for finding in findings] == [("warning", "TAG_REPEATED"), ("warning", "TAG_LONG")]


@pytest.mark.parametrize(("images", "expected"), [(0, ["IMAGES_MISSING"]), (1, []), (18, []), (19, ["IMAGES_TOO_MANY"])])
def test_a_note_takes_one_to_eighteen_pictures(images: int, expected: list[str]) -> None:
    assert codes(GOOD, images=images) == expected


def test_a_page_that_shows_nothing_is_named() -> None:
    findings = check_note(GOOD, (*PAGES, Page(3, "content", "\u200b \u200d")))
    assert [(finding.code, finding.place) for finding in findings] == [("PAGE_BLANK", "pages[2]")]


def test_a_note_that_is_missing_is_checked_like_an_empty_one() -> None:
    assert codes(None, ()) == ["TITLE_MISSING", "BODY_MISSING", "IMAGES_MISSING"]


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        ("早上好 #咖啡 #手冲咖啡[话题]# 完", ("咖啡", "手冲咖啡")),
        ("＃全角，#逗号后", ("全角", "逗号后")),
        ("#咖啡#手冲", ("咖啡", "手冲")),
        ("#a #b #a", ("a", "b")),
        ("C#语言 https://x.y/#frag &#39; ##双", ()),
        ("#1 先磨豆 #2026年", ("2026年",)),
        ("#", ()),
    ],
)
def test_tags_are_found_in_a_body(body: str, tags: tuple[str, ...]) -> None:
    assert hashtags(body) == tags


def test_tags_are_put_behind_the_body_once_and_at_most_ten() -> None:
    assert body_with_tags(Note(None, "好 #咖啡", ("咖啡", "#手冲", "手冲", ""))) == "好 #咖啡\n\n#手冲"
    assert body_with_tags(Note(None, None, ("咖啡",))) == "#咖啡"
    assert body_with_tags(Note(None, "好")) == "好"
    many = body_with_tags(Note(None, "好 #零", tuple(f"t{number}" for number in range(20))))
    assert len(hashtags(many)) == 10
