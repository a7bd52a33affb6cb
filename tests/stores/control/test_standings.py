"""The statements about how servers stand as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.test_transaction import first, opened
from tests.support.clock import START_NS
from yett.stores.control.records import Server
from yett.stores.control.registry_records import ServerStanding
from yett.stores.control.registry_tables import server_standings

SHOP = Server(id="s", name="shop", url="https://shop.example/mcp", created_at_ns=START_NS)
KEPT = ServerStanding(server_id="s", grade="C", auth="asks", verification="official", basis="b", at_ns=START_NS)


def test_a_standing_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with first(store) as write:
        write.servers.add(SHOP)
        assert write.standings.find("s") is None
        write.standings.put(KEPT)
        write.standings.put(replace(KEPT, grade=None, auth=None))
    with first(store) as read:
        assert read.standings.find("s") == replace(KEPT, grade=None, auth=None)
        assert len(read.connection.execute(server_standings.select()).all()) == 1
    store.close()


def test_a_removed_server_and_that_of_another_organisation_have_none(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with first(store) as write:
        write.servers.add(SHOP)
        write.standings.put(KEPT)
    with store.whole() as whole:
        stranger = whole.of("another")
        assert stranger.standings.find("s") is None
        with pytest.raises(AssertionError, match="a server of ours"):
            stranger.standings.put(KEPT)
    with first(store) as write:
        write.servers.remove("s", START_NS)
        assert write.standings.find("s") is None
    store.close()
