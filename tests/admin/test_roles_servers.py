"""Who may do what with servers: every route for every role; what restricted members see; and that no API takes a command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from yett.admin.api import build_api
from yett.admin.permissions import ALLOWED, Permission, Role
from yett.admin.routes import server_lists, servers
from yett.admin.routes.asked import asked
from yett.admin.service import Service
from yett.admin.views import NewGrant, NewRevision

NEW = {"name": "new", "url": "https://new.example/mcp"}
ADMIN = {Role.ADMIN}
EVERYBODY = set(Role)
ROUTES: dict[tuple[str, str], tuple[set[Role], Any]] = {
    ("GET", "/servers"): (EVERYBODY, None),
    ("POST", "/servers"): (ADMIN, NEW),
    ("POST", "/servers/import"): (ADMIN, {"name": "io.github.a/b"}),
    ("GET", "/servers/{server}"): (EVERYBODY, None),
    ("PATCH", "/servers/{server}"): (ADMIN, {"notes": "x"}),
    ("DELETE", "/servers/{server}"): (ADMIN, None),
    ("POST", "/servers/{server}/look"): (ADMIN, None),
    ("GET", "/servers/{server}/tools"): (EVERYBODY, None),
    ("GET", "/servers/{server}/steps"): (EVERYBODY, None),
    ("GET", "/commands"): (ADMIN, None),
    ("GET", "/known-servers"): (EVERYBODY, None),
    ("GET", "/registry/servers"): (ADMIN, None),
}
"""Who is let in, and what is sent."""


class Door:
    """The API, entered as whoever is named."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.app: FastAPI = build_api(office.service.desk, TOKEN, "testserver")
        self.http = TestClient(self.app)

    def ask(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.ADMIN, only: frozenset[str] | None = None
    ) -> tuple[int, Any]:
        principal = replace(
            self.office.service.principal, kind="member", name=f"{role}@x", permissions=ALLOWED[role], servers=only
        )

        def someone(request: Request) -> Service:
            return Service(self.office.service.desk, principal)

        self.app.dependency_overrides[asked] = someone
        answer = self.http.request(method, f"/api/v1{path}", json=body)
        return answer.status_code, answer.json()


@pytest.fixture
def door(office: Office) -> Iterator[Door]:
    office.with_server("shop")
    yield Door(office)


def test_the_matrix_has_every_route() -> None:
    found = {
        (method, route.path)  # type: ignore[attr-defined]  # every route of these is an APIRoute
        for router in (servers.ROUTER, server_lists.ROUTER)
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]  # as above
    }
    assert found == set(ROUTES)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "path"), list(ROUTES))
def test_each_role_is_let_in_where_it_should_be_and_nowhere_else(door: Door, method: str, path: str, role: Role) -> None:
    roles, body = ROUTES[method, path]
    before = door.office.service.servers()
    status, answer = door.ask(method, path.replace("{server}", "shop"), body, role=role)
    if role in roles:
        assert status != 403, answer
        assert status < 400 or answer["code"] == "conflict", answer  # no registry is set
    else:
        assert (status, answer["code"]) == (403, "forbidden")
        assert door.office.service.servers() == before
        assert door.office.lookout.asked[1:] == []


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if "{server}" in route[1]])
def test_a_server_out_of_reach_is_answered_like_one_that_is_not_there(door: Door, method: str, path: str) -> None:
    _, body = ROUTES[method, path]
    reach = frozenset({"some other id"})
    hidden = door.ask(method, path.replace("{server}", "shop"), body, only=reach)
    unknown = door.ask(method, path.replace("{server}", "shap"), body, only=reach)
    assert hidden[0] == unknown[0] == 404
    assert json.dumps(hidden[1]).replace("shop", "shap") == json.dumps(unknown[1])


def test_a_confined_member_lists_only_what_is_within_reach_and_adds_nothing(door: Door) -> None:
    reach = frozenset({door.office.service.server("shop").id})
    door.office.with_server("other")
    assert [server["name"] for server in door.ask("GET", "/servers", only=reach)[1]["items"]] == ["shop"]
    for method, path in (("POST", "/servers"), ("POST", "/servers/import"), ("GET", "/registry/servers")):
        assert door.ask(method, path, ROUTES[method, path][1], only=reach)[0] == 403


def test_unwell_servers_out_of_reach_are_not_told(door: Door) -> None:
    door.office.lookout.problem = "away"
    door.office.service.look_server("shop")
    assert door.ask("GET", "/status")[1]["unwell"] == ["shop"]
    assert door.ask("GET", "/status", only=frozenset({"other"}))[1]["unwell"] == []


