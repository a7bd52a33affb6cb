"""Whose list of tools applies on a way."""

from __future__ import annotations

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate

pytestmark = pytest.mark.anyio


async def test_all_callers_of_an_http_server_without_sessions_share_a_list() -> None:
    assert Gate().route().scope == ("srv-1", "")


async def test_a_session_has_a_list_of_its_own() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    assert gate.route(session=session).scope == ("srv-1", session.id)


async def test_a_child_has_a_list_of_its_own() -> None:
    gate = Gate(server=STDIO_SERVER)
    assert gate.route().scope == ("srv-2", "g1")
    session = await gate.open()
    assert gate.route(session=session).scope == ("srv-2", session.id)
