"""Lines end where a Chinese reader lets them end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redbook_mcp.render.atoms import CLOSING, OPENING, atoms_of
from redbook_mcp.render.breaking import Line, break_lines
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.plain import inert
from redbook_mcp.render.words import COMMON

SANS = Cut("sans")


def lines(text: str, ems: float, *, balance: bool = False) -> list[str]:
    return [line.text for line in broken(text, ems, balance=balance)]


def broken(text: str, ems: float, *, balance: bool = False) -> list[Line]:
    return break_lines(atoms_of(inert(text), SANS, SANS, COMMON), ems, balance=balance)


@pytest.mark.parametrize(
    ("text", "ems"),
    [
        ("今天天气很好，我们去公园。", 6),
        ("他说：“你好！”然后走了", 5),
        ("《红楼梦》真好看（第三遍）", 6),
        ("三点：一、二、三、四、五、六", 4),
    ],
)
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str, ems: float) -> None:
    found = lines(text, ems)
    assert len(found) > 1
    assert not any(line[0] in CLOSING for line in found)
    assert not any(line[-1] in OPENING for line in found)


@pytest.mark.parametrize("word", ["V60", "ChatGPT", "iPhone17", "92–94℃", "3.14", "12克", "100%", "2026年"])
def test_words_and_numbers_stay_whole(word: str) -> None:
    for before in range(1, 9):
        found = lines("字" * before + word + "结束语在这里", 7)
        assert any(word in line for line in found), found


@pytest.mark.parametrize("emoji", ["👨‍👩‍👧", "👍🏽", "🇨🇳", "1️⃣", "☕️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️‍🔥"])
def test_an_emoji_is_never_parted_nor_does_it_leave_its_word(emoji: str) -> None:
    for before in range(2, 9):
        found = lines("字" * before + emoji + "后面还有很多字", 6)
        assert any(f"字{emoji}" in line for line in found), found


def test_a_word_longer_than_a_line_is_divided_and_stays_within_it() -> None:
    found = broken("长" + "x" * 3000, 12)
    assert "".join(line.text for line in found) == "长" + "x" * 3000
    assert all(line.width <= 12.01 for line in found)


def test_a_title_is_balanced() -> None:
    widths = [line.width for line in broken("写给所有第一次出国旅行的朋友们看", 11, balance=True)]
    assert len(widths) == 2
    assert abs(widths[0] - widths[1]) <= 4


def test_a_title_is_not_broken_within_a_common_word() -> None:
    assert lines("手冲咖啡入门", 4, balance=True) == ["手冲咖啡", "入门"]


def test_no_single_hanzi_is_left_for_the_last_line() -> None:
    assert len(lines("水开后打开盖子静置一小会儿再慢慢冲", 8)[-1]) >= 2


def test_a_title_breaks_after_a_pause_where_it_can() -> None:
    assert lines("第一次租房，这些坑千万别踩", 8, balance=True)[0] == "第一次租房，"


TEXT = st.text(
    st.one_of(st.characters(categories=("L", "N", "P", "S", "Zs", "M")), st.sampled_from("的咖啡，。（）“”vs12☕👍🏽️‍ ")),
    max_size=60,
)


@given(TEXT, st.floats(2, 20), st.booleans())
def test_breaking_loses_nothing_and_keeps_to_the_width(text: str, ems: float, balance: bool) -> None:
    plain_text = inert(text).replace("\n", " ")
    found = break_lines(atoms_of(plain_text, SANS, SANS, COMMON), ems, balance=balance)
    joined = "".join(line.text for line in found)
    wanted = "".join(piece.source for atom in atoms_of(plain_text, SANS, SANS) for piece in atom.pieces)
    assert joined.replace(" ", "") == wanted.replace(" ", "")
    for line in found:
        single = len(line.atoms) == 1 and len(line.atoms[0].pieces) == 1
        assert single or line.width <= ems + 0.01
