"""The themes: each has its own type, shapes and ground, not only its own colours."""

from __future__ import annotations

import hashlib
from typing import Final

from redbook_mcp.render.canvas import Rect
from redbook_mcp.render.colours import Colours, colours, parse
from redbook_mcp.render.fonts import Cut
from redbook_mcp.render.kit import Theme


def _of(ground: str, ink: str, accent: str, second: str, panel: str | None = None) -> Colours:
    return colours(parse(ground), parse(ink), parse(accent), parse(second), parse(panel) if panel else None)


_SANS: Final = Cut("sans", 400)
_BOLD: Final = Cut("sans", 700)
_KAI: Final = Cut("kai")
_KAI_BOLD: Final = Cut("kai", 700)

THEMES: Final = (
    Theme(
        name="cream",
        palettes=(
            _of("#f6eadb", "#4a3428", "#d9734e", "#f2c14e", "#fffaf3"),
            _of("#e9efe1", "#34402f", "#6f9a5b", "#f0b56b", "#fcfdf8"),
            _of("#f7e4e2", "#51302f", "#d76a74", "#f3bf8e", "#fffaf9"),
        ),
        title=Cut("sans", 900), body=_SANS, strong=_BOLD, head="marker", frame="panel", marker="disc",
        area=Rect(112, 150, 968, 1306), emblem="☕", radius=32,
        has_sheet=True,
        words=("咖啡", "甜品", "美食", "早餐", "烘焙", "食谱", "减脂餐", "奶茶", "探店", "吃", "菜", "收纳", "家居", "food"),
    ),
    Theme(
        name="magazine",
        palettes=(
            _of("#f5f2ec", "#1c1a18", "#b3372b", "#d9cbb2"),
            _of("#eef0ee", "#16211d", "#1f6650", "#cfd8c3"),
            _of("#f3eef0", "#201820", "#7a3358", "#dccbd3"),
        ),
        title=Cut("serif"), body=_SANS, strong=_BOLD, head="editorial", frame="rule", marker="italic",
        area=Rect(96, 136, 984, 1300), emblem="📷", leading=1.62,
        words=("旅行", "京都", "城市", "摄影", "电影", "展览", "穿搭", "时装", "生活方式", "书单", "阅读", "travel"),
    ),
    Theme(
        name="pop",
        palettes=(
            _of("#ffd23f", "#16130f", "#f4442e", "#7bdff2", "#fffdf5"),
            _of("#7ee0c6", "#10201c", "#ff5d8f", "#ffe066", "#fdfffd"),
            _of("#ff9ec4", "#1f0f18", "#3a5bff", "#ffe45e", "#fffafc"),
        ),
        title=Cut("sans", 900), body=Cut("sans", 500), strong=Cut("sans", 800), head="block", frame="hard", marker="outlined",
        area=Rect(92, 132, 980, 1296), emblem="💥", radius=14,
        has_sheet=True,
        words=("避坑", "避雷", "租房", "省钱", "攻略", "必看", "搞钱", "副业", "双十一", "测评", "红黑榜"),
    ),
    Theme(
        name="notebook",
        palettes=(
            _of("#fbf8ef", "#2f3a4a", "#3f7cac", "#ffd97d"),
            _of("#f4f8f4", "#2d3b33", "#4b8f6b", "#ffc9a3"),
            _of("#faf5f8", "#3b2f45", "#8a63b0", "#ffe08a"),
        ),
        title=_KAI_BOLD, body=_KAI, strong=_KAI_BOLD, head="wave", frame="none", marker="plain",
        area=Rect(150, 156, 984, 1290), emblem="✏️", radius=10, leading=1.6,
        words=("考研", "学习", "复习", "笔记", "计划", "考试", "英语", "单词", "自律", "手账", "效率", "study"),
    ),
    Theme(
        name="ink",
        palettes=(
            _of("#f3eee2", "#2a2622", "#a8322a", "#c9b78e"),
            _of("#eaeee8", "#232b28", "#2f6b5d", "#c8bd94"),
        ),
        title=Cut("serif"), body=_KAI, strong=_KAI_BOLD, head="seal", frame="none", marker="seal",
        area=Rect(130, 150, 950, 1250), emblem="🍵", leading=1.7,
        words=("茶", "国风", "诗", "古", "中式", "汉服", "书法", "节气", "故宫", "养生", "中医", "禅"),
    ),
    Theme(
        name="night",
        palettes=(
            _of("#0f1424", "#eef2ff", "#6ea8ff", "#b388ff", "#1a2138"),
            _of("#0d1a17", "#ecfff7", "#45e0a8", "#5cc8ff", "#14271f"),
            _of("#1a1020", "#fff0fa", "#ff7ac6", "#ffb86b", "#291a33"),
        ),
        title=Cut("sans", 800), body=_SANS, strong=_BOLD, head="glow", frame="bar", marker="square",
        area=Rect(92, 150, 988, 1296), emblem="💻", radius=18,
        words=("AI", "编程", "科技", "数码", "手机", "电脑", "软件", "工具", "代码", "Python", "程序", "游戏", "tech", "app"),
    ),
    Theme(
        name="candy",
        palettes=(
            _of("#fde3ee", "#5a2e45", "#e0568f", "#9ad7f5", "#fffafd"),
            _of("#e2f0ff", "#2c4062", "#3f83e0", "#ffc1d9", "#fbfdff"),
            _of("#efe6ff", "#40305e", "#8a63d8", "#ffd98e", "#fdfbff"),
        ),
        title=Cut("round"), body=Cut("sans", 500), strong=Cut("sans", 800), head="pill", frame="panel", marker="disc",
        area=Rect(116, 148, 964, 1262), emblem="🎀", radius=40, align="left",
        has_sheet=True,
        words=("美妆", "护肤", "口红", "化妆", "可爱", "少女", "宠物", "猫", "狗", "宝宝", "育儿", "生日", "小个子", "beauty"),
    ),
    Theme(
        name="swiss",
        palettes=(
            _of("#ffffff", "#111111", "#e4002b", "#f2f2f0"),
            _of("#f7f7f5", "#101216", "#1746d1", "#e6e8ef"),
            _of("#fbfaf6", "#141414", "#ff6a13", "#ece9e1"),
        ),
        title=Cut("sans", 900), body=_SANS, strong=_BOLD, head="numeral", frame="rule", marker="square",
        area=Rect(112, 132, 984, 1300), emblem="📌",
        words=("职场", "简历", "面试", "理财", "投资", "管理", "产品", "设计", "方法", "干货", "运动", "健身", "跑步", "极简"),
    ),
)  # fmt: skip

_BY_NAME: Final = {theme.name: theme for theme in THEMES}


def theme_names() -> tuple[str, ...]:
    return tuple(_BY_NAME)


def theme_of(name: str) -> Theme:
    """The theme of a name; an unknown name, such as that of a theme of another version, gets the first."""
    return _BY_NAME.get(name, THEMES[0])


def choose_theme(topic: str, seed: int) -> str:
    """The theme whose words a topic holds most of; without any, one by the hash of topic and seed."""
    lowered = topic.lower()
    scores = {theme.name: sum(len(word) for word in theme.words if word.lower() in lowered) for theme in THEMES}
    best = max(scores, key=lambda name: scores[name])
    if scores[best]:
        return best
    digest = hashlib.sha256(f"{seed}\n{topic}".encode("utf-8", "replace")).digest()
    return THEMES[digest[0] % len(THEMES)].name
