"""What a page says: its title, its subtitle and its blocks, read from the plain text that its author wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from redbook_mcp.model import Page
from redbook_mcp.render import plain

Kind = Literal["heading", "text", "item", "versus", "tip", "tags"]

TITLE_MAX: Final = 26
"""Characters of a first line that is taken for a title."""
HEAD_MAX: Final = 12
"""Characters before a colon that are taken for the head of a list item."""
COLUMN_HEAD_MAX: Final = 10
ITEM_HEAD_MAX: Final = 18
"""Characters of an item's first line that is its head if others follow."""
LABEL_MAX: Final = 5
"""Characters before a colon that are taken for the label of a tip."""
_HANDLED: Final = "✅✔☑✓√"
_REFUSED: Final = "❌✗✘×✖"
_LABEL: Final = re.compile(
    r"(?:<(title|subtitle)>(.*?)(?:</\1>|$)|(主标题|标题|副标题|Title|Subtitle)\s*[：:]\s*(.+))", re.IGNORECASE
)
_DIRECTION: Final = re.compile(r"[(（\[【]?(?:背景|画面|配图|配图建议|图片建议|背景描述|画面描述)\s*[：:]")
_NUMBER: Final = re.compile(r"(?:(\d{1,2})\s*[.、．)）](?!\d)|([①-⑳])|([0-9])\ufe0f?\u20e3|(🔟))\s*(.+)")
_BULLET: Final = re.compile(r"(?:[-*+•·●▪◦‣–]\s+|[•·●▪◦‣])(.+)")
_MARK: Final = re.compile(rf"(?:\[([ xX])\]|([{_HANDLED}])|([{_REFUSED}]))\ufe0f?\s*(.+)")
_HEADING: Final = re.compile(r"(?:#{1,6}\s+(.+)|【([^】]{1,20})】$|((?:第)?[一二三四五六七八九十]{1,3}[、步].{1,18})$)")
_TAGS: Final = re.compile(r"(?:[#＃][^\s#＃]{1,30}[#＃]?\s*)+")
_TIP: Final = re.compile(
    r"(?:>\s*(.*)|(💡|⚠️?|📌|❗️?|🔔|✍️?)\s*(.+)|((?:小贴士|贴士|Tips?|TIPS?|注意|提醒|提示|划重点|重点)\s*[：:]\s*.*))"
)
_VERSUS: Final = re.compile(r"(.{1,40}?)\s*(?:\s[Vv][Ss]\.?\s|\bVS\b|[|｜])\s*(.{1,60})")
_TABLE: Final = re.compile(r"\|(.+)\|?\s*$")
_TABLE_RULE: Final = re.compile(r"\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?")


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `head` is an item's head or a tip's label; `marker` is `1`, `•`, `✓`, `✗` or an emoji."""

    kind: Kind
    text: str = ""
    head: str = ""
    marker: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    """Of a comparison: left and right."""


@dataclass(frozen=True, slots=True)
class Content:
    """A page as it is laid out."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]


def content_of(page: Page) -> Content:
    """Read a page. Nothing of its text is lost but markup, directions for a background picture and blank lines."""
    title = _one_line(page.title)
    subtitle = _one_line(page.subtitle)
    lines: list[str] = []
    for raw in plain.inert(page.content).split("\n"):
        line = raw.strip()
        if label := _LABEL.fullmatch(line):
            is_subtitle = "sub" in (label[1] or label[3]).lower() or (label[3] or "").startswith("副")
            value = _one_line(label[2] or label[4])
            if is_subtitle:
                subtitle = subtitle or value
            else:
                title = title or value
        elif not (page.type == "cover" and _DIRECTION.match(line)):
            lines.append(raw.rstrip())
    if lines and title and _bare(_first(lines)) == _bare(title):
        lines = _without_first(lines)
    if lines and subtitle and _bare(_first(lines)) == _bare(subtitle):
        lines = _without_first(lines)
    return _completed(page, title, subtitle, lines)


