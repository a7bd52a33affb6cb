"""Who may do what with policies and grants: every route, for every role, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from tests.admin.listener import Listener, listen
from tests.admin.service import Office, open_office
from yett.admin.errors import AdminFault, Forbidden
from yett.admin.grant_views import Approval, Denial, GrantEdit, NewRequest, Rotation
from yett.admin.listing import Listing
from yett.admin.permissions import ALLOWED, Permission, Role
from yett.admin.policy_views import GrantList, PolicyEdit, Publishing, Restoring, Unpublishing
from yett.admin.routes import grant_requests, grants, policies
from yett.admin.service import Service
from yett.admin.views import Attachment, NewGrant, NewRevision

TEXT = NewRevision(document='{"version":"1","default":"deny"}')
EVERY = Listing()
Ask = Callable[[Service], object]
ALL, MANAGERS, ADMINS = frozenset(Role), frozenset({Role.ADMIN, Role.POLICY_MANAGER}), frozenset({Role.ADMIN})


@dataclass(frozen=True)
class Row:
    """One route: what it asks, and for whom it is done."""

    route: str
    ask: Ask
    roles: frozenset[Role]
    needs: Permission


VIEW, EDIT, ATTACH = Permission.VIEW, Permission.EDIT_POLICIES, Permission.ATTACH_POLICIES
MANAGE, REQUEST = Permission.MANAGE_GRANTS, Permission.REQUEST_GRANTS
ROWS = [
    Row("GET /policies", lambda s: s.policy_page(EVERY), ALL, VIEW),
    Row("GET /policies/{policy}", lambda s: s.policy("p"), ALL, VIEW),
    Row("GET /policies/{policy}/revisions", lambda s: s.policy_revisions("p", EVERY), ALL, VIEW),
    Row("GET /policies/{policy}/diff", lambda s: s.policy_diff("p"), ALL, VIEW),
    Row("GET /policies/{policy}/uses", lambda s: s.policy_uses("p", EVERY), ALL, VIEW),
    Row("PUT /policies/{policy}", lambda s: s.set_policy("p", TEXT), MANAGERS, EDIT),
    Row("PATCH /policies/{policy}", lambda s: s.edit_policy("p", PolicyEdit(name="q")), MANAGERS, EDIT),
    Row("DELETE /policies/{policy}", lambda s: s.remove_policy("spare"), MANAGERS, EDIT),
    Row(
        "POST /policies/{policy}/revisions/{number}/restore",
        lambda s: s.restore_policy("p", 1, Restoring()),
        MANAGERS,
        EDIT,
    ),
    Row("POST /policies/{policy}/publish", lambda s: s.publish_policy("p", Publishing()), MANAGERS, EDIT),
    Row("POST /policies/{policy}/unpublish", lambda s: s.unpublish_policy("p", Unpublishing(force=True)), MANAGERS, EDIT),
    Row("POST /policies/{policy}/attach", lambda s: s.attach_all("p", GrantList(grants=["g"])), MANAGERS, ATTACH),
    Row("POST /policies/{policy}/detach", lambda s: s.detach_all("p", GrantList(grants=["g"])), MANAGERS, ATTACH),
    Row("GET /grants", lambda s: s.grant_page(EVERY), ALL, VIEW),
    Row("GET /grants/{grant:path}", lambda s: s.grant("g"), ALL, VIEW),
    Row("POST /grants", lambda s: s.mint_grant(NewGrant(server="files")), ADMINS, MANAGE),
    Row("POST /grants/{grant:path}/rotate", lambda s: s.rotate_grant("g", Rotation(overlap="1m")), ADMINS, MANAGE),
    Row("POST /grants/{grant:path}/revoke", lambda s: s.revoke_grant("g"), ADMINS, MANAGE),
    Row("POST /grants/{grant:path}/reveal", lambda s: s.reveal_grant("g"), ADMINS, MANAGE),
    Row("PATCH /grants/{grant:path}", lambda s: s.edit_grant("g", GrantEdit(label="h")), ADMINS, MANAGE),
    Row("PUT /grants/{grant:path}/policy", lambda s: s.attach("g", Attachment(policy=None)), MANAGERS, ATTACH),
    Row("GET /grant-requests", lambda s: s.request_page(EVERY), ALL, VIEW),
    Row(
        "POST /grant-requests",
        lambda s: s.request_grant(NewRequest(server="files", duration="1h", reason="x")),
        ALL,
        REQUEST,
    ),
    Row("POST /grant-requests/{request}/approve", lambda s: s.approve_request(_open(s), Approval()), ADMINS, MANAGE),
    Row("POST /grant-requests/{request}/deny", lambda s: s.deny_request(_open(s), Denial()), ADMINS, MANAGE),
    Row("POST /grant-requests/{request}/withdraw", lambda s: s.withdraw_request(_open(s)), ALL, REQUEST),
    Row("POST /grant-requests/{request}/collect", lambda s: s.collect_grant(_approved(s)), ALL, REQUEST),
]


def _as_operator(service: Service) -> Service:
    return Service(service.desk, replace(service.principal, permissions=frozenset(Permission), servers=None))


def _open(service: Service) -> str:
    """A request of the one who asks, made by somebody mightier with the same identity."""
    new = NewRequest(server="files", duration="1h", reason="x", policy="p")
    return _as_operator(service).request_grant(new).id


def _approved(service: Service) -> str:
    request = _open(service)
    _as_operator(service).approve_request(request, Approval())
    return request


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An installation with something for every row."""
    with open_office(tmp_path_factory.mktemp("house"), reveal=True) as office:
        office.with_server().service.set_policy("p", TEXT)
        office.service.set_policy("spare", TEXT)
        office.service.mint_grant(NewGrant(server="files", label="g", policy="p"))
        yield office


