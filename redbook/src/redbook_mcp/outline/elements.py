"""Pages from what a caller sends as JSON. Every fault is named with its place, all at once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final, TypeGuard

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import PAGES_MAX, Page, PageType
from redbook_mcp.outline.text import PAGE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, control_character, tidy, too_many

_MEMBERS: Final = ("pageNumber", "type", "content", "title", "subtitle", "imagePrompt")
_TYPES: Final[tuple[PageType, ...]] = ("cover", "content", "summary")
_NUMBER_MAX: Final = 10_000
_FAULTS_SHOWN_MAX: Final = 20


def pages_from_json(value: object) -> tuple[Page, ...]:
    """The pages of `[{pageNumber?, type?, content, title?, subtitle?, imagePrompt?}, …]`, numbered by their order in the list.

    `pageNumber` may be left out; where it is given it must be a whole number from 1, and the order of the list still decides,
    so that a page is moved by moving it. Without `type` the first page is the cover and every other one content. `content` may
    be left out where there is a title. Errors: INVALID_INPUT, with every fault and its place (`outline[2].type`);
    TOO_MANY_PAGES.
    """
    if not isinstance(value, list | tuple):
        raise RedBookError(Code.INVALID_INPUT, "outline: must be a list of pages")
    if not value:
        raise RedBookError(Code.INVALID_INPUT, "outline: has no page; a note needs at least one")
    if len(value) > PAGES_MAX:
        raise too_many(len(value))
    faults: list[str] = []
    pages = tuple(_page(element, index, faults) for index, element in enumerate(value))
    length = sum(len(page.text()) for page in pages)
    if length > TEXT_CHARACTERS_MAX:
        faults.append(f"outline: has {length:,} characters; at most {TEXT_CHARACTERS_MAX:,} are taken")
    if faults:
        raise RedBookError(Code.INVALID_INPUT, _listed(faults))
    return pages


def _listed(faults: Sequence[str]) -> str:
    shown = list(faults[:_FAULTS_SHOWN_MAX])
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    return "; ".join(shown)


def _page(element: object, index: int, faults: list[str]) -> Page:
    """The page as far as it can be read; what is wrong with it goes to `faults`."""
    place = f"outline[{index}]"
    if not _is_object(element):
        faults.append(f"{place}: must be an object with type and content")
        return Page(index + 1, "content", "")
    faults.extend(_unknown(place, str(name)) for name in element if name not in _MEMBERS)
    _check_number(element.get("pageNumber"), place, faults)
    texts = {
        name: _text(element.get(name), f"{place}.{name}", faults) for name in ("content", "title", "subtitle", "imagePrompt")
    }
    page = Page(
        number=index + 1,
        type=_type(element.get("type"), index, faults),
        content=texts["content"],
        title=texts["title"] or None,
        subtitle=texts["subtitle"] or None,
        image_prompt=texts["imagePrompt"] or None,
    )
    length = sum(len(text) for text in texts.values())
    if length > PAGE_CHARACTERS_MAX:
        faults.append(f"{place}: has {length:,} characters; at most {PAGE_CHARACTERS_MAX:,} are taken for a page")
    elif not page.text() and not any(fault.startswith(f"{place}.") for fault in faults):
        faults.append(f"{place}: is empty; give content or a title")
    return page


def _is_object(element: object) -> TypeGuard[dict[str, object]]:
    return isinstance(element, dict)


def _unknown(place: str, name: str) -> str:
    near = difflib.get_close_matches(name[:100], _MEMBERS, n=1)
    advice = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(_MEMBERS)}"
    return f"{place}.{name[:40]!a}: unknown member; {advice}"


def _check_number(value: object, place: str, faults: list[str]) -> None:
    if value is not None and not _is_page_number(value):
        faults.append(f"{place}.pageNumber: must be a whole number from 1, or be left out")


def _is_page_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= _NUMBER_MAX and value == value // 1


def _type(value: object, index: int, faults: list[str]) -> PageType:
    if value is None:
        return "content" if index else "cover"
    found = next((kind for kind in _TYPES if kind == value), None)
    if found is None:
        faults.append(f"outline[{index}].type: must be one of {', '.join(_TYPES)}")
    return found or "content"


def _text(value: object, place: str, faults: list[str]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        faults.append(f"{place}: must be a text")
        return ""
    if len(value) > TEXT_CHARACTERS_MAX:
        faults.append(f"{place}: has {len(value):,} characters; at most {PAGE_CHARACTERS_MAX:,} are taken for a page")
        return ""
    text = tidy(value)
    where = control_character(text)
    if where is not None:
        faults.append(f"{place}, {where}")
    return text
