"""Changes of tools: the newest are kept, and each organisation has its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.service import Office, open_office
from tests.admin.test_drift import DELETE, GET, says
from yett.admin.errors import NotFound
from yett.admin.permissions import operator
from yett.admin.service import Service
from yett.stores.control import tool_changes as store
from yett.stores.control.records import Organisation, ToolChange
from yett.stores.control.transaction import Whole


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as office:
        office.lookout.said = {"tools": [GET]}
        yield office.with_server("shop")


def test_the_newest_changes_of_a_server_are_kept(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.KEPT_MAX == 10_000
    monkeypatch.setattr(store, "KEPT_MAX", 3)
    shop.lookout.said = {"tools": [GET]}
    shop.with_server("other")
    says(shop, GET, {"name": "get_a"}, server="other")
    for count in range(1, 5):
        says(shop, {**GET, "title": str(count)})
    assert [one.server for one in shop.service.tool_changes(after="0").items] == ["other", "shop", "shop", "shop"]
    assert shop.service.tool_changes("shop").items[0].diff.endswith("+ /title: 4")
    says(shop, *({"name": f"get_{letter}"} for letter in "abcde"))
    assert [one.tool for one in shop.service.tool_changes("shop", after="0").items] == ["get_d", "get_e", "get_order"]


def test_another_organisation_sees_nothing_of_it_and_writes_nothing_there(shop: Office) -> None:
    says(shop, DELETE)
    desk, server = shop.service.desk, shop.service.server("shop")
    desk.write(lambda whole: whole.add_organisation(Organisation(id="there", name="there", created_at_ns=1)))
    there = Service(desk, operator("local:mallory", "there"))
    assert there.tool_changes().items == []
    with pytest.raises(NotFound):
        there.tool_changes(server.id)
    change = ToolChange(
        server_id=server.id,
        at_ns=1,
        tool="x",
        kind="added",
        severity=0,
        before=None,
        after="x",
        meanings=("new_tool",),
        members=(),
        diff="",
    )

    def forge(whole: Whole) -> None:
        whole.of("there").tool_changes.add(server.id, [change])

    with pytest.raises(AssertionError, match="a server of ours"):
        desk.write(forge)
