"""Every route of the admin API, asked as each role, with something to be found: who may is served, who may not is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.every_route import ROWS, Row, published
from tests.admin.town import Town, open_town
from yett.admin.permissions import Role

CELLS = [(row, role) for row in ROWS for role in Role]
SERVED = [(row, role) for row, role in CELLS if role in row.roles]
REFUSED = [(row, role) for row, role in CELLS if role not in row.roles]
CHANGES = [row for row in ROWS if row.method != "GET"]


def named(cell: object) -> str:
    return " ".join(cell.route) if isinstance(cell, Row) else str(cell)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """For tests in which nothing changes."""
    with open_town(tmp_path_factory.mktemp("every-route") / "town") as town:
        yield town


@pytest.fixture
def untouched(shared: Town) -> Iterator[Town]:
    """The same, looked at afterwards: nothing was written."""
    shared.statements.clear()
    yield shared
    assert [one for one in shared.statements if one.startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_the_table_has_every_route_once() -> None:
    assert Counter(row.route for row in ROWS) == Counter(published())


@pytest.mark.parametrize(("row", "role"), SERVED, ids=named)
def test_who_may_is_served(tmp_path: Path, row: Row, role: Role) -> None:
    with open_town(tmp_path / "town") as town:
        status, answer = town.ask(town.person(role), *row.asked(town.plan.refs["ours"], role))
    assert status == row.status, answer


@pytest.mark.parametrize(("row", "role"), REFUSED, ids=named)
def test_who_may_not_is_refused_and_nothing_is_written(untouched: Town, row: Row, role: Role) -> None:
    status, answer = untouched.ask(untouched.person(role), *row.asked(untouched.plan.refs["ours"], role))
    assert (status, answer["code"]) == (403, "forbidden"), answer


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_nobody_is_served(untouched: Town, row: Row) -> None:
    asked = row.asked(untouched.plan.refs["ours"], Role.ADMIN)
    assert untouched.ask(None, *asked)[0] == 401
    assert untouched.ask(None, *asked, authorization="Bearer another")[0] == 401


@pytest.mark.parametrize("row", [row for row in ROWS if row.body is not None and row.roles], ids=named)
def test_a_key_that_is_not_known_is_refused(untouched: Town, row: Row) -> None:
    method, path, body = row.asked(untouched.plan.refs["ours"], Role.ADMIN)
    status, answer = untouched.ask(untouched.person(Role.ADMIN), method, path, {**body, "unheard": 1})
    assert (status, answer["errors"][0]["pointer"]) == (422, "/unheard")


@pytest.mark.parametrize("row", CHANGES, ids=named)
def test_a_page_of_another_site_changes_nothing(untouched: Town, row: Row) -> None:
    (method, path, body), admin = row.asked(untouched.plan.refs["ours"], Role.ADMIN), untouched.person(Role.ADMIN)
    strange: list[dict[str, str]] = [{}, {"yett-csrf": "x"}, {"yett-csrf": admin.csrf, "origin": "https://evil.example"}]
    for fields in strange:
        assert untouched.ask(None, method, path, body, cookie=f"yett={admin.cookie}", **fields)[0] == 403
