"""The routes to approvals: what they take, and what they describe."""

from __future__ import annotations

import pytest

from tests.admin.approving import Bank, bank_in
from tests.admin.people.conftest import house as house
from tests.admin.people.house import Browser, House
from yett.admin.listing import PAGE_MAX
from yett.admin.routes.approvals import ROUTER


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


@pytest.fixture
def ann(bank: Bank) -> Browser:
    return bank.house.with_member("ann@example.com", "admin")


@pytest.mark.parametrize("query", ["limit=0", f"limit={PAGE_MAX + 1}", "state=lost", f"after={'x' * 129}", "after=1"])
def test_a_page_that_makes_no_sense_is_refused(ann: Browser, query: str) -> None:
    assert ann.api("GET", f"/approvals?{query}").status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b'{"reason":"a","reason":"b"}',
        b'{"reason":"a","exempt":"1h"}',
        b'{"reason":1}',
        b'{"free":"amount"}',
        b"not JSON",
        b'{"reason":"\\ud800"}',
    ],
)
def test_a_body_that_reads_two_ways_or_wrongly_decides_nothing(bank: Bank, ann: Browser, body: bytes) -> None:
    id = bank.asked()
    csrf = ann.get("/api/v1/me").json()["csrf"]
    fields = {"yett-csrf": csrf, "origin": ann.origin, "content-type": "application/json"}
    answer = ann.client.post(f"/api/v1/approvals/{id}/approve", content=body, headers=fields)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert bank.standing(id).votes == ()


def test_the_api_describes_each_route(ann: Browser) -> None:
    paths = ann.get("/api/v1/openapi.json").json()["paths"]
    described = {(path, method.upper()) for path in paths for method in paths[path]}
    for route in ROUTER.routes:
        for method in route.methods:  # type: ignore[attr-defined]  # every one is an APIRoute
            assert (f"/api/v1{route.path}", method) in described  # type: ignore[attr-defined]  # as above
