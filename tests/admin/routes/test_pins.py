"""The routes of pins: what they take, and how they are described."""

from __future__ import annotations

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from yett.admin.remote import Remote
from yett.admin.routes.pins import ROUTER


def test_each_use_case_has_its_route(listener: Listener, office: Office) -> None:
    office.lookout.said = {"tools": [{"name": "see"}]}
    office.with_server("shop")
    remote = Remote("127.0.0.1", listener.port, TOKEN, "ada")
    shown = remote.get("/servers/shop/pins", dict[str, object])
    assert (shown["mode"], shown["waiting"]) == ("strict", 0)
    changed = remote.send("PUT", "/servers/shop/pins/mode", dict[str, object], {"mode": "grave"})
    assert isinstance(changed["pins"], dict) and changed["pins"]["mode"] == "grave"
    assert len(ROUTER.routes) == 3
