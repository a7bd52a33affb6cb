"""The picture on a cover: an emoji drawn large in one colour, set in a shape of the theme."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from redbook_mcp.model import WIDTH
from redbook_mcp.render import fonts, plain
from redbook_mcp.render.canvas import Canvas, Rect
from redbook_mcp.render.colours import WHITE, mix, readable
from redbook_mcp.render.grounds import tape, turned
from redbook_mcp.render.kit import Kit

_BY_WORD: Final = (
    ("咖啡", "☕"), ("奶茶", "🧋"), ("茶", "🍵"), ("面包", "🍞"), ("烘焙", "🥐"), ("蛋糕", "🍰"), ("甜品", "🍰"), ("火锅", "🍲"),
    ("面", "🍜"), ("寿司", "🍣"), ("水果", "🍓"), ("早餐", "🍳"), ("美食", "🍜"), ("食谱", "🍳"), ("做饭", "🍳"), ("减脂", "🥗"),
    ("吃", "🍜"), ("考研", "📚"), ("复习", "📚"), ("英语", "🔤"), ("读书", "📖"), ("阅读", "📖"), ("书", "📖"), ("学习", "📝"),
    ("笔记", "📝"), ("考试", "📝"), ("计划", "📅"), ("租房", "🏠"), ("买房", "🏠"), ("装修", "🛋️"), ("收纳", "🧺"), ("家", "🏠"),
    ("京都", "⛩️"), ("日本", "🗻"), ("海", "🏖️"), ("山", "🏔️"), ("露营", "⛺"), ("旅行", "🧳"), ("旅游", "🧳"), ("秋", "🍁"),
    ("樱花", "🌸"), ("花", "🌷"), ("拍照", "📷"), ("摄影", "📷"), ("穿搭", "👗"), ("衣", "👗"), ("鞋", "👟"), ("包", "👜"),
    ("口红", "💄"), ("妆", "💄"), ("护肤", "🧴"), ("发型", "💇"), ("猫", "🐱"), ("狗", "🐶"), ("宠物", "🐾"), ("宝宝", "🍼"),
    ("育儿", "🍼"), ("健身", "🏋️"), ("跑步", "🏃"), ("瑜伽", "🧘"), ("运动", "🏃"), ("理财", "💰"), ("省钱", "💰"), ("副业", "💰"),
    ("职场", "💼"), ("面试", "💼"), ("简历", "📄"), ("AI", "🤖"), ("编程", "💻"), ("电脑", "💻"), ("手机", "📱"), ("数码", "📱"),
    ("游戏", "🎮"), ("音乐", "🎧"), ("电影", "🎬"), ("效率", "⏰"), ("时间", "⏰"), ("睡", "🌙"), ("避坑", "⚠️"), ("生日", "🎂"),
)  # fmt: skip


_STRESS: Final = frozenset("✨🔥❗‼💥⭐🌟💯⚠✅❌❓👇👉💡📌🎉")
"""Emoji that stress what is said and show nothing of it."""


def emblem_for(kit: Kit, texts: Sequence[str]) -> str:
    """The first emoji of the texts, else the one that their words suggest, else the theme's."""
    for text in texts:
        for cluster in plain.clusters(text[:200]):
            if plain.is_emoji(cluster) and cluster[0] not in _STRESS and fonts.drawn(cluster, kit.theme.body).cut.face == "emoji":
                return cluster
    for text in texts:
        for word, emoji in _BY_WORD:
            if word in text:
                return emoji
    return kit.theme.emblem


