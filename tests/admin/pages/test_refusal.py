"""What is not there, as a page for browsers and as problem details for programs."""

from __future__ import annotations

import pytest

from tests.admin.people.house import House

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/catalog/none", "/catalog/none/tool", "/nothing-here", "/catalog/-/attacks/x"])
def test_a_browser_is_told_in_a_page_that_there_is_nothing(house: House, path: str) -> None:
    answer = house.browser().get(path, **BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.status_code == 404
    assert "<h1>There is nothing here</h1>" in answer.text
    assert 'href="/catalog"' in answer.text


def test_a_page_that_is_asked_for_in_a_wrong_way_says_so_in_a_page(house: House) -> None:
    answer = house.browser().get("/catalog/git?page=%3Cb%3E", **BROWSER)
    assert answer.status_code == 422
    assert "&lt;b&gt;" not in answer.text
    assert "page" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/catalog/none", "/nothing-here"])
def test_a_program_is_told_in_json(house: House, path: str) -> None:
    answer = house.browser().get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/servers/none", "/api/v1/nothing", "/v0/servers/none"])
def test_the_api_answers_in_json_whoever_asks(house: House, path: str) -> None:
    assert house.browser().get(path, **BROWSER).headers["content-type"] == "application/problem+json"
