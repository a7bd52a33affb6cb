"""What language models and image models are asked, in our own words. Pure; Chinese unless another language is asked for.

What is asked follows from what the outline reader takes, from what the platform takes, and from what a series of cards needs.
"""

from __future__ import annotations

from typing import Final

from redbook_mcp.model import HEIGHT, PAGES_MAX, WIDTH, Page, PageType
from redbook_mcp.ports import Order

PAGES_USUAL: Final = (6, 12)
CONTEXT_CHARACTERS_MAX: Final = 4_000
"""Of the other pages in an image prompt: they are told for their tone, and the longest prompts that services take are short."""
CONTEXT_LINE_MAX: Final = 120

_NAMES_ZH: Final[dict[PageType, str]] = {"cover": "封面", "content": "内容页", "summary": "总结页"}
_NAMES_EN: Final[dict[PageType, str]] = {"cover": "cover", "content": "content page", "summary": "closing page"}

_LAYOUT_ZH: Final[dict[PageType, str]] = {
    "cover": "这是封面：标题是全图最大、最先被看到的元素，副标题紧随其后、明显小一级；画面要让人愿意停下来点开。",
    "content": "这是内容页：先分清主次，小标题、要点和说明有清楚的层级；并列的内容排成列表，行距宽松，便于在手机上快速读完。",
    "summary": "这是总结页：有收尾的感觉，要点可配对勾，让读者一眼看到结论和下一步。",
}
_LAYOUT_EN: Final[dict[PageType, str]] = {
    "cover": "This is the cover: its title is the largest thing and the first to be seen, the subtitle clearly one step smaller; "
    "it should make a reader stop scrolling.",
    "content": "This is a content page: make plain what matters most; headings, points and explanations have a clear order, what "
    "belongs side by side is a list, with room between the lines, quick to read on a phone.",
    "summary": "This is the closing page: it should feel like an end; points may carry check marks, the conclusion and the next "
    "step are seen at a glance.",
}

_OUTLINE_ZH: Final = """你为小红书写图文笔记。请把下面的主题写成一组卡片的文字大纲，每一页之后会画成一张图。

主题：{topic}
页数：{pages}

怎么写
- 第一页是封面：用“标题：”写一个具体、好记的标题，用“副标题：”补一句看点；想要的画面可以用“配图：”写一行。
- 中间每页只讲一件事，先说结论，再给做法、数字或例子；一页不超过一百五十字，能分点就分点。
- 最后一页是总结：收拢要点，或请读者收藏、留言、动手试试。
- 语气像熟悉这件事的朋友：真诚、简短、有用，不夸大，不编造数据。
- 可以适量用表情符号；用户说不要，就一个也不用。
- 不要使用竖线字符。

只输出下面这种格式，前后不要加任何说明：
<page>
[封面]
标题：……
副标题：……
</page>
<page>
[内容]
……
</page>
<page>
[总结]
……
</page>
每页的第一行必须是 [封面]、[内容] 或 [总结] 之一。"""

_OUTLINE_EN: Final = """You write picture notes for Xiaohongshu (RedBook). Turn the topic below into the text of a set of cards;
each page will become one picture.

Topic: {topic}
Pages: {pages}
Write in: {language}

How to write
- The first page is the cover: a concrete title that stays in mind (`Title:`), one line on what the reader gets (`Subtitle:`);
  if you have a picture in mind, one line of it (`Image:`).
- Every page between tells one thing: the conclusion first, then the steps, figures or examples. Keep a page
  under 80 words; use lists.
- The last page closes: the points in short, or what to save, answer or try next.
- Sound like a friend who knows the matter: honest, short, useful; nothing exaggerated, no invented figures.
- A few emoji are fine; none if the user does not want them.
- Do not use the vertical bar character.

Give only the pages, with nothing before or after them, like this:
<page>
[cover]
Title: …
Subtitle: …
</page>
<page>
[content]
…
</page>
<page>
[summary]
…
</page>
The first line of each page is [cover], [content] or [summary]."""

