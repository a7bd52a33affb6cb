"""What the platform takes for one note, counted as the platform counts. Pure.

The numbers are what publishing tools met; the platform publishes no list of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from redbook_mcp.model import PAGES_MAX, Note, Page

TITLE_MAX: Final = 20
BODY_MAX: Final = 1000
TAGS_MAX: Final = 10
TAG_CHARACTERS_MAX: Final = 30
"""Longer ones are taken by nobody; a caution of ours, not the platform's number."""

_TAG: Final = re.compile(r"[\w·]+")
_IN_BODY: Final = re.compile(r"(?<![A-Za-z0-9_&/#＃])[#＃]([\w·]+)")
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTACT: Final = re.compile(
    r"https?://|www\.|(?<![A-Za-z])(?:vx|wx|wechat)(?![A-Za-z])|微信|加\s?v(?![A-Za-z])|二维码|(?<!\d)1[3-9]\d{9}(?!\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend before publishing."""

    level: Literal["error", "warning"]
    """`error`: the platform refuses or cuts it. `warning`: it takes it, readers or reviewers may not."""
    code: str
    message: str
    place: str
    """`title`, `body`, `tags[2]`, `pages[1]`, `images`."""


def title_length(text: str) -> int:
    """How long a title is to the platform: half the sum over its UTF-16 code units, ASCII 1, others 2, rounded up."""
    units = text.encode("utf-16-le", "surrogatepass")
    total = sum(1 if units[at + 1] == 0 and units[at] < 0x80 else 2 for at in range(0, len(units), 2))
    return (total + 1) // 2


def hashtags(body: str) -> tuple[str, ...]:
    """The tags that stand in a text as `#tag` or `#tag[话题]#`, without `#`, each once; numbering such as `#1` is none."""
    found = (tag[1] for tag in _IN_BODY.finditer(body))
    return tuple(dict.fromkeys(tag for tag in found if not tag.isdecimal()))


def body_with_tags(note: Note) -> str:
    """The text to paste: the body, then on a line of their own the tags that it does not hold yet, at most ten in all."""
    body = (note.body or "").strip()
    have = hashtags(body)
    missing = [tag for tag in dict.fromkeys(tag.strip("#＃ ") for tag in note.tags) if tag and tag not in have]
    line = " ".join(f"#{tag}" for tag in missing[: max(0, TAGS_MAX - len(have))])
    return "\n\n".join(part for part in (body, line) if part)


def check_note(note: Note | None, pages: Sequence[Page], *, images: int | None = None) -> tuple[Finding, ...]:
    """What to mend before a note is published, in the order title, body, tags, pages, images.

    `images` is the number of pictures, continuation cards counted; None for one a page.
    """
    note = note or Note()
    return (
        *_title(note.title),
        *_body(note),
        *_tags(note),
        *_pages(pages),
        *_images(len(pages) if images is None else images),
    )


def _title(title: str | None) -> Iterator[Finding]:
    if title is None or not _seen(title):
        yield Finding("error", "TITLE_MISSING", "the note has no title", "title")
        return
    length = title_length(title)
    if length > TITLE_MAX:
        message = f"the title counts {length}, at most {TITLE_MAX} are taken (a Chinese character counts 1, two Latin letters 1)"
        yield Finding("error", "TITLE_TOO_LONG", message, "title")
    if "\n" in title or _CONTROL.search(title):
        yield Finding("error", "TITLE_LINES", "the title holds line breaks or control characters", "title")


def _body(note: Note) -> Iterator[Finding]:
    if note.body is None or not _seen(note.body):
        yield Finding("warning", "BODY_MISSING", "the note has no text beside its pictures", "body")
        return
    whole = body_with_tags(note)
    if len(note.body) > BODY_MAX:
        yield Finding("error", "BODY_TOO_LONG", f"the text has {len(note.body)} characters, at most {BODY_MAX} are taken", "body")
    elif len(whole.encode("utf-16-le", "surrogatepass")) // 2 > BODY_MAX:
        message = f"the text with its tags comes over {BODY_MAX} if emoji count twice and tags count; shorten it to be safe"
        yield Finding("warning", "BODY_NEAR_LIMIT", message, "body")
    if _CONTROL.search(note.body.replace("\r\n", "\n")):
        yield Finding("error", "BODY_CONTROL", "the text holds control characters", "body")
    contact = _CONTACT.search(note.body)
    if contact is not None:
        message = f"the text names an address or contact ({contact[0]!r}); the platform holds such notes back"
        yield Finding("warning", "BODY_CONTACT", message, "body")


def _tags(note: Note) -> Iterator[Finding]:
    known: set[str] = set()
    for index, tag in enumerate(note.tags):
        place = f"tags[{index}]"
        if not _TAG.fullmatch(tag):
            message = "a tag is letters, digits and characters only: no #, blanks, punctuation or emoji"
            yield Finding("error", "TAG_SYNTAX", message, place)
        elif len(tag) > TAG_CHARACTERS_MAX:
            yield Finding("warning", "TAG_LONG", f"the tag has {len(tag)} characters; readers look for short ones", place)
        if tag.casefold() in known:
            yield Finding("warning", "TAG_REPEATED", "the tag is there twice", place)
        known.add(tag.casefold())
    total = len({tag.casefold() for tag in (*hashtags(note.body or ""), *note.tags)})
    if total > TAGS_MAX:
        yield Finding("error", "TAGS_TOO_MANY", f"the note has {total} tags, the platform keeps {TAGS_MAX}", "tags")


def _pages(pages: Sequence[Page]) -> Iterator[Finding]:
    for page in pages:
        if not any(_seen(text or "") for text in (page.title, page.subtitle, page.content)):
            yield Finding("warning", "PAGE_BLANK", f"page {page.number} has no text that is seen", f"pages[{page.number - 1}]")


def _images(images: int) -> Iterator[Finding]:
    if images < 1:
        yield Finding("error", "IMAGES_MISSING", "the note has no picture; it needs at least one", "images")
    elif images > PAGES_MAX:
        yield Finding("error", "IMAGES_TOO_MANY", f"the note has {images} pictures, at most {PAGES_MAX} are taken", "images")


def _seen(text: str) -> bool:
    """Whether a text shows anything: blanks and format characters do not."""
    return any(not character.isspace() and unicodedata.category(character)[0] != "C" for character in text)
