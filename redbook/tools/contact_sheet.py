"""Draws every layout of every theme on one picture: `python redbook/tools/contact_sheet.py docs/images/redbook-themes.webp`.

The notes are our own, in `sample_notes.txt`: for each theme a line with its name and a topic,
then its pages with `----` between them.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from redbook_mcp.model import Marks, Page, Style
from redbook_mcp.render.card import draw_page
from redbook_mcp.render.sheet import contact_sheet


def notes() -> Iterator[tuple[str, str, tuple[Page, ...]]]:
    """Theme, topic and pages of each note: the first page is a cover, the last a summary."""
    for text in (Path(__file__).parent / "sample_notes.txt").read_text("utf-8").split("==== ")[1:]:
        first, _, rest = text.partition("\n")
        theme, _, topic = first.partition(" ")
        cover, *contents, summary = rest.strip().split("\n----\n")
        pages = [Page(1, "cover", cover), *(Page(number, "content", each) for number, each in enumerate(contents, 2))]
        yield theme, topic, (*pages, Page(len(pages) + 1, "summary", summary))


def main(target: Path) -> None:
    cards, titles = [], []
    for theme, topic, pages in notes():
        for page in pages:
            drawn = draw_page(page, outline=pages, topic=topic, style=Style(theme), marks=Marks())
            cards.append(drawn.cards[0].png)
            titles.append(f"{theme} · {drawn.layout}")
            sys.stderr.writelines(f"{warning}\n" for warning in drawn.warnings)
    with Image.open(io.BytesIO(contact_sheet(cards, titles, columns=5))) as sheet:
        sheet.save(target, quality=82, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
