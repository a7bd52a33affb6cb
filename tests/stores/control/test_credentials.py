"""The statements about servers' credentials and what is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.people import two_organisations
from tests.support.clock import START_NS
from yett.sealing.box import Place
from yett.sealing.vault import SealedSecret
from yett.stores.control.credentials import ConnectFlow, StoredCredential
from yett.stores.control.records import Server
from yett.stores.control.store import ControlStore

SERVER = Server(id="s-1", name="shop", url="https://shop.example/mcp", created_at_ns=START_NS)
STORED = StoredCredential(server_id="s-1", kind="headers", config={"names": ["x"]}, state="ready", changed_at_ns=START_NS)
FLOW = ConnectFlow(digest="d-1", server_id="s-1", sealed=b"sealed", created_at_ns=START_NS, expires_at_ns=START_NS + 100)
BLOB = bytes(60)
Stores = tuple[ControlStore, str, str]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with two_organisations(tmp_path) as (store, first, second):
        with store.transaction(first) as write:
            write.servers.add(SERVER)
        yield store, first, second


def test_a_credential_is_put_replaced_and_removed(stores: Stores) -> None:
    store, first, _ = stores
    with store.transaction(first) as write:
        write.credentials.put(STORED)
        assert write.touched.servers == {"s-1"}
    with store.transaction(first) as write:
        write.credentials.put(replace(STORED, problem="late"))
        assert write.touched.servers == set()  # data planes do nothing else
        assert write.credentials.find("s-1") == replace(STORED, problem="late")
        write.credentials.put(replace(STORED, kind="token_exchange"))
        assert write.touched.servers == {"s-1"}
        assert write.credentials.kinds() == {"s-1": "token_exchange"}
        write.credentials.remove("s-1")
        assert write.credentials.find("s-1") is None
        assert write.credentials.listed() == []


def test_another_organisation_sees_and_changes_nothing(stores: Stores) -> None:
    store, first, second = stores
    with store.whole() as whole:
        whole.of(first).credentials.put(STORED)
        whole.of(first).secrets.put("s-1", "headers", BLOB, START_NS)
        other = whole.of(second)
        assert other.credentials.find("s-1") is None
        assert other.credentials.listed() == []
        assert other.secrets.get("s-1", "headers") is None
        other.secrets.drop("s-1")
        other.connect_flows.drop("s-1")
        assert whole.of(first).secrets.get("s-1", "headers") == BLOB


def test_a_secret_takes_the_place_of_the_one_before(stores: Stores) -> None:
    store, first, _ = stores
    with store.transaction(first) as write:
        for blob in (BLOB, BLOB[:40]):
            write.secrets.put("s-1", "headers", blob, START_NS)
        write.secrets.put("s-1", "tokens", BLOB, START_NS)
        assert write.secrets.get("s-1", "headers") == BLOB[:40]
        write.secrets.drop("s-1", "headers")
        assert (write.secrets.get("s-1", "headers"), write.secrets.get("s-1", "tokens")) == (None, BLOB)
        write.secrets.drop("s-1")
        assert write.secrets.get("s-1", "tokens") is None


def test_everything_sealed_is_found_with_its_place_and_resealed_at_once(stores: Stores) -> None:
    store, first, second = stores
    with store.whole() as whole:
        whole.of(first).secrets.put("s-1", "headers", BLOB, START_NS)
        whole.of(second).secrets.put("g-1", "token", BLOB, START_NS)
        assert whole.sealed.all() == [
            SealedSecret(Place(second, "g-1", "token"), BLOB),
            SealedSecret(Place(first, "s-1", "headers"), BLOB),
        ]
        fresh = b"\0\0\0\7" + BLOB[4:]
        assert whole.sealed.reseal(lambda one: fresh if one.place.server == "s-1" else None) == 1
        assert whole.of(first).secrets.get("s-1", "headers") == fresh
        assert whole.of(second).secrets.get("g-1", "token") == BLOB
        assert (whole.sealed.owner_of("s-1"), whole.sealed.owner_of("s-2")) == (first, None)


def test_a_round_trip_is_taken_once_and_in_time(stores: Stores) -> None:
    store, first, _ = stores
    with store.whole() as whole:
        whole.of(first).connect_flows.add(FLOW)
        whole.of(first).connect_flows.add(replace(FLOW, digest="d-2"))
        assert whole.sealed.take_flow("d-1", START_NS) == (first, FLOW)
        assert whole.sealed.take_flow("d-1", START_NS) is None
        assert whole.sealed.take_flow("d-3", START_NS) is None
        whole.sealed.take_flow("d-3", START_NS + 100)
        assert whole.sealed.take_flow("d-2", START_NS + 50) is None  # it was over and is gone
        whole.of(first).connect_flows.add(replace(FLOW, digest="d-4"))
        whole.of(first).connect_flows.drop("s-1")
        assert whole.sealed.take_flow("d-4", START_NS) is None
