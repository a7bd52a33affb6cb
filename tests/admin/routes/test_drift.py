"""The route to how tools changed: what it takes, and what it says of itself."""

from __future__ import annotations

import pytest

from tests.admin.town import Town, open_town
from yett.admin.permissions import Role
from yett.admin.routes.drift import ROUTER


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> object:
    with open_town(tmp_path_factory.mktemp("drift") / "town") as opened:
        yield opened


@pytest.mark.parametrize("query", ["severity=low", "severity=None", "limit=0", "limit=501", "limit=x", "after=x", "after=-1"])
def test_what_makes_no_sense_is_refused(town: Town, query: str) -> None:
    status, answer = town.ask(town.person(Role.VIEWER), "GET", f"/tool-changes?{query}")
    assert (status, answer["code"]) == (422, "invalid"), answer


def test_an_answer_is_a_page(town: Town) -> None:
    assert len(ROUTER.routes) == 1
    for query in ("", "?after=0&severity=High&limit=500"):
        assert town.ask(town.person(Role.VIEWER), "GET", f"/tool-changes{query}") == (
            200,
            {"items": [], "cursor": "0", "more": False},
        )
