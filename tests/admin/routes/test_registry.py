"""The registry over HTTP: what is wrong with a request is said in the shape of every error."""

from __future__ import annotations

import pytest

from tests.admin.listener import Listener
from tests.admin.service import Office
from yett.admin.routes.registry import LINES, ROUTER


def test_every_route_only_reads() -> None:
    assert {method for route in ROUTER.routes for method in route.methods} == {"GET"}  # type: ignore[attr-defined]  # APIRoutes
    assert LINES == "application/x-ndjson"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v0/servers?limit=0", 422, "invalid"),
        ("/v0/servers?limit=501", 422, "invalid"),
        ("/v0/servers/nobody", 404, "not_found"),
        ("/v0/servers/redbook/tools/nothing", 404, "not_found"),
        ("/v0/search", 422, "invalid"),
        ("/v0/search?q=x&class=Evil", 422, "invalid"),
        ("/v0/changes?after=x", 422, "invalid"),
        ("/v0/changes?kind=moved", 422, "invalid"),
        ("/v0/nothing", 404, "http"),
    ],
)
def test_what_is_asked_wrongly_is_told(listener: Listener, path: str, status: int, code: str) -> None:
    found, answer = listener.ask("GET", path)
    assert (found, answer["code"]) == (status, code)


def test_a_tool_whose_name_has_a_slash_has_a_page_of_its_own(listener: Listener, office: Office) -> None:
    office.lookout.said = {"tools": [{"name": "files/delete"}]}
    office.with_server("shop")
    status, answer = listener.ask("GET", "/v0/servers/shop/tools/files/delete")
    assert (status, answer["tool"]["risk"]) == (200, "Destructive")


def test_kinds_of_changes_may_stand_several_times(listener: Listener) -> None:
    assert listener.ask("GET", "/v0/changes?kind=grade&kind=posture")[0] == 200
