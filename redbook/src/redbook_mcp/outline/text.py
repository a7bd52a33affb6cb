"""Outlines: text ⇄ pages, and pages from what a caller sends as JSON. Pure, and linear in the length of the text.

The text is what language models write: pages between `<page>` and `</page>`, or divided by `<page>` or `---`; the first line
may be a marker (`[封面]`, `[内容]`, `[总结]`), lines such as `标题：…` give title and subtitle, `配图：…` says what to draw.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import PAGES_MAX, Page, PageType

TEXT_CHARACTERS_MAX: Final = 100_000
"""Of a whole outline."""
PAGE_CHARACTERS_MAX: Final = 5_000
"""Of one page, all its texts together: six cards hold far less."""

_TYPES: Final[dict[str, PageType]] = {
    "封面": "cover",
    "首图": "cover",
    "cover": "cover",
    "内容": "content",
    "正文": "content",
    "content": "content",
    "总结": "summary",
    "结尾": "summary",
    "summary": "summary",
}
_MARKERS: Final[dict[PageType, str]] = {"cover": "[封面]", "content": "[内容]", "summary": "[总结]"}

_TAG: Final = re.compile(r"<(/?)page(?=[\s/>])[^<>]*>", re.IGNORECASE)
_MARKER: Final = re.compile(rf"[\[【]\s*({'|'.join(_TYPES)})页?\s*[0-9]{{0,3}}\s*[\]】]\s*[:：]?[ \t]*", re.IGNORECASE)
_OTHER_MARKER: Final = re.compile(r"\[[^\[\]]{0,40}\]")
_LABELS: Final = {
    "title": re.compile(r"(?:主?标题|title)[ \t]*[:：][ \t]*(.*)", re.IGNORECASE),
    "subtitle": re.compile(r"(?:副标题|subtitle)[ \t]*[:：][ \t]*(.*)", re.IGNORECASE),
    "image": re.compile(r"(?:配图(?:建议)?|画面(?:描述)?|image)[ \t]*[:：][ \t]*(.*)", re.IGNORECASE),
}
_TAGS: Final = {
    name: (re.compile(f"<{name}>", re.IGNORECASE | re.ASCII), re.compile(f"</{name}>", re.IGNORECASE | re.ASCII))
    for name in _LABELS
}
_BACKGROUND: Final = re.compile(r"背景(?:描述)?[ \t]*[:：][ \t]*(.*)")
"""On a cover only: on other pages it may well be part of what is told."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS: Final = re.compile("\r\n|[\r\u2028\u2029]")


def parse_outline(text: str) -> tuple[Page, ...]:
    """The pages of an outline in the order they appear, numbered from 1; empty ones are left out.

    Errors: PARSE_FAILED where there is no page; TOO_MANY_PAGES; INVALID_INPUT for a text or page that is too long or holds
    control characters.
    """
    text = _checked(text)
    pages: list[Page] = []
    for block in _blocks(text):
        page = _page(block, number=len(pages) + 1)
        if page is not None:
            _refuse_too_long(page)
            pages.append(page)
    if not pages:
        raise RedBookError(Code.PARSE_FAILED, "the outline has no page; put each page between <page> and </page>")
    if len(pages) > PAGES_MAX:
        raise too_many(len(pages))
    return tuple(pages)


def outline_text(pages: tuple[Page, ...]) -> str:
    """The text that `parse_outline` reads as these pages, if no page holds a `<page>` tag of its own."""
    return "\n\n".join(f"<page>\n{_plain(page)}\n</page>" for page in pages)


def page_digest(page: Page) -> str:
    """SHA-256 (hex) of what a picture of the page depends on: type and texts, and not its number.

    Versions are kept by page number, so a page that moves meets another digest there; one that stays where it is while others
    come behind it keeps its picture.
    """
    parts = [1, page.type, page.title or "", page.subtitle or "", page.content, page.image_prompt or ""]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def tidy(text: str) -> str:
    """With `\\n` as the only line end, and without blanks around."""
    return _LINE_ENDS.sub("\n", text).strip()


def control_character(text: str) -> str | None:
    """Where the first control character or lone surrogate stands, in words; None if there is none."""
    found = _CONTROL.search(text)
    if found is None:
        return None
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    return f"line {line}, column {column}: control character U+{ord(found.group()):04X}; remove it"


def too_many(count: int) -> RedBookError:
    """The error for an outline of `count` pages."""
    return RedBookError(Code.TOO_MANY_PAGES, f"the outline has {count:,} pages; a note takes at most {PAGES_MAX}")


def _checked(text: str) -> str:
    if len(text) > TEXT_CHARACTERS_MAX:
        raise RedBookError(
            Code.INVALID_INPUT, f"the outline has {len(text):,} characters; at most {TEXT_CHARACTERS_MAX:,} are taken"
        )
    text = _LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))
    where = control_character(text)
    if where is not None:
        raise RedBookError(Code.INVALID_INPUT, f"outline, {where}")
    return _unfenced(text.strip())


