"""The use cases about servers, asked of a running control plane."""

from __future__ import annotations

import pytest

from tests.admin.listener import TOKEN, Listener
from yett.admin.client import RemoteControl
from yett.admin.client_servers import RemoteServers
from yett.admin.errors import Conflict, Invalid, Stale
from yett.admin.server_views import Import, ServerChanges


@pytest.fixture
def control(listener: Listener) -> RemoteControl:
    listener.office.with_server("shop")
    return RemoteControl("127.0.0.1", listener.port, TOKEN, "ada")


def test_each_use_case_answers_as_it_does_where_the_store_is(control: RemoteControl, listener: Listener) -> None:
    here = listener.office.service
    assert isinstance(control, RemoteServers)
    assert control.look_server("shop") == here.server_tools("shop") == control.server_tools("shop")
    assert control.server_steps("shop") == here.server_steps("shop")
    assert control.commands() == here.commands()
    assert control.known_servers("git") == here.known_servers("git")


def test_an_edit_takes_its_revision_along(control: RemoteControl) -> None:
    seen = control.server("shop").revision
    assert control.edit_server("shop", ServerChanges(notes="one"), seen).server.notes == "one"
    with pytest.raises(Stale, match="was changed meanwhile"):
        control.edit_server("shop", ServerChanges(notes="two"), seen)
    assert control.edit_server("shop", ServerChanges(name="store")).server.name == "store"


def test_refusals_come_as_the_service_raises_them(control: RemoteControl) -> None:
    with pytest.raises(Invalid, match="is no address of a server"):
        control.edit_server("shop", ServerChanges(url="ftp://x"))
    for ask in (lambda: control.registry_servers("x"), lambda: control.import_server(Import(name="a/b"))):
        with pytest.raises(Conflict, match=r"`registry\.url`"):
            ask()
