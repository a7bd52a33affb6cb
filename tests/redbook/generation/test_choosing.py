"""Which pages are painted, in which order; what a project's pages add up to."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.asking import Mode, Request, request_digest
from redbook_mcp.generation.choosing import REPEAT_S, Choice, choose, page_state, project_status
from redbook_mcp.model import Page, PageFailure, Project, Version
from redbook_mcp.outline import page_digest
from tests.redbook.fakes import NOON

ID = "0b1d6f3e-3f0a-4c57-9a55-1f2e3d4c5b6a"
WHEN = "2026-09-21T14:13:20.000Z"
"""NOON."""


def project(pages: int = 4, painted: tuple[int, ...] = (), *, request: str | None = None, cover: int = 1) -> Project:
    outline = tuple(Page(number, "cover" if number == cover else "content", f"text {number}") for number in range(1, pages + 1))
    return Project(
        ID,
        "topic",
        outline,
        WHEN,
        WHEN,
        versions=MappingProxyType({number: (version(outline[number - 1], request),) for number in painted}),
        current=MappingProxyType(dict.fromkeys(painted, 1)),
    )


def version(page: Page, request: str | None = None, created_at: str = WHEN) -> Version:
    return Version(
        1, ("images/1/v1.png",), page_digest(page), 1080, 1440, 10, "0" * 64, "openai", "m", 1, 5, created_at, request=request
    )


def failing(stored: Project, *pages: int) -> Project:
    failure = PageFailure(Code.TIMEOUT, "late", True, WHEN)
    return replace(stored, failures=MappingProxyType(dict.fromkeys(pages, failure)))


def rewritten(stored: Project, number: int) -> Project:
    outline = [*stored.outline]
    outline[number - 1] = replace(outline[number - 1], content="another text")
    return replace(stored, outline=tuple(outline))


def chosen(stored: Project, *, key: str = "key", now_s: float = 0, cap: int = 18, **asked: object) -> Choice:
    request = Request(ID, **asked)  # type: ignore[arg-type]  # the tests' own keywords
    return choose(stored, request, key=key, now_ns=NOON + round(now_s * 1e9), pages_per_run=cap)


def test_all_pages_are_painted_when_nothing_exists_the_cover_first() -> None:
    assert chosen(project(4)).paint == (1, 2, 3, 4)
    assert chosen(project(4, cover=3)).paint == (3, 1, 2, 4)


def test_without_a_wish_what_is_missing_failed_or_stale_is_painted() -> None:
    stored = rewritten(failing(project(5, (1, 2, 3, 4)), 3), 4)
    assert chosen(stored).paint == (3, 4, 5)


def test_nothing_is_painted_when_every_page_is_there() -> None:
    found = chosen(project(3, (1, 2, 3)))
    assert found.paint == ()
    assert found.asked == (1, 2, 3)


@pytest.mark.parametrize(
    ("mode", "pages", "paint"),
    [
        ("all", None, (1, 2, 3, 4, 5)),
        ("missing", None, (4, 5)),
        ("failed", None, (3,)),
        ("missing", (2, 5), (5,)),
        ("failed", (1, 3), (3,)),
        ("all", (2, 4), (2, 4)),
        (None, (2,), (2,)),
        (None, (3, 2, 2, 3), (2, 3)),
    ],
)
def test_mode_and_pages_choose(mode: Mode | None, pages: tuple[int, ...] | None, paint: tuple[int, ...]) -> None:
    stored = rewritten(failing(project(5, (1, 2, 3, 4)), 3), 4)
    assert chosen(stored, mode=mode, pages=pages).paint == paint


@pytest.mark.parametrize("pages", [(99,), (0,), (-1, 2), (5,), ()])
def test_pages_that_are_not_there_are_refused_with_the_valid_range(pages: tuple[int, ...]) -> None:
    with pytest.raises(RedBookError, match="its pages are 1 to 4") as caught:
        chosen(project(4, (1, 2, 3, 4)), pages=pages)
    assert caught.value.code is Code.INVALID_INPUT


def test_a_cover_without_a_picture_is_painted_before_the_asked_pages() -> None:
    found = chosen(project(4), pages=(3,))
    assert found.paint == (1, 3)
    assert found.asked == (1, 3)
    assert "page 1: the cover had no picture" in found.warnings[0]


def test_a_cover_that_nobody_follows_is_not_painted_beside() -> None:
    assert chosen(project(4), pages=(3,), use_cover=False).paint == (3,)


def test_the_callers_own_limit_leaves_pages_for_another_call() -> None:
    found = chosen(project(4), max_pages=2)
    assert (found.paint, found.left) == ((1, 2), (3, 4))
    assert "pages 3, 4: left for another call" in found.warnings


def test_more_pages_than_the_operator_allows_are_refused_with_what_to_do() -> None:
    with pytest.raises(RedBookError, match=r"4 pages to paint, at most 3 in one call here: .*maxPages") as caught:
        chosen(project(4), cap=3)
    assert caught.value.code is Code.TOO_MANY_PAGES
    assert chosen(project(4), cap=3, max_pages=10).paint == (1, 2, 3)


def test_the_same_request_again_is_answered_from_the_store_for_two_minutes() -> None:
    stored = project(4, (1, 2), request="key")
    again = chosen(stored, pages=(1, 2), now_s=REPEAT_S - 1)
    assert again.paint == ()
    assert 'name the pages with mode "all"' in again.warnings[0]
    assert chosen(stored, pages=(1, 2), now_s=REPEAT_S).paint == (1, 2)


def test_what_a_cut_off_request_left_is_painted_by_its_repeat() -> None:
    assert chosen(project(4, (1, 2), request="key"), pages=(1, 2, 3), now_s=5).paint == (3,)


def test_the_two_minutes_begin_with_the_last_page_of_the_request() -> None:
    stored = project(2, (1, 2), request="key")
    early = version(stored.outline[0], "key", "2026-09-21T13:13:20.000Z")
    stored = replace(stored, versions=MappingProxyType({**stored.versions, 1: (early,)}))
    assert chosen(stored, pages=(1, 2), now_s=1).paint == ()


def test_another_request_for_the_same_page_is_a_redo() -> None:
    assert chosen(project(4, (1, 2), request="key"), key="other", pages=(2,), now_s=1).paint == (2,)


def test_pages_with_mode_all_are_always_painted() -> None:
    assert chosen(project(4, (1, 2), request="key"), pages=(1, 2), mode="all", now_s=1).paint == (1, 2)


def test_mode_all_of_everything_is_known_as_a_repeat() -> None:
    assert chosen(project(2, (1, 2), request="key"), mode="all", now_s=1).paint == ()


def test_a_repeat_after_an_edit_is_none() -> None:
    assert chosen(rewritten(project(2, (1, 2), request="key"), 2), pages=(1, 2), now_s=1).paint == (2,)


def test_who_repaints_the_cover_hears_of_pages_that_follow_the_older_one() -> None:
    assert any("pages 2, 3: painted after an earlier cover" in one for one in chosen(project(3, (1, 2, 3)), pages=(1,)).warnings)


def test_who_repaints_a_page_hears_of_a_cover_with_an_older_text() -> None:
    stored = rewritten(project(3, (1, 2, 3)), 1)
    assert any("the cover's text has changed" in one for one in chosen(stored, pages=(2,)).warnings)


def test_page_states_and_what_they_add_up_to() -> None:
    assert project_status(project(2)) == "draft"
    assert project_status(project(2, (1,))) == "partial"
    assert project_status(project(2, (1, 2))) == "completed"
    assert project_status(rewritten(project(2, (1, 2)), 2)) == "partial"
    assert project_status(failing(project(2), 1)) == "error"
    assert project_status(failing(project(2, (1, 2)), 1)) == "partial"
    assert page_state(project(2), 1) == "missing"


def test_requests_are_the_same_when_all_that_matters_is_the_same() -> None:
    stored = project(2)
    one = request_digest(Request(ID, (2, 1)), stored, "openai")
    assert one == request_digest(Request(ID, (1, 2, 2), max_pages=2), stored, "openai")
    others = [
        request_digest(Request(ID, (1,)), stored, "openai"),
        request_digest(Request(ID), stored, "openai"),
        request_digest(Request(ID, (1, 2), feedback="more blue"), stored, "openai"),
        request_digest(Request(ID, (1, 2), mode="all"), stored, "openai"),
        request_digest(Request(ID, (1, 2), use_cover=False), stored, "openai"),
        request_digest(Request(ID, (1, 2)), stored, "gemini"),
        request_digest(Request(ID, (1, 2)), rewritten(stored, 2), "openai"),
    ]
    assert len({one, *others}) == len(others) + 1