def asking(office: Office, permissions: frozenset[Permission], servers: frozenset[str] | None = None) -> Service:
    return Service(office.service.desk, replace(office.service.principal, permissions=permissions, servers=servers))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_each_role_may_do_what_the_matrix_says_and_nothing_else(house: Office, row: Row, role: Role) -> None:
    service = asking(house, ALLOWED[role])
    if role in row.roles:
        row.ask(service)
    else:
        before = house.service.changes()[0].number
        with pytest.raises(Forbidden, match=f"`{row.needs}` is not allowed to local:ada; it takes the role"):
            row.ask(service)
        assert [line.action for line in house.service.changes() if line.number > before] in ([], ["request.made"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_an_api_token_with_every_scope_but_the_one_it_takes_is_refused(house: Office, row: Row) -> None:
    with pytest.raises(Forbidden):
        row.ask(asking(house, frozenset(Permission) - {row.needs}))


CONFINED = [row for row in ROWS if "GET" not in row.route]


@pytest.mark.parametrize("row", CONFINED, ids=lambda row: row.route)
def test_an_admin_of_another_server_changes_nothing_here(house: Office, row: Row) -> None:
    house.with_server("shop")
    service = asking(house, ALLOWED[Role.ADMIN], frozenset({house.service.server("shop").id}))
    with pytest.raises(AdminFault) as error:
        row.ask(service)
    assert error.value.code in {"not_found", "forbidden"}
    assert house.service.grant("g").policy == "p"


def test_an_admin_of_another_server_sees_nothing_of_it_here(house: Office) -> None:
    house.with_server("shop")
    service = asking(house, ALLOWED[Role.ADMIN], frozenset({house.service.server("shop").id}))
    house.service.request_grant(NewRequest(server="files", duration="1h", reason="x"))
    assert service.grant_page(EVERY).items == service.grants() == []
    assert service.policy_uses("p", EVERY).items == []
    assert service.request_page(EVERY, "all").items == []


# --- the same over HTTP, with API tokens --------------------------------------------------------------------------------------

BODIES: dict[str, object] = {
    "PUT /policies/{policy}": {"document": TEXT.document},
    "PATCH /policies/{policy}": {"server": ""},
    "POST /policies/{policy}/revisions/{number}/restore": {},
    "POST /policies/{policy}/publish": {},
    "POST /policies/{policy}/unpublish": {},
    "POST /policies/{policy}/attach": {"grants": ["g"]},
    "POST /policies/{policy}/detach": {"grants": ["g"]},
    "POST /grants": {"server": "files"},
    "POST /grants/{grant:path}/rotate": {"overlap": "1m"},
    "PATCH /grants/{grant:path}": {"reason": "x"},
    "PUT /grants/{grant:path}/policy": {"policy": "p"},
    "POST /grant-requests": {"server": "files", "duration": "1h", "reason": "x"},
    "POST /grant-requests/{request}/approve": {},
    "POST /grant-requests/{request}/deny": {},
}
ENDS_LAST: list[Row] = sorted(ROWS, key=lambda row: "DELETE" in row.route or "revoke" in row.route)
PLACES = {"{policy}": "p", "{number}": "1", "{grant:path}": "g", "{request}": "r-0"}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Listener, dict[Role, str]]]:
    """The API on a socket, and for each role an API token that may just as much."""
    with open_office(tmp_path_factory.mktemp("doors"), reveal=True) as office:
        office.with_server().service.set_policy("p", TEXT)
        office.service.mint_grant(NewGrant(server="files", label="g", policy="p"))
        with listen(office) as listener:
            yield listener, {role: _token(listener, role) for role in Role}


def _token(listener: Listener, role: Role) -> str:
    new = {"label": role.value, "scopes": sorted(ALLOWED[role])}
    status, answer = listener.ask("POST", "/api/v1/tokens", new)
    assert status == 201, answer
    return str(answer["token"])


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("row", ENDS_LAST, ids=lambda row: row.route)
def test_the_routes_ask_for_what_the_matrix_says(doors: tuple[Listener, dict[Role, str]], row: Row, role: Role) -> None:
    listener, tokens = doors
    method, path = row.route.split(" ")
    for name, value in PLACES.items():
        path = path.replace(name, value)
    status, answer = listener.ask(method, f"/api/v1{path}", BODIES.get(row.route), token=tokens[role])
    if role in row.roles:
        assert status in {200, 201, 404, 409}, answer
    else:
        assert (status, answer["code"]) == (403, "forbidden")
    assert listener.ask(method, f"/api/v1{path}", BODIES.get(row.route), token=None)[0] == 401


def test_every_route_has_its_row() -> None:
    routers = (policies.ROUTER, grants.ROUTER, grant_requests.ROUTER)
    routes = {f"{method} {route.path}" for router in routers for route in router.routes for method in route.methods}  # type: ignore[attr-defined]  # all are API routes
    assert routes == {row.route for row in ROWS}
