"""What another organisation has is answered like what is not there: the same status, the same text, the same work.

Every route, and every way in which a path, a query or a body refers to something: by id, and by a name where there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.admin.every_route import REFERRING, ROWS, Row
from tests.admin.town import CONFINED, OURS, THEIRS, Town, open_town
from yett.admin.people.service import PeopleService
from yett.admin.people.views import NewToken
from yett.admin.permissions import Role, operator

CELLS = [(row, place) for row in (*ROWS, *REFERRING) for place in sorted(row.places)]


def takes_anything(row: Row, place: str) -> bool:
    """Whether what is not known is something new here, and no mistake."""
    new_policy = row.route == ("PUT", "/policies/{policy}") and place.endswith("name")
    return new_policy or (place == "member" and "/grants" in row.path)


REFUSING = [cell for cell in CELLS if not takes_anything(*cell)]
TAKING = [cell for cell in CELLS if takes_anything(*cell)]
NAMED = {"server", "other", "policy", "spare", "grant", "stopped", "issuer", "member", "token", "organisation"}
REACHED = {"approval", "exemption", "server", "grant", "stopped", "request", "open of ROLE", "approved of ROLE"}
"""What belongs to one server."""
UNKNOWN = str.maketrans("0123456789abcdef", "123456789abcdef0")
"""Makes an id or a name of the same form, which nobody has."""
RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|g-[0-9a-f]{12}|yett_\w+|[0-9a-f]{64}")
Answer = tuple[int, str, list[str]]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("tenancy") / "town") as opened:
        yield opened


def named(cell: object) -> str:
    return f"{' '.join(cell.route)}{cell.query}" if isinstance(cell, Row) else str(cell)


def answer_of(town: Town, row: Row, place: str, reference: str, who: str = Role.ADMIN) -> Answer:
    """Status, text but for what was referred to, and statements, where `reference` stands for `place`."""
    refs = {**town.plan.refs[OURS], place.replace("ROLE", who): reference}
    before = len(town.statements)
    status, answer = town.ask(town.person(who), *row.asked(refs, who))
    text = json.dumps(answer, sort_keys=True).replace(reference, "REFERENCE")
    return status, text, town.statements[before:]


def there(town: Town, place: str, organisation: str = THEIRS) -> str:
    return town.plan.refs[organisation][place.replace("ROLE", Role.ADMIN)]


@pytest.mark.parametrize(("row", "place"), REFUSING, ids=named)
def test_another_organisations_id_is_answered_like_an_unknown_one(town: Town, row: Row, place: str) -> None:
    theirs = there(town, place)
    answer = answer_of(town, row, place, theirs)
    assert 400 <= answer[0] < 500, answer
    assert answer == answer_of(town, row, place, theirs.translate(UNKNOWN))
    assert not [one for one in answer[2] if one.startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.parametrize(("row", "place"), [cell for cell in REFUSING if cell[1] in NAMED], ids=named)
def test_another_organisations_name_is_answered_like_an_unknown_one(town: Town, row: Row, place: str) -> None:
    if row.route == ("PUT", "/policies/{policy}"):
        return
    theirs = there(town, f"{place} name")
    answer = answer_of(town, row, place, theirs)
    assert 400 <= answer[0] < 500, answer
    assert answer == answer_of(town, row, place, theirs.translate(UNKNOWN))


@pytest.mark.parametrize(("row", "place"), TAKING, ids=named)
def test_where_anything_is_taken_another_organisations_is_nothing_special(tmp_path: Path, row: Row, place: str) -> None:
    answers = []
    for name, changed in (("a", {}), ("b", UNKNOWN)):
        with open_town(tmp_path / name) as fresh:
            status, text, statements = answer_of(fresh, row, place, there(fresh, place).translate(changed))
            answers.append((status, RANDOM.sub("ID", text), statements))
    assert answers[0] == answers[1]
    assert answers[0][0] in {200, 201}


@pytest.mark.parametrize(("row", "place"), [cell for cell in REFUSING if cell[1] in REACHED], ids=named)
def test_what_is_out_of_reach_is_answered_like_what_is_not_there(town: Town, row: Row, place: str) -> None:
    hidden = there(town, place, OURS)
    answer = answer_of(town, row, place, hidden, CONFINED)
    assert 400 <= answer[0] < 500, answer
    assert answer[:2] == answer_of(town, row, place, hidden.translate(UNKNOWN), CONFINED)[:2]


@pytest.mark.parametrize("by", ["organisation", "organisation name"])
def test_who_asks_for_another_organisation_is_answered_like_for_an_unknown_one(town: Town, by: str) -> None:
    theirs = town.plan.refs[THEIRS][by]
    people = PeopleService(town.desk, operator("local:root", town.plan.refs[OURS]["organisation"]))
    token = people.make_token(NewToken(label=f"by {by}", scopes=["view"])).token
    session = {"cookie": f"yett={town.person(Role.ADMIN).cookie}"}
    for shown in (session, {"authorization": f"Bearer {token}"}):
        assert town.ask(None, "GET", "/servers", **shown)[0] == 200
        answers: list[Any] = []
        for wanted in (theirs, theirs.translate(UNKNOWN)):
            before = len(town.statements)
            answers.append(
                (town.ask(None, "GET", "/servers", **shown, **{"yett-organisation": wanted}), town.statements[before:])
            )
        assert answers[0] == answers[1]
        assert answers[0][0][0] == 401


@pytest.mark.parametrize("path", ["/catalog/{}", "/catalog/{}.json", "/catalog/{}/pay", "/servers/{}/policies/new"])
@pytest.mark.parametrize("by", ["server", "server name"])
def test_pages_show_another_organisations_server_like_an_unknown_one(town: Town, path: str, by: str) -> None:
    town.enter()
    theirs, answers = there(town, by), []
    signed_in = {"cookie": f"yett={town.person(Role.ADMIN).cookie}"}
    assert town.http.get(path.format(there(town, "server name", OURS)), headers=signed_in).status_code == 200
    for wanted in (theirs, theirs.translate(UNKNOWN)):
        before = len(town.statements)
        page = town.http.get(path.format(wanted), headers=signed_in)
        answers.append((page.status_code, page.text.replace(wanted, "REFERENCE"), town.statements[before:]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_lists_hold_nothing_of_another_organisation(town: Town) -> None:
    foreign = {there(town, place) for place in town.plan.refs[THEIRS]}
    lists = [row for row in ROWS if row.method == "GET" and Role.ADMIN in row.roles and not row.places]
    for row in lists:
        status, answer = town.ask(town.person(Role.ADMIN), *row.asked(town.plan.refs[OURS], Role.ADMIN))
        assert status == row.status
        assert [one for one in foreign if json.dumps(one) in json.dumps(answer)] == [], row.path
    assert len(lists) > 10