_IMAGE_GUIDE_ZH: Final = f"""一页大纲怎样画成一张图

交给图像模型的要求里，应当写明：
- 这一页的全部文字、它是封面、内容页还是总结页，以及笔记的主题；
- 整份大纲，只作背景，让各页的语气和画面像同一个系列；
- 竖版 3:4（{WIDTH}×{HEIGHT}），画面铺满，方向端正；
- 给出的文字必须全部出现，一字不差，清楚易读，不添字、不漏字；
- 封面标题最大，内容页层级分明，总结页有收尾感；
- 封面之外的每一页都以已画好的封面为准：同样的配色、字体和装饰，不同的内容；
- 不画任何平台的标志、用户名或编号，不画手机外框，不留白边。

先画封面，再画其他页。用户自己的图片和已有的水印、标识要原样尊重。"""

_IMAGE_GUIDE_EN: Final = f"""How one page of an outline becomes one picture

Tell the image model:
- all text of the page, whether it is the cover, a content page or the closing page, and what the note is about;
- the whole outline, for context only, so that the pages feel like one series;
- portrait, 3:4 ({WIDTH}×{HEIGHT}), filled to its edges, upright;
- every given word must be there, letter for letter and easy to read, with none added and none left out;
- the cover's title is the largest; content pages have a clear order; the closing page feels like an end;
- every page but the cover follows the painted cover: same colours, type and decoration, other content;
- no platform's logo, no user name or id, no frame of a phone, no white margin.

The cover is painted first. The user's own pictures, and marks that are on them, are to be respected as they are."""


def outline_guide(topic: str | None = None, pages: int | None = None, language: str | None = None) -> str:
    """What to ask a language model for an outline that `parse_outline` reads.

    `pages` is binding where it is given. `language` is what the note is to be written in; Chinese (`zh…`, `中文`) or none asks in
    Chinese, any other asks in English.
    """
    few, many = PAGES_USUAL
    if is_chinese(language):
        count = (
            f"正好 {pages} 页（含封面）"
            if pages
            else f"{few} 到 {many} 页（含封面），用户另有要求时以用户为准，最多 {PAGES_MAX} 页"
        )
        return _OUTLINE_ZH.format(topic=topic or "（由用户给出）", pages=count)
    count = (
        f"exactly {pages}, the cover included"
        if pages
        else f"{few} to {many}, the cover included; a number that the user gives is binding, at most {PAGES_MAX}"
    )
    return _OUTLINE_EN.format(topic=topic or "(what the user gives)", pages=count, language=language)


def image_guide(language: str | None = None) -> str:
    """What a good request for one picture says: for whoever writes one by hand."""
    return _IMAGE_GUIDE_ZH if is_chinese(language) else _IMAGE_GUIDE_EN


def image_prompt(order: Order, *, with_text: bool) -> str:
    """What an image model is asked for one page.

    With text, the model sets the page's words itself. Without (hybrid), it paints a background that holds no writing at all and
    leaves calm room where the words are set later.
    """
    chinese = is_chinese(order.language)
    parts = _task(order, with_text=with_text, chinese=chinese)
    parts.append(_pictures(order, chinese=chinese))
    if with_text:
        parts.append(_context(order, chinese=chinese))
    if order.feedback:
        head = (
            "用户对这一页的修改意见（改画面，不改事实和文字）："
            if chinese
            else "What the user wants changed (change how it looks, not what it says):"
        )
        parts.append(f"{head}\n{order.feedback.strip()}")
    parts.append(_rules(with_text=with_text, chinese=chinese))
    return "\n\n".join(part for part in parts if part)


def is_chinese(language: str | None) -> bool:
    """Whether to ask in Chinese: for Chinese in any spelling, and where nothing is said."""
    if language is None or not language.strip():
        return True
    low = language.strip().lower()
    return low.startswith(("zh", "cn", "chinese", "mandarin")) or any(
        word in low for word in ("中文", "汉语", "漢語", "简体", "繁体", "繁體")
    )