def _completed(page: Page, title: str, subtitle: str, lines: list[str]) -> Content:
    if not title and _is_title(_first(lines), lines, cover=page.type == "cover"):
        title, lines = _bare_heading(_first(lines)), _without_first(lines)
        if page.type == "cover" and not subtitle and _is_title(_first(lines), lines, cover=True):
            subtitle, lines = _bare_heading(_first(lines)), _without_first(lines)
    blocks = tuple(_headed(title, list(_merged(list(_blocks([plain.with_emphasis(line) for line in lines]))))))
    return Content(plain.with_emphasis(title), plain.with_emphasis(subtitle), blocks)


def _headed(title: str, blocks: list[Block]) -> list[Block]:
    """`A vs B` as a page's title heads the columns of the comparison below it."""
    found = re.fullmatch(r"(.{1,10}?)\s*(?:[Vv][Ss]\.?|[|｜])\s*(.{1,10})", title)
    place = next((place for place, block in enumerate(blocks) if block.kind == "versus"), None)
    if found and place is not None:
        named = (found[1].strip(), found[2].strip())
        if blocks[place].rows[0] != named:
            blocks[place] = replace(blocks[place], rows=(named, *blocks[place].rows))
    return blocks


def has_heads(block: Block) -> bool:
    """Whether a comparison's first row names its columns: it is short, and others follow that are longer."""
    first, *others = block.rows
    longest = max((len(cell) for row in others for cell in row), default=0)
    return bool(others) and all(0 < len(cell) <= COLUMN_HEAD_MAX for cell in first) and max(map(len, first)) < max(longest, 3)


def _one_line(text: str | None) -> str:
    return " ".join(plain.inert(text or "").split())


def _first(lines: Sequence[str]) -> str:
    return next((line.strip() for line in lines if line.strip()), "")


def _without_first(lines: list[str]) -> list[str]:
    place = next(place for place, line in enumerate(lines) if line.strip())
    return lines[place + 1 :]


def _bare(line: str) -> str:
    return re.sub(r"[#*\s]", "", line)


def _bare_heading(line: str) -> str:
    found = _HEADING.fullmatch(line)
    line = next(part for part in found.groups() if part) if found else line
    return line.removeprefix("**").removesuffix("**") if line.count("**") == 2 else line


def _is_title(line: str, lines: Sequence[str], *, cover: bool) -> bool:
    if not line or _TAGS.fullmatch(line) or _TIP.fullmatch(line):
        return False
    if _NUMBER.fullmatch(line) or _BULLET.fullmatch(line) or _MARK.fullmatch(line) or _TABLE.match(line):
        return False
    if cover:
        return len(line) <= 40
    alone = sum(bool(each.strip()) for each in lines) == 1
    return bool(re.match(r"#{1,6}\s.{1,80}$", line)) or (len(line) <= TITLE_MAX and not alone and line[-1] not in "。，、；;,")


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    after_blank = True
    item: Block | None = None
    for raw in lines:
        line = raw.strip()
        if not line or re.fullmatch(r"[-—–=_*]{3,}", line) or _TABLE_RULE.fullmatch(line):
            after_blank = True
            continue
        block = _block(line)
        if item is not None and block.kind == "text" and (not after_blank or raw[:1] == " "):
            item = _continued(item, line)
            after_blank = False
            continue
        if item is not None:
            yield item
        item = block if block.kind == "item" else None
        if item is None:
            yield block
        after_blank = False
    if item is not None:
        yield item


def _continued(item: Block, line: str) -> Block:
    """An item with one more line; a short first line is its head."""
    if not item.head and "\n" not in item.text and len(item.text) <= ITEM_HEAD_MAX:
        return replace(item, head=plain.without_emphasis(item.text), text=line)
    return replace(item, text=f"{item.text}\n{line}")


