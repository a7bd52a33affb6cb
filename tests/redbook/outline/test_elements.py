"""Pages as JSON: what is filled in, and every fault with its place."""

from __future__ import annotations

import math

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Page
from redbook_mcp.outline.elements import pages_from_json


def refusal(value: object) -> RedBookError:
    with pytest.raises(RedBookError) as caught:
        pages_from_json(value)
    return caught.value


def test_pages_are_numbered_by_their_order_in_the_list() -> None:
    value = [
        {"pageNumber": 3, "type": "cover", "content": " 早\r\n安 ", "title": "标题", "subtitle": "副", "imagePrompt": "晨光"},
        {"pageNumber": 1.0, "type": "content", "content": "二"},
        {"content": "三", "title": None},
        {"title": "只有标题", "type": "summary"},
    ]
    assert pages_from_json(value) == (
        Page(1, "cover", "早\n安", "标题", "副", "晨光"),
        Page(2, "content", "二"),
        Page(3, "content", "三"),
        Page(4, "summary", "", "只有标题"),
    )


def test_the_first_page_without_a_type_is_the_cover() -> None:
    assert [page.type for page in pages_from_json([{"content": "a"}, {"content": "b"}])] == ["cover", "content"]


def test_every_fault_is_named_with_its_place_at_once() -> None:
    error = refusal([
        {"type": "covre", "content": "a"},
        "x",
        {"type": "content", "content": 3},
        None,
        {"type": "content", "content": "a", "tilte": "b", "pageNumber": 0},
        {"type": "content", "content": " "},
        {"content": "a\nb\x07"},
    ])  # fmt: skip
    assert error.code == Code.INVALID_INPUT
    for fragment in (
        "outline[0].type: must be one of cover, content, summary",
        "outline[1]: must be an object",
        "outline[2].content: must be a text",
        "outline[3]: must be an object",
        "outline[4].'tilte': unknown member; did you mean `title`?",
        "outline[4].pageNumber: must be a whole number",
        "outline[5]: is empty",
        "outline[6].content, line 2, column 2: control character U+0007",
    ):
        assert fragment in error.message
    assert "outline[2]: is empty" not in error.message


@pytest.mark.parametrize("value", [None, "text", {}, 3, {"0": {"content": "a"}}])
def test_what_is_no_list_is_refused(value: object) -> None:
    assert "must be a list" in refusal(value).message


def test_an_empty_list_is_refused() -> None:
    assert refusal([]).code == Code.INVALID_INPUT


def test_eighteen_pages_are_taken_and_nineteen_are_not() -> None:
    assert len(pages_from_json([{"content": "a"}] * 18)) == 18
    assert refusal([{"content": "a"}] * 19).code == Code.TOO_MANY_PAGES


def test_a_page_of_five_thousand_characters_is_taken_and_one_more_is_not() -> None:
    assert pages_from_json([{"content": "水" * 4999, "title": "水"}])
    assert "outline[0]: has 5,001" in refusal([{"content": "水" * 5000, "title": "水"}]).message
    assert "outline[0].content: has 1,000,000" in refusal([{"content": "水" * 1_000_000}]).message


@pytest.mark.parametrize("number", [True, 0, -1, 1.5, math.nan, math.inf, "1", 10**400, [], 10_001])
def test_a_page_number_is_a_whole_number_from_one(number: object) -> None:
    assert "outline[0].pageNumber" in refusal([{"content": "a", "pageNumber": number}]).message


def test_members_of_a_stranger_are_not_quoted_at_length() -> None:
    message = refusal([{"content": "a", "x" * 100_000: 1, "\x1b]0;": 1}]).message
    assert len(message) < 400
    assert "\x1b" not in message


def test_names_that_mean_something_elsewhere_are_unknown_members_here() -> None:
    for name in ("__proto__", "constructor", "__class__", "number"):
        assert "unknown member" in refusal([{"content": "a", name: {}}]).message