def _task(order: Order, *, with_text: bool, chinese: bool) -> list[str]:
    page = order.page
    name = (_NAMES_ZH if chinese else _NAMES_EN)[page.type]
    place = f"{page.number}/{len(order.outline)}"
    if chinese:
        head = f"为小红书图文笔记《{order.theme}》绘制第 {place} 张：{name}。竖版 3:4，{WIDTH}×{HEIGHT}，铺满画面，方向端正。"
    else:
        head = (
            f"Paint picture {place} of a Xiaohongshu note about “{order.theme}”: the {name}. "
            f"Portrait, 3:4, {WIDTH}×{HEIGHT}, filled to the edges, upright."
        )
    wish = f"{'想要的画面：' if chinese else 'Wanted in the picture: '}{page.image_prompt}" if page.image_prompt else ""
    if with_text:
        label = "画面上的文字（全部，一字不差）：" if chinese else "Text on the picture (all of it, letter for letter):"
        return [head, f"{label}\n<<<\n{page.text()}\n>>>", wish, (_LAYOUT_ZH if chinese else _LAYOUT_EN)[page.type]]
    label = (
        "这一页讲的是（只用来决定画什么，不要写出来）："
        if chinese
        else "The page tells this (to decide what to paint, not to be written):"
    )
    return [head, f"{label}\n<<<\n{page.text()}\n>>>", wish, _calm(page, chinese=chinese)]


def _calm(page: Page, *, chinese: bool) -> str:
    """Where the words go later."""
    if chinese:
        where = "中央偏上的一大块" if page.type == "cover" else "中间约三分之二"
        return f"只画背景：{where}保持平静、明暗均匀、细节少，文字之后由程序排上去；主体和装饰放在四周和下方。"
    where = "a large part above the middle" if page.type == "cover" else "the middle two thirds"
    return (
        f"Paint the background only: keep {where} calm, even in brightness and poor in detail, since the words are set there "
        "later; put what there is to see around it and below."
    )


def _pictures(order: Order, *, chinese: bool) -> str:
    """What the attached pictures are; the cover is the last of them."""
    parts = []
    if order.references:
        count = len(order.references)
        parts.append(
            f"前 {count} 张附图是用户自己的参考图：借鉴其主体、配色和气氛，图上原有的水印和标识不要改动或抹去。"
            if chinese
            else f"The first {count} attached picture(s) are the user's own: take subject, colours and mood from them; leave "
            "marks that are on them as they are."
        )
    if order.cover is not None:
        parts.append(
            "最后一张附图是这组笔记的封面：沿用它的配色、字体风格、装饰和质感，换成这一页的内容，不要照抄封面的构图和文字。"
            if chinese
            else "The last attached picture is the cover of this series: keep its colours, type, decoration and texture, with "
            "this page's content; do not repeat its composition or its words."
        )
    return "\n".join(parts)


def _context(order: Order, *, chinese: bool) -> str:
    """The other pages in short."""
    names = _NAMES_ZH if chinese else _NAMES_EN
    lines: list[str] = []
    length = 0
    for page in order.outline:
        text = " / ".join(page.text().split("\n"))
        shown = text if len(text) <= CONTEXT_LINE_MAX else f"{text[:CONTEXT_LINE_MAX]}…"
        line = f"{page.number}. {names[page.type]}{'：' if chinese else ': '}{shown}"
        length += len(line)
        if length > CONTEXT_CHARACTERS_MAX:
            break
        lines.append(line)
    if len(order.outline) < 2:
        return ""
    head = (
        "整组大纲（仅供保持风格一致，其他页的文字不要画进来）："
        if chinese
        else "The whole outline (for one style throughout; paint no other page's words):"
    )
    return "\n".join([head, *lines])


def _rules(*, with_text: bool, chinese: bool) -> str:
    if chinese:
        text = "文字清晰端正，不添字、不漏字、不造字" if with_text else "画面里不出现任何文字、字母、数字或类似文字的符号"
        return f"要求：{text}；一张完整的画面，不拼贴；不画任何平台的标志、用户名或编号；不画手机外框，不留白边，不旋转画面。"
    text = (
        "letters clean and legible, no word added, left out or invented"
        if with_text
        else "no letters, digits or signs that look like writing"
    )
    return (
        f"Rules: {text}; one whole picture, no collage; no platform's logo, no user name or id; no frame of a phone, no white "
        "margin, nothing rotated."
    )
