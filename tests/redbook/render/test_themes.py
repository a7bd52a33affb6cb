"""Themes are chosen the same way each time, differ from each other, and can be read."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from redbook_mcp.render.colours import READABLE, contrast, from_palette, palette_of, parse
from redbook_mcp.render.fonts import FOLDER, Cut, can_set, covers, drawn
from redbook_mcp.render.themes import THEMES, choose_theme, theme_names, theme_of


@pytest.mark.parametrize(
    ("topic", "theme"),
    [
        ("手冲咖啡入门", "cream"),
        ("秋天的京都", "magazine"),
        ("考研复习计划", "notebook"),
        ("租房避坑", "pop"),
        ("小个子穿搭", "candy"),
        ("AI 编程", "night"),
    ],
)
def test_a_topic_gets_a_theme_that_suits_it(topic: str, theme: str) -> None:
    assert choose_theme(topic, 0) == choose_theme(topic, 9) == theme


def test_a_topic_without_a_known_word_gets_one_by_its_hash() -> None:
    found = {choose_theme("zzz", seed) for seed in range(60)}
    assert found == set(theme_names())
    assert choose_theme("zzz", 3) == choose_theme("zzz", 3)


def test_an_unknown_theme_is_drawn_in_the_first() -> None:
    assert theme_of("of another version") is THEMES[0]


def test_themes_differ_in_more_than_colour() -> None:
    shapes = {(theme.head, theme.frame, theme.marker, theme.title, theme.radius) for theme in THEMES}
    assert len(shapes) == len(THEMES) == 8
    assert len({theme.title.face for theme in THEMES}) == 4


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_is_readable_in_every_palette(theme: object) -> None:
    for colours in theme_of(theme.name).palettes:  # type: ignore[attr-defined]  # a theme
        for ground in (colours.ground, colours.panel):
            assert contrast(colours.ink, ground) >= 7
            assert contrast(colours.muted, ground) >= READABLE
            assert contrast(colours.deep, ground) >= READABLE


@pytest.mark.parametrize(
    "colours", [("#ff0000", "#00ff00"), ("#101010", "#303030"), ("#ffffff", "#fefefe"), ("#1b3a6b", "#f0b429")]
)
def test_a_picture_gives_a_palette_that_can_be_read(colours: tuple[str, str]) -> None:
    picture = Image.new("RGB", (200, 200), colours[0])
    picture.paste(colours[1], (0, 0, 80, 200))
    out = io.BytesIO()
    picture.save(out, "PNG")
    palette = palette_of(out.getvalue())
    assert contrast(parse(palette.ink), parse(palette.background)) >= 7
    found = from_palette(palette)
    assert contrast(found.deep, found.ground) >= READABLE
    assert palette_of(out.getvalue()) == palette


def test_every_face_has_its_licence_and_its_coverage() -> None:
    names = {path.stem for path in FOLDER.glob("*.ttf")}
    assert names == {"sans", "serif", "kai", "round", "italic", "emoji"}
    for name in names:
        assert "SIL Open Font License" in (FOLDER / f"{name}-OFL.txt").read_text("utf-8")
        assert covers(name, ord("A")) or name == "emoji"  # type: ignore[arg-type]  # the names of the faces


def test_the_text_face_has_both_scripts_and_the_signs_that_notes_use() -> None:
    for char in "咖啡薅饕體臺灣鬱·—…“”①⑳→✓★☆℃㎡éǎあア，．￥":
        assert covers("sans", ord(char)), char


def test_a_private_character_never_draws_one_of_our_emoji() -> None:
    assert drawn("\U000f0001", Cut("sans")).is_substitute


def test_a_title_face_without_a_hanzi_gives_way_as_a_whole() -> None:
    assert can_set("秋天的京都", "serif")
    assert not can_set("臺灣", "serif")
