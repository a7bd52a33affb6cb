"""The admin API: who may ask, one shape of errors, the published description."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest
from starlette.routing import Match

from tests.admin.listener import TOKEN, Listener, listen
from tests.admin.service import Office, open_office
from yett.admin.api import build_api
from yett.admin.views import NewGrant


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """One listener for all asks that change nothing."""
    with open_office(tmp_path_factory.mktemp("resting")) as office, listen(office) as opened:
        yield opened


SERVER = {"name": "files", "url": "http://127.0.0.1:9/mcp"}


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "\xe4"])
def test_without_the_admin_token_nothing_is_answered(resting: Listener, token: str | None) -> None:
    for method, path in (("GET", "/api/v1/status"), ("GET", "/api/v1/grants"), ("POST", "/api/v1/servers")):
        status, answer = resting.ask(method, path, SERVER if method == "POST" else None, token=token)
        assert (status, answer["code"]) == (401, "unauthorised")
    assert resting.office.service.servers() == []


def test_health_and_description_are_open(resting: Listener) -> None:
    assert resting.ask("GET", "/healthz", token=None) == (200, {"status": "ok"})
    status, description = resting.ask("GET", "/api/v1/openapi.json", token=None)
    assert status == 200
    assert set(description["paths"]) >= {"/api/v1/servers", "/api/v1/grants/{grant}/revoke", "/api/v1/policies/{policy}"}
    minted = description["components"]["schemas"]["GrantMinted"]
    assert set(minted["properties"]) == {"grant", "token", "applied", "note"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8701", "127.0.0.1.evil.example", "", "localhost.evil", "gate.example.evil"]
)
def test_a_foreign_host_name_is_turned_away_whatever_token_it_has(resting: Listener, host: str) -> None:
    status, answer = resting.ask("GET", "/api/v1/status", fields={"host": host})
    assert (status, answer["code"]) == (421, "misdirected")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8701", "127.0.0.1", "[::1]:8701", "192.0.2.7:80", "gate.example", "GATE.example:1"]
)
def test_addresses_and_our_own_names_are_answered(resting: Listener, host: str) -> None:
    assert resting.ask("GET", "/healthz", fields={"host": host})[0] == 200


def test_two_host_fields_are_turned_away(resting: Listener) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", resting.port)
    connection.putrequest("GET", "/healthz", skip_host=True)
    connection.putheader("host", "localhost")
    connection.putheader("host", "evil.example")
    connection.endheaders()
    assert connection.getresponse().status in {400, 421}
    connection.close()


def test_a_body_that_is_declared_too_long_is_not_even_read(resting: Listener) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", resting.port)
    connection.putrequest("POST", "/api/v1/servers")
    connection.putheader("content-length", str(1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_without_a_declared_length_is_too_long_all_the_same(resting: Listener) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", resting.port, timeout=10)
    fields = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    half = b" " * (1024 * 1024 // 2)
    connection.request("POST", "/api/v1/servers", iter([half, half, b" "]), fields, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/servers", rb'{"name": "a\ud800", "url": "http://x/mcp"}'),
        ("POST", "/api/v1/servers", rb'{"name": "a", "command": "\ud800"}'),
        ("POST", "/api/v1/servers", rb'{"name": "a", "url": "http://x/mcp", "\ud800": ""}'),
        ("POST", "/api/v1/servers", b'{"name": "a", "url": "http://x/\xff"}'),
        ("POST", "/api/v1/grants", rb'{"server": "\ud800"}'),
        ("PUT", "/api/v1/policies/p", rb'{"document": "{\"version\":\"1\",\"default\":\"deny\"}", "grants": ["\ud800"]}'),
    ],
)
def test_text_that_is_no_text_is_refused_with_a_sentence(resting: Listener, method: str, path: str, body: bytes) -> None:
    status, answer = resting.ask(method, path, body)
    assert (status, answer["detail"]) == (422, "the JSON has text that is not valid Unicode")


def test_a_key_that_stands_twice_is_refused(resting: Listener) -> None:
    status, answer = resting.ask("POST", "/api/v1/servers", b'{"name": "a", "name": "b", "url": "http://x/mcp"}')
    assert (status, answer["detail"]) == (422, "the JSON has a duplicate key")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/nothing", None, 404, "http"),
        ("DELETE", "/api/v1/status", None, 405, "http"),
        ("GET", "/api/v1/servers/none", None, 404, "not_found"),
        ("POST", "/api/v1/servers", {"name": "a"}, 422, "invalid"),
        ("POST", "/api/v1/servers", {**SERVER, "argv": ["sh"]}, 422, "invalid"),
        ("POST", "/api/v1/servers", {"name": "a", "command": "sh"}, 422, "invalid"),
        ("POST", "/api/v1/servers", b"{", 422, "invalid"),
        ("GET", "/api/v1/changes?limit=0", None, 422, "invalid"),
        ("GET", "/api/v1/policies/p?revision=0", None, 422, "invalid"),
        ("PUT", "/api/v1/policies/p", {"document": "{}"}, 422, "policy_refused"),
    ],
)
def test_every_error_has_one_shape(resting: Listener, method: str, path: str, body: object, status: int, code: str) -> None:
    got, answer = resting.ask(method, path, body)
    assert got == status
    assert answer["code"] == code
    assert answer["detail"][:1] in "`" or answer["detail"][:1].islower()
    assert set(answer) <= {"type", "title", "status", "detail", "code", "errors"}
    assert answer["status"] == status


def test_an_unknown_key_is_named(resting: Listener) -> None:
    _, answer = resting.ask("POST", "/api/v1/servers", {**SERVER, "argv": ["sh"]})
    assert answer["errors"][0]["pointer"] == "/argv"


def test_a_store_that_fails_is_told_and_later_asks_are_answered(listener: Listener) -> None:
    full = "PRAGMA max_page_count=1"
    engine = listener.office.service.desk._store._engine
    with engine.connect() as connection:
        connection.exec_driver_sql(full)
        connection.rollback()
    long = {**SERVER, "url": "http://127.0.0.1/" + "x" * 50_000}
    status, answer = listener.ask("POST", "/api/v1/servers", long)
    assert (status, answer["code"]) == (503, "unavailable")
    assert "the disk is full; make room" in answer["detail"]
    assert listener.ask("GET", "/api/v1/servers") == (200, {"items": [], "next": None})


def test_who_asks_stands_in_the_admin_log_without_anything_odd(listener: Listener) -> None:
    listener.ask("POST", "/api/v1/servers", SERVER, fields={"yett-actor": "ada; <x>\t~"})
    assert listener.office.service.changes()[0].actor == "api:ada___x___"


def test_a_label_with_slashes_finds_its_grant(listener: Listener) -> None:
    listener.office.with_server().service.mint_grant(NewGrant(server="files", label="team/ci rotate"))
    assert listener.ask("GET", "/api/v1/grants/team%2Fci%20rotate")[1]["label"] == "team/ci rotate"
    assert listener.ask("POST", "/api/v1/grants/team%2Fci%20rotate/revoke")[1]["grant"]["status"] == "revoked"


def test_a_page_is_reached_without_the_routes_of_the_api_being_built_for_it(office: Office) -> None:
    # The framework builds a router's routes when the first request passes it; the API's take most of a second.
    routes = build_api(office.service.desk, TOKEN, "gate.example").routes

    def place(path: str) -> int:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        return next(number for number, route in enumerate(routes) if route.matches(dict(scope))[0] is Match.FULL)

    assert place("/catalog") < place("/api/v1/servers")
    assert place("/catalog/git/git_add") < place("/v0/servers")
