"""Yett's own MCP server on the control plane's listener: who may ask, and how."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.admin.conftest import office as office
from tests.admin.listener import TOKEN
from tests.admin.service import Office
from yett.admin.api import build_api
from yett.admin.people.service import PeopleService
from yett.admin.people.views import NewToken
from yett.app.own_server import PATH, mount
from yett.settings import load_settings

FIELDS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture
def http(office: Office, tmp_path: Path) -> TestClient:
    api = build_api(office.service.desk, TOKEN, "testserver")
    mount(api, load_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}))
    return TestClient(api)


def asked(http: TestClient, token: str | None = TOKEN, **more: str) -> Any:
    shown = {} if token is None else {"authorization": f"Bearer {token}"}
    return http.post(PATH, json=LIST, headers={**FIELDS, **shown, **more})


def test_who_may_view_is_answered_as_json(http: TestClient, office: Office) -> None:
    made = PeopleService(office.service.desk, office.service.principal).make_token(NewToken(label="x", scopes=["view"]))
    for token in (TOKEN, made.token):
        answer = asked(http, token)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert "check_tool" in [tool["name"] for tool in answer.json()["result"]["tools"]]


def test_who_is_not_known_and_who_may_not_view_is_refused(http: TestClient, office: Office) -> None:
    people = PeopleService(office.service.desk, office.service.principal)
    blind = people.make_token(NewToken(label="x", scopes=["stop"])).token
    assert [asked(http, token).status_code for token in (None, "another", blind)] == [401, 401, 403]


def test_only_post_is_answered(http: TestClient) -> None:
    for method in ("GET", "DELETE", "PUT"):
        answer = http.request(method, PATH, headers={**FIELDS, "authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_strange_host_is_refused_as_everywhere(http: TestClient) -> None:
    assert asked(http, host="evil.example").status_code == 421


def test_without_the_sdk_it_says_what_to_install(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.streamable_http_manager", None)
    answer = asked(http)
    assert (answer.status_code, "yett[demo]" in answer.json()["detail"]) == (501, True)
