"""The routes to credentials: who is let in, and how a refusal reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.credentials.test_cases import Keeper
from tests.admin.listener import Listener, listen
from tests.admin.service import open_office
from yett.admin.routes.credentials import ROUTER
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault

ROUTES = (
    ("GET", "/api/v1/servers/{server}/credential", None),
    ("PUT", "/api/v1/servers/{server}/credential", {"kind": "none"}),
    ("POST", "/api/v1/servers/{server}/connect", None),
    ("GET", "/api/v1/secrets", None),
    ("POST", "/api/v1/secrets/rotate", None),
)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    FileKeys(tmp_path / KEY_FILE).create()
    with open_office(tmp_path) as office:
        office.with_server("shop").service.desk.credentials = Keeper(Vault(FileKeys(tmp_path / KEY_FILE)))
        with listen(office) as opened:
            yield opened


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_each_route_answers_who_runs_the_gateway_and_nobody_else(
    listener: Listener, method: str, path: str, body: object
) -> None:
    assert listener.ask(method, path.format(server="shop"), body)[0] == 200
    assert listener.ask(method, path.format(server="shop"), body, token=None)[0] == 401
    assert listener.ask(method, path.format(server="shop"), body, token="another")[0] == 401


@pytest.mark.parametrize(("method", "path", "body"), ROUTES[:3])
def test_a_server_that_is_not_there_is_not_found(listener: Listener, method: str, path: str, body: object) -> None:
    status, said = listener.ask(method, path.format(server="none"), body)
    assert (status, said["code"]) == (404, "not_found")


def test_every_route_is_in_the_table() -> None:
    assert len(ROUTER.routes) == len(ROUTES)
