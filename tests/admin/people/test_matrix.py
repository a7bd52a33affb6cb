"""The matrix of roles, cell by cell, asked over the real API; and that no route is without a permission."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.admin.people.house import Browser, House, open_house
from yett.admin.api import PREFIX, ROUTERS
from yett.admin.permissions import ALLOWED, Permission, Role

DENY = '{"version":"1","default":"deny"}'
ADMIN, MANAGER, VIEWER = "admin", "policy_manager", "viewer"
ALL, EDITORS, ADMINS = {ADMIN, MANAGER, VIEWER}, {ADMIN, MANAGER}, {ADMIN}
CELLS: list[tuple[str, str, str, Any, set[str]]] = [
    ("see servers", "GET", "/servers", None, ALL),
    ("see a server", "GET", "/servers/none", None, ALL),
    ("see policies", "GET", "/policies", None, ALL),
    ("see labels of grants", "GET", "/grants", None, ALL),
    ("see how things stand", "GET", "/status", None, ALL),
    ("see members", "GET", "/members", None, ALL),
    ("see what is stopped", "GET", "/stops", None, ALL),
    ("create and edit a policy", "PUT", "/policies/none-{role}", {"document": DENY}, EDITORS),
    ("give a grant a policy", "PUT", "/grants/none/policy", {"policy": None}, EDITORS),
    ("mint a grant", "POST", "/grants", {"server": "none"}, ADMINS),
    ("rotate a grant", "POST", "/grants/none/rotate", None, ADMINS),
    ("revoke a grant", "POST", "/grants/none/revoke", None, ADMINS),
    ("create a server", "POST", "/servers", {"name": "x-{role}", "url": "http://127.0.0.1:9/"}, ADMINS),
    ("delete a server", "DELETE", "/servers/none", None, ADMINS),
    ("see who is invited", "GET", "/invitations", None, ADMINS),
    ("invite a member", "POST", "/invitations", {"email": "x@example.com", "role": "viewer"}, ADMINS),
    ("withdraw an invitation", "DELETE", "/invitations/none", None, ADMINS),
    ("change a role", "PUT", "/members/none/role", {"role": "viewer"}, ADMINS),
    ("remove a member", "DELETE", "/members/none", None, ADMINS),
    ("see API tokens", "GET", "/tokens", None, ADMINS),
    ("make an API token", "POST", "/tokens", {"label": "x", "scopes": ["view"]}, ADMINS),
    ("revoke an API token", "DELETE", "/tokens/none", None, ADMINS),
    ("see the admin log", "GET", "/changes", None, ADMINS),
    ("stop a grant", "POST", "/stops", {"scope": "grant", "name": "none"}, ADMINS),
    ("let a grant go on", "POST", "/resumptions", {"scope": "grant", "name": "none"}, ADMINS),
    ("add an organisation", "POST", "/organisations", {"name": "x"}, set()),
    ("make a link", "POST", "/links", {}, set()),
]


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, Browser]]]:
    """A house with a member of each role; nothing that is asked for exists, so that all cells can share it."""
    with open_house(tmp_path_factory.mktemp("matrix")) as house:
        yield house, {role.value: house.with_member(f"{role.value}@example.com", role.value) for role in Role}


@pytest.mark.parametrize("role", [ADMIN, MANAGER, VIEWER])
@pytest.mark.parametrize(("capability", "method", "path", "body", "allowed"), CELLS, ids=[cell[0] for cell in CELLS])
def test_a_role_may_what_the_matrix_says(
    staffed: tuple[House, dict[str, Browser]], role: str, capability: str, method: str, path: str, body: Any, allowed: set[str]
) -> None:
    named = {key: value.replace("{role}", role) if isinstance(value, str) else value for key, value in (body or {}).items()}
    answer = staffed[1][role].api(method, path.replace("{role}", role), named if body is not None else None)
    assert answer.status_code != 401
    assert (answer.status_code == 403) is (role not in allowed), (capability, answer.text)
    assert answer.status_code < 500


@pytest.mark.parametrize("role", [ADMIN, MANAGER, VIEWER])
def test_a_session_without_the_csrf_token_changes_nothing_whatever_the_role(
    staffed: tuple[House, dict[str, Browser]], role: str
) -> None:
    for _, method, path, body, _ in CELLS:
        if method != "GET":
            assert staffed[1][role].api(method, path, body, **{"yett-csrf": "x"}).status_code == 403


def test_nothing_is_open_without_signing_in(staffed: tuple[House, dict[str, Browser]]) -> None:
    stranger, asked = staffed[0].browser(), 0
    for router in ROUTERS:
        for route in router.routes:
            path = re.sub(r"\{[^}]*\}", "none", route.path)  # type: ignore[attr-defined]  # every one is an APIRoute
            for method in route.methods:  # type: ignore[attr-defined]  # as above
                answer = stranger.client.request(method, f"{PREFIX}{path}", json={})
                assert answer.status_code == 401, (method, path)
                asked += 1
    assert asked > len(CELLS)


def test_roles_are_a_ladder() -> None:
    assert ALLOWED[Role.VIEWER] < ALLOWED[Role.POLICY_MANAGER] < ALLOWED[Role.ADMIN] == set(Permission)


def test_a_confined_role_reaches_its_servers_and_nothing_of_the_whole(house: House) -> None:
    house.with_server("files")
    house.with_server("mail")
    house.with_member("ada@example.com", "admin")
    bob = house.with_member("bob@example.com", "admin", servers=["files"])
    assert [one["name"] for one in bob.api("GET", "/servers").json()["items"]] == ["files"]
    assert bob.api("POST", "/grants", {"server": "files"}).status_code == 201
    assert bob.api("POST", "/grants", {"server": "mail"}).status_code == 404
    for method, path, body in (
        ("POST", "/servers", {"name": "more", "url": "http://127.0.0.1:9/"}),
        ("POST", "/invitations", {"email": "x@example.com", "role": "viewer"}),
        ("PUT", "/members/bob@example.com/role", {"role": "admin"}),
        ("POST", "/tokens", {"label": "x", "scopes": ["view"]}),
        ("GET", "/changes", None),
    ):
        assert bob.api(method, path, body).status_code == 403, path


def test_an_unknown_role_in_the_database_may_nothing(house: House) -> None:
    ada = house.with_member("ada@example.com", "viewer")
    from yett.stores.control.tables import members

    house.desk.write(lambda whole: whole.connection.execute(members.update().values(role="owner")))
    assert ada.api("GET", "/servers").status_code == 403
    assert ada.api("GET", "/me").json()["permissions"] == []
