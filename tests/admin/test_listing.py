"""Lists that are asked for page by page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.admin.service import Office
from yett.admin.errors import Invalid
from yett.admin.listing import PAGE_MAX, SEARCH_MAX, Listing, place_of, read_grant_place, read_number
from yett.admin.views import NewGrant


def test_a_place_is_read_as_it_was_written() -> None:
    assert read_grant_place(place_of(2**63 - 1, "g-1.x")) == (2**63 - 1, "g-1.x")
    assert read_grant_place("") is None
    assert read_number("2147483647") == 2**31 - 1
    assert read_number("") is None


@pytest.mark.parametrize("place", ["x", "1", ".g", "-1.g", "²3.g", f"{2**63}.g", "9" * 100 + ".g", "1e3.g"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(Invalid, match="is not the `next` of a page"):
        read_grant_place(place)


@pytest.mark.parametrize("place", ["x", "-1", "2147483648", "9" * 100, "1.5"])
def test_what_is_no_number_is_refused(place: str) -> None:
    with pytest.raises(Invalid):
        read_number(place)


@pytest.mark.parametrize("listing", [{"limit": 0}, {"limit": PAGE_MAX + 1}, {"search": "x" * (SEARCH_MAX + 1)}])
def test_a_page_has_a_sane_length_and_a_search_too(listing: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Listing(**listing)  # type: ignore[arg-type]  # as somebody may send it


@pytest.mark.parametrize(
    ("look", "pointer"),
    [
        (lambda _: Listing(limit=0), "/limit"),
        (lambda _: Listing(search="x" * (SEARCH_MAX + 1)), "/search"),
        (lambda office: office.service.grant_page(Listing(after="x")), "/after"),
        (lambda office: office.service.tool_changes(after="x"), "/after"),
        (lambda office: office.service.tool_changes(severity="grave"), "/severity"),
        (lambda office: office.service.server_changes(kinds=["odd"]), "/kind"),
        (lambda office: office.service.find_tools("x", risk="odd"), "/class"),
    ],
)
def test_a_refused_question_names_the_parameter(office: Office, look: Callable[[Office], object], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        look(office)
    assert [one["pointer"] for one in refused.value.details] == [pointer]


def test_the_pages_of_a_list_are_the_list(office: Office) -> None:
    office.with_server()
    for number in range(5):
        office.service.mint_grant(NewGrant(server="files", label=str(number)))
        office.clock.advance(number % 2)
    found, after = list[str](), ""
    while True:
        page = office.service.grant_page(Listing(limit=2, after=after))
        found += [view.label for view in page.items]
        if page.next is None:
            break
        after = page.next
    assert found == [view.label for view in office.service.grants()]
    assert sorted(found) == ["0", "1", "2", "3", "4"]