def _unfenced(text: str) -> str:
    """Without the code fence that models like to put around."""
    first, _, rest = text.partition("\n")
    return rest.removesuffix("```") if first.startswith("```") and text.endswith("```") else text


def _refuse_too_long(page: Page) -> None:
    length = len(page.text()) + len(page.image_prompt or "")
    if length > PAGE_CHARACTERS_MAX:
        raise RedBookError(
            Code.INVALID_INPUT, f"page {page.number} has {length:,} characters; at most {PAGE_CHARACTERS_MAX:,} are taken"
        )


def _blocks(text: str) -> Iterator[str]:
    """The texts of the pages, empty ones too."""
    tags = list(_TAG.finditer(text))
    if not tags:
        yield from _divided_by_rules(text)
        return
    closes = any(tag[1] for tag in tags)
    if not closes and _leads(text[: tags[0].start()], text[tags[0].end() :]):
        yield text[: tags[0].start()]
    for tag, following in zip(tags, [*tags[1:], None], strict=True):
        # What stands behind `</page>` is chatter between the pages.
        if not tag[1]:
            yield text[tag.end() : following.start() if following else len(text)]


def _leads(before: str, behind: str) -> bool:
    """Whether the text before the first `<page>` is a page: where `<page>` only divides, the first page stands before it."""
    marked = any(_MARKER.match(line.strip()) for line in behind.splitlines())
    head = before.strip()
    return bool(_MARKER.match(head)) or head.lower().startswith("<title>") or not marked


def _divided_by_rules(text: str) -> Iterator[str]:
    """The pages of a text divided by lines of hyphens; none where there is no such line."""
    block: list[str] = []
    divided = False
    for line in text.split("\n"):
        stripped = line.strip()
        if len(stripped) >= 3 and not stripped.strip("-"):
            divided = True
            yield "\n".join(block)
            block = []
        else:
            block.append(line)
    if divided:
        yield "\n".join(block)


def _page(block: str, number: int) -> Page | None:
    """One page; None for an empty one."""
    kind, body = _typed(block.strip())
    if kind is None:
        titled = re.match(r"[^\n]*<title>", body, re.IGNORECASE)
        kind = "cover" if number == 1 or titled else "content"
    texts, content = _labelled(body, cover=kind == "cover")
    page = Page(number, kind, content, texts["title"] or None, texts["subtitle"] or None, texts["image"] or None)
    return page if page.text() else None


def _typed(block: str) -> tuple[PageType | None, str]:
    """The type that the first line names, and the rest; another `[mark]` alone on the first line names none."""
    marker = _MARKER.match(block)
    if marker is not None:
        return _TYPES[marker[1].lower()], block[marker.end() :].strip()
    first, _, rest = block.partition("\n")
    if rest.strip() and _OTHER_MARKER.fullmatch(first.strip()):
        return None, rest.strip()
    return None, block


def _labelled(body: str, *, cover: bool) -> tuple[dict[str, str], str]:
    """Title, subtitle and picture, and the content without them.

    Labelled lines count at the head of the page, on a cover anywhere. An empty tag (`<title></title>`) says that there is none.
    """
    texts: dict[str, str] = dict.fromkeys(_LABELS, "")
    closed: set[str] = set()
    for name, (opening, closing) in _TAGS.items():
        start = opening.search(body)
        end = closing.search(body, start.end()) if start else None
        if start and end:
            texts[name] = tidy(body[start.end() : end.start()])
            closed.add(name)
            body = body[: start.start()] + body[end.end() :]
    kept: list[str] = []
    for line in body.strip().split("\n"):
        found = _label(line.strip(), closed, cover=cover) if cover or not kept else None
        if found is not None:
            texts[found[0]] = found[1]
            closed.add(found[0])
        elif line.strip() or kept:
            kept.append(line)
    return texts, "\n".join(kept).strip()


def _label(line: str, closed: set[str], *, cover: bool) -> tuple[str, str] | None:
    """Which text a line gives, and the text."""
    for name, pattern in _LABELS.items():
        found = pattern.fullmatch(line) if name not in closed else None
        if found is not None:
            return name, found[1].strip()
    background = _BACKGROUND.fullmatch(line) if cover and "image" not in closed else None
    return ("image", background[1].strip()) if background else None


def _plain(page: Page) -> str:
    """The page in the form that people write; in the explicit form if that would be read as something else."""
    labelled = (("标题：", page.title), ("副标题：", page.subtitle), ("配图：", page.image_prompt))
    head = [_MARKERS[page.type], *(label + text for label, text in labelled if text)]
    text = "\n".join([*head, page.content])
    if _page(text, page.number) == page:
        return text
    tags = (("title", page.title), ("subtitle", page.subtitle), ("image", page.image_prompt))
    return "\n".join([_MARKERS[page.type], *(f"<{tag}>{text or ''}</{tag}>" for tag, text in tags), page.content])