def draw_emblem(canvas: Canvas, kit: Kit, emoji: str, rect: Rect) -> None:
    """Draw the emblem in a square in the middle of a rectangle, or at its side, as the theme has it."""
    side = min(rect.width, rect.height)
    across = {"left": rect.left + side // 2, "centre": (rect.left + rect.right) // 2}
    at = "left" if kit.theme.name in {"night", "notebook"} else "centre"
    _EMBLEMS[kit.theme.name](canvas, kit, emoji, (across[at], (rect.top + rect.bottom) // 2), side)


def _disc(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    colours = kit.colours
    canvas.circle((centre[0] + side // 14, centre[1] + side // 14), side * 43 // 100, mix(colours.second, colours.panel, 0.35))
    canvas.circle(centre, side * 42 // 100, mix(colours.accent, colours.panel, 0.72))
    canvas.picture(emoji, centre, side * 56 // 100, colours.accent)
    for angle, distance, radius in (
        (200, 0.5, 0.025),
        (222, 0.53, 0.014),
        (-28, 0.5, 0.03),
        (-8, 0.53, 0.015),
        (150, 0.52, 0.018),
    ):
        turn = math.radians(angle)
        dot = (round(centre[0] + side * distance * math.cos(turn)), round(centre[1] + side * distance * math.sin(turn)))
        canvas.circle(dot, max(4, round(side * radius)), colours.accent)


def _burst(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    colours = kit.colours
    for grow, colour, shift in ((1.0, colours.ink, 10), (1.0, colours.ink, 0), (0.94, colours.accent, 0)):
        points = [
            (
                centre[0] + shift + side * grow * (0.5 if place % 2 else 0.4) * math.cos(place * math.pi / 14),
                centre[1] + shift + side * grow * (0.5 if place % 2 else 0.4) * math.sin(place * math.pi / 14),
            )
            for place in range(28)
        ]
        canvas.polygon(points, colour)
    canvas.picture(emoji, centre, side * 46 // 100, readable(WHITE, colours.accent, wanted=2.5))


def _sticker(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    colours = kit.colours
    for place, share in enumerate((0.06, 0.5, 0.94)):
        curl = [
            (730 + step * 14 + place * 60, centre[1] + side * (share - 0.5) + 22 * math.sin(step * 0.9)) for step in range(14)
        ]
        canvas.stroke(curl[: 14 - 4 * place], mix((colours.second, colours.accent)[place % 2], colours.ground, 0.25), 9)
    paper = round(side * 0.84)
    canvas.polygon(turned((centre[0] + 8, centre[1] + 10), (paper, paper), -5), mix(colours.ink, colours.ground, 0.6), 0.35)
    canvas.polygon(turned(centre, (paper, paper), -5), mix(colours.ground, WHITE, 0.8))
    canvas.polygon(
        turned((centre[0], centre[1] - side * 0.03), (paper * 0.86, paper * 0.76), -5), mix(colours.accent, colours.ground, 0.78)
    )
    canvas.picture(emoji, (centre[0], centre[1] - side // 40), side * 46 // 100, colours.accent)
    tape(canvas, (centre[0], centre[1] - paper // 2 + 4), side * 36 // 100, 44, -9, mix(colours.second, WHITE, 0.1))


def _sun(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    canvas.circle(centre, side * 46 // 100, kit.colours.accent)
    canvas.picture(emoji, centre, side * 46 // 100, mix(kit.colours.ground, WHITE, 0.2))


def _neon(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    colours = kit.colours
    half = side * 44 // 100
    tile = Rect(centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half)
    canvas.shadow(tile, colours.accent, half // 2, 40, 0.5)
    canvas.border(tile, mix(colours.accent, colours.ground, 0.3), mix(colours.panel, colours.accent, 0.1), 4, half // 2)
    canvas.picture(emoji, centre, side * 52 // 100, colours.accent)


def _bubble(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    colours = kit.colours
    for place in range(10):
        turn = place * math.pi / 5
        petal = (round(centre[0] + side * 0.33 * math.cos(turn)), round(centre[1] + side * 0.33 * math.sin(turn)))
        canvas.circle(petal, round(side * 0.13), mix(colours.accent, WHITE, 0.62))
    canvas.circle(centre, round(side * 0.35), mix(colours.accent, WHITE, 0.62))
    canvas.picture(emoji, centre, side * 50 // 100, colours.accent)


def _arch(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    """A window with a round top at the right edge of the column."""
    colours = kit.colours
    left, top, bottom = 984 - side, centre[1] - side // 2, centre[1] + side // 2
    canvas.box(Rect(left, top, 984, bottom), colours.second, side // 2)
    canvas.box(Rect(left, centre[1], 984, bottom), colours.second)
    canvas.box(Rect(96, bottom - 2, left - 40, bottom), colours.ink)
    canvas.picture(emoji, (984 - side // 2, centre[1] + side // 20), side * 62 // 100, colours.accent)


def _poster(canvas: Canvas, kit: Kit, emoji: str, centre: tuple[int, int], side: int) -> None:
    """The upper part of the card in the accent's colour, the picture in white, cut by the edge."""
    colours = kit.colours
    bottom = centre[1] + side // 2
    canvas.box(Rect(0, 0, WIDTH, bottom), colours.accent)
    sign = mix(WHITE, colours.accent, 0.04)
    size = max(260, bottom * 78 // 100)
    canvas.circle((WIDTH - size * 45 // 100, bottom * 52 // 100), size * 56 // 100, mix(colours.accent, colours.ink, 0.16))
    canvas.picture(emoji, (WIDTH - size * 45 // 100, bottom * 52 // 100), size * 82 // 100, sign)


_EMBLEMS: Final[dict[str, Callable[[Canvas, Kit, str, tuple[int, int], int], None]]] = {
    "cream": _disc, "magazine": _arch, "pop": _burst, "notebook": _sticker,
    "ink": _sun, "night": _neon, "candy": _bubble, "swiss": _poster,
}  # fmt: skip
