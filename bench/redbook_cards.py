"""How long RedBook's local cards take, and how much memory a note of 18 of them: `python -m bench.redbook_cards`."""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from itertools import cycle, islice

from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.render.card import draw_page
from redbook_mcp.render.themes import theme_names

PAGES = (
    Page(1, "cover", "标题：手冲咖啡入门\n副标题：在家也能冲出咖啡馆的味道 ☕"),
    Page(2, "content", "☕ 你需要准备什么\n1. 咖啡豆：选中浅烘焙\n2. 滤杯：V60 最常见\n3. 手冲壶：细口\n💡 小贴士：先买秤！"),
    Page(3, "content", "水温多少度？\n" + "不同烘焙度的豆子，适合的水温完全不一样。浅烘 92–94℃，深烘 83–87℃。" * 5),
    Page(4, "content", "手冲 vs 意式\n口感干净 vs 浓郁厚重\n几百元起步 vs 机器上千\n三分钟 vs 三十秒"),
    Page(5, "summary", "记住这三点\n✅ 粉水比 1:15\n✅ 水温 90℃\n✅ 两分三十秒\n#手冲咖啡 #咖啡入门"),
)


def note(theme: str, pages: int) -> list[float]:
    """Seconds of processor time of each page of one note."""
    spent = []
    for page in islice(cycle(PAGES), pages):
        begun = time.process_time()
        draw_page(page, outline=PAGES, topic="手冲咖啡入门", style=Style(theme), marks=Marks(watermark="@name"))
        spent.append(time.process_time() - begun)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--theme", choices=theme_names(), help="one theme only; all without it")
    parser.add_argument("--pages", type=int, default=18)
    given = parser.parse_args()
    print(f"{'theme':<10} {'first ms':>9} {'median ms':>10} {'worst ms':>9} {'peak MiB':>9}")
    for theme in [given.theme] if given.theme else theme_names():
        spent = [1000 * seconds for seconds in note(theme, given.pages)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{theme:<10} {spent[0]:9.0f} {statistics.median(spent):10.0f} {max(spent):9.0f} {peak:9.0f}")


if __name__ == "__main__":
    main()
