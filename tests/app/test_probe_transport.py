"""Whether a server speaks the other transport than it was said to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sse_2024_server import serving_sse
from yett.app.probe import list_tools, other_transport
from yett.gateway.snapshot import ServerEntry
from yett.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("YETT_STATE_DIRECTORY", str(tmp_path / "state"))
    return load_settings()


def test_a_url_of_the_old_transport_is_told_from_one_of_the_new(settings: Settings) -> None:
    with serving_sse() as server:
        assert other_transport(settings, ServerEntry(organisation="o", id="1", name="old", url=server.url))
        assert not other_transport(settings, ServerEntry(organisation="o", id="1", name="old", url=server.url, transport="sse"))
        assert set(server.methods) == {"initialize", "notifications/initialized"}


def test_nobody_is_asked_for_the_address_of_a_name_that_nobody_has(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncio.run", lambda _: pytest.fail("it asked"))
    assert not other_transport(settings, ServerEntry(organisation="o", id="1", name="shop", url="https://shop.example/mcp"))


def test_a_server_that_is_not_there_is_not_remarked_upon(settings: Settings) -> None:
    assert not other_transport(settings, ServerEntry(organisation="o", id="1", name="none", url="http://127.0.0.1:9/mcp"))


def test_the_tools_of_a_server_of_2024_can_be_listed(settings: Settings) -> None:
    with serving_sse() as server:
        (tool,) = list_tools(settings, ServerEntry(organisation="o", id="1", name="old", url=server.url, transport="sse"))
    assert tool["name"] == "echo"