def test_a_confined_member_counts_only_what_is_within_reach(office: Office) -> None:
    service = office.with_server("shop").with_server("bank").service
    for opened in ("shop", "bank", "bank"):
        service.mint_grant(NewGrant(server=opened))
    for name, server in (("all", None), ("ours", "shop"), ("theirs", "bank")):
        service.set_policy(name, NewRevision(document='{"version":"1","default":"deny"}', server=server))
    confined = replace(service.principal, kind="member", servers=frozenset({service.server("shop").id}))
    told = Service(service.desk, confined).status()
    assert (told.servers, told.grants, told.policies) == (1, 1, 2)
    told = service.status()
    assert (told.servers, told.grants, told.policies) == (2, 3, 3)


def test_members_refer_only_to_credentials_that_the_operator_lists(door: Door) -> None:
    status, problem = door.ask("POST", "/servers", {**NEW, "credential": "env:AWS_SECRET_ACCESS_KEY"})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/credential")
    assert door.ask("PATCH", "/servers/shop", {"credential": "file:/etc/shadow"})[0] == 422
    assert door.office.service.server("shop").credential is None


HOSTILE: list[dict[str, Any]] = [
    {"command": "/bin/sh"},
    {"command": "sh -c id"},
    {"command": "../time"},
    {"command": "time; id"},
    {"command": ""},
    {"command": ["sh", "-c", "id"]},
    {"command": {"argv": ["sh"]}},
    {"command": "time", "args": ["-c", "id"]},
    {"command": "time", "argv": ["sh"]},
    {"command": "time", "env": {"LD_PRELOAD": "/tmp/x.so"}},
    {"command": "time", "cwd": "/"},
    {"command": "time", "transport": "sse"},
    {"command": "time", "url": "http://x.example/"},
    {"args": ["id"]},
    {"argv": ["id"]},
    {"env": {"A": "b"}},
    {"cwd": "/tmp"},
    {"stdio": {"command": "sh"}},
    {"transport": "stdio"},
    {"url": "stdio:///bin/sh"},
    {"url": "file:///bin/sh"},
    {"servers": {"commands": {"x": {"argv": ["sh"]}}}},
]


@pytest.mark.parametrize("body", HOSTILE, ids=json.dumps)
def test_no_api_takes_a_program_or_anything_of_one(listener: Listener, body: dict[str, Any]) -> None:
    """Threat CR8."""
    office = listener.office.with_server("shop")
    office.service.add_server(_listed())
    before, asked_before = office.service.servers(), len(office.lookout.asked)
    requests = [
        ("POST", "/api/v1/servers", {"name": "evil", **body}),
        ("POST", "/api/v1/servers", {"name": "evil", "url": "https://x.example/", **body}),
        ("POST", "/api/v1/servers/import", {"name": "io.github.a/b", **body}),
        ("PATCH", "/api/v1/servers/shop", body),
        ("PATCH", "/api/v1/servers/clock", {**body, "notes": "x"}),
    ]
    for method, path, content in requests:
        status, answer = listener.ask(method, path, content)
        assert (status, answer["code"]) == (422, "invalid"), (method, path, content, answer)
    assert office.service.servers() == before
    assert len(office.lookout.asked) == asked_before


@pytest.mark.parametrize("path", ["/api/v1/servers/shop/look", "/api/v1/commands", "/api/v1/servers/shop/tools"])
def test_a_body_where_none_is_wanted_changes_nothing(listener: Listener, path: str) -> None:
    office = listener.office.with_server("shop")
    listener.ask("POST", path, {"command": "sh", "argv": ["sh"]})
    assert {server.command for server in office.lookout.asked} == {None}


def test_a_token_with_one_scope_does_that_and_no_more(door: Door) -> None:
    principal = replace(door.office.service.principal, kind="token", permissions=frozenset({Permission.MANAGE_SERVERS}))
    door.app.dependency_overrides[asked] = lambda: Service(door.office.service.desk, principal)
    assert door.http.post("/api/v1/servers", json=NEW).status_code == 201
    assert door.http.patch("/api/v1/servers/new", json={"notes": "x"}).status_code == 200
    assert door.http.get("/api/v1/servers/new").status_code == 403


def _listed() -> Any:
    from yett.admin.views import NewServer

    return NewServer(name="clock", command="time")