def _block(line: str) -> Block:
    """One line by itself."""
    if _TAGS.fullmatch(line):
        return Block("tags", line)
    if found := _HEADING.fullmatch(line):
        return Block("heading", next(part for part in found.groups() if part))
    if found := _NUMBER.fullmatch(line):
        digits = found[1] or found[3] or ("10" if found[4] else str(ord(found[2]) - ord("①") + 1))
        return _item(digits, found[5])
    if found := _MARK.fullmatch(line):
        return _item("✗" if found[3] else "✓" if found[2] or found[1] != " " else "☐", found[4])
    if found := _TIP.fullmatch(line):
        return _tip(found)
    if found := _BULLET.fullmatch(line):
        return _item("•", found[1])
    if row := _row(line):
        return Block("versus", rows=(row,))
    return Block("text", line)


def _row(line: str) -> tuple[str, str] | None:
    cells = [cell.strip() for cell in line.strip("|｜").split("|")] if line.startswith("|") else []
    if len(cells) >= 2:
        return (cells[0], cells[1]) if len(cells) == 2 else (cells[0], "\n".join(cells[1:]))
    found = _VERSUS.fullmatch(line)
    return (found[1].strip(), found[2].strip()) if found else None


def _item(marker: str, text: str) -> Block:
    head, colon, rest = text.partition("：") if "：" in text else text.partition(": ")
    bare = plain.without_emphasis(head)
    if colon and 0 < len(bare) <= HEAD_MAX and rest.strip():
        return Block(
            "item",
            rest.replace(plain.STRONG_OFF, "", int(plain.STRONG_ON in head and plain.STRONG_OFF not in head)).strip(),
            bare,
            marker,
        )
    if not colon and text.startswith(plain.STRONG_ON):
        head, _, rest = text[1:].partition(plain.STRONG_OFF)
        if rest.strip():
            return Block("item", rest.strip(), head, marker)
    return Block("item", text, "", marker)


def _tip(found: re.Match[str]) -> Block:
    if found[1] is not None:
        return Block("tip", found[1], marker="❝")
    if found[2]:
        label, colon, rest = found[3].replace(":", "：", 1).partition("：")
        if colon and len(label) <= LABEL_MAX and rest.strip():
            return Block("tip", rest.strip(), head=label.strip(), marker=found[2])
        return Block("tip", found[3], marker=found[2])
    label, _, rest = found[4].replace(":", "：", 1).partition("：")
    return Block("tip", rest.strip(), head=label.strip(), marker="💡")


def _merged(blocks: list[Block]) -> Iterator[Block]:
    """Rows of one comparison together, and lists whose items each begin with an emoji seen as lists."""
    place = 0
    while place < len(blocks):
        block = blocks[place]
        if rows := _opposed(blocks[place:]):
            yield Block("versus", rows=(("❌", "✅"), *rows))
            place += 2 * len(rows)
            continue
        if block.kind == "versus":
            last = place
            while last < len(blocks) and blocks[last].kind == "versus":
                last += 1
            yield Block("versus", rows=tuple(row for each in blocks[place:last] for row in each.rows))
            place = last
            continue
        if (
            block.kind == "text"
            and _pictured(block)
            and any(_pictured(each) for each in blocks[max(0, place - 1) : place + 2] if each is not block)
        ):
            first, rest = plain.clusters(block.text)[0], "".join(plain.clusters(block.text)[1:]).strip()
            yield _item(first, rest)
        else:
            yield block
        place += 1


def _opposed(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    """The rows of a list that says in turn what not to do and what to do; none unless two pairs or more do so."""
    rows = []
    for wrong, right in zip(blocks[::2], blocks[1::2], strict=False):
        if (wrong.marker, right.marker) != ("✗", "✓") or wrong.kind != "item" or right.kind != "item":
            break
        rows.append((_said(wrong), _said(right)))
    return rows if len(rows) >= 2 else []


def _said(block: Block) -> str:
    return f"{block.head}：{block.text}" if block.head else block.text


def _pictured(block: Block) -> bool:
    if block.kind != "text" or not block.text:
        return False
    pieces = plain.clusters(block.text[:40])
    return plain.is_emoji(pieces[0]) and len(pieces) > 1 and not plain.is_emoji(pieces[1])
