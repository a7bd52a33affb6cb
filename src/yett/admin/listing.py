"""Lists that are asked for page by page. A place is opaque to callers: they hand back what they got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from yett.admin.checks import NS_MAX
from yett.admin.errors import Invalid
from yett.stores.control.records import Grant

PAGE_MAX: Final = 500
PAGE: Final = 100
SEARCH_MAX: Final = 200
NUMBER_MAX: Final = 2**31 - 1
"""The highest number of a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which part of a list is wanted."""

    search: str = ""
    """What names, notes, labels or owners hold, whatever the case."""
    limit: int = PAGE
    after: str = ""
    """`next` of the page before."""

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}", pointer="/limit")
        if len(self.search) > SEARCH_MAX:
            raise Invalid(f"`search` is longer than {SEARCH_MAX} characters", pointer="/search")


def grant_place(grant: Grant) -> str:
    """Where in the list of grants this one stands."""
    return place_of(grant.created_at_ns, grant.id)


def place_of(created_at_ns: int, id: str) -> str:
    """Where something stands in a list that goes by age."""
    return f"{created_at_ns}.{id}"


def read_grant_place(place: str) -> tuple[int, str] | None:
    """What `grant_place` wrote; None for the beginning. Errors: `Invalid`."""
    if not place:
        return None
    moment, dot, grant_id = place.partition(".")
    return _number(moment if dot else "", NS_MAX), grant_id


def read_number(place: str) -> int | None:
    """A place that is a number; None for the beginning. Errors: `Invalid`."""
    return _number(place, NUMBER_MAX) if place else None


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
        raise Invalid("`after` is not the `next` of a page; leave it out to begin anew", pointer="/after")
    return int(text)
