"""The control plane's side of wrapped entries: what is made for them is theirs, and each step may be done again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.app.wrap_home import Home
from yett.app.control import connect
from yett.app.host_secrets import vault_here
from yett.app.wrap_servers import Servers
from yett.scan.model import Client
from yett.wrap.launching import Address, Program


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in [name for name in os.environ if name.startswith("YETT_")]:
        monkeypatch.delenv(name)
    return Home(tmp_path)


def test_a_meaning_tells_entries_apart_and_nothing_of_them(home: Home) -> None:
    with connect(home.settings) as control:
        servers = Servers(home.settings, control, vault_here(home.settings))
        one, same, other = (Program(("x",), frozenset(), {"A": text}, "/") for text in ("s3cret", "s3cret", "t0ken"))
        there = Address("https://a.example", "http", {"X": "s3cret"})
        assert servers.meaning(one) == servers.meaning(same)
        assert len({servers.meaning(launch) for launch in (one, other, there)}) == 3
        assert "s3cret" not in servers.meaning(one)


def test_a_server_that_others_have_grants_for_stays(home: Home) -> None:
    path = home.cursor(a={"command": "x"})
    home.wrap(path)
    with connect(home.settings) as control:
        from yett.admin.views import NewGrant

        control.mint_grant(NewGrant(server="a", label="mine"))
    assert [one.why for one in home.unwrap()] == ["the server `a` stays: others have grants for it"]
    with connect(home.settings) as control:
        assert [grant.label for grant in control.grants("a") if grant.status == "live"] == ["mine"]


def test_a_lost_token_is_replaced_and_the_grant_before_ends(home: Home) -> None:
    path = home.cursor(a={"command": "x"})
    before = path.read_bytes()
    home.wrap(path)
    ((id, first),) = home.records.items()
    (home.settings.state_dir / "tokens" / id).unlink()
    path.write_bytes(before)
    home.wrap(path)
    assert home.records[id].grant != first.grant
    with connect(home.settings) as control:
        assert [grant.id for grant in control.grants("a") if grant.status == "live"] == [home.records[id].grant]


def test_a_server_at_an_address_that_is_there_is_used_with_its_own_credential_kind(home: Home) -> None:
    from yett.admin.views import NewServer

    with connect(home.settings) as control:
        control.add_server(NewServer(name="shop", url="https://shop.example/mcp", look=False))
    home.wrap(
        home.write(".codeium/windsurf/mcp_config.json", {"mcpServers": {"shop": {"serverUrl": "https://shop.example/mcp"}}}),
        Client.WINDSURF,
    )
    assert [(record.server, record.made) for record in home.records.values()] == [("shop", False)]
    home.unwrap()
    with connect(home.settings) as control:
        assert [server.name for server in control.servers()] == ["shop"]
