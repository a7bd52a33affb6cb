"""Credentials where no control plane runs: sealed, and nothing more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.admin.service import open_office
from yett.admin.credentials.alone import Alone
from yett.admin.credentials.views import NewCredential
from yett.admin.errors import Conflict
from yett.admin.views import NewServer
from yett.errors import OperatorFault
from yett.sealing.host_file import HostSecrets
from yett.sealing.keys import KEY_FILE, FileKeys, new_ring
from yett.sealing.vault import Vault

KEY = NewCredential(kind="headers", headers={"x-key": "hidden"})


def alone(directory: Path, desk: object) -> Alone:
    return Alone(desk, Vault(FileKeys(directory / KEY_FILE)))  # type: ignore[arg-type]  # the office's own


def test_a_credential_is_sealed_with_a_key_that_is_made_for_it(tmp_path: Path) -> None:
    with open_office(tmp_path) as office:
        office.service.desk.credentials = alone(tmp_path, office.service.desk)
        office.service.add_server(NewServer(name="s", url="https://server.example/mcp"))
        assert office.service.set_credential("s", KEY).credential.state == "ready"
        assert (office.service.secrets().secrets, office.service.secrets().version) == (1, 1)


def test_nothing_is_sealed_with_a_key_that_does_not_open_what_there_is(tmp_path: Path) -> None:
    with open_office(tmp_path) as office:
        desk = office.service.desk
        desk.environment = replace(desk.environment, host_secrets=HostSecrets(tmp_path))
        first = alone(tmp_path, desk)
        HostSecrets(tmp_path).replace(first.vault, "files", {"variable TOKEN": b"hidden"})
        (tmp_path / KEY_FILE).write_text(new_ring().text())
        office.service.desk.credentials = alone(tmp_path, desk)
        office.service.add_server(NewServer(name="s", url="https://server.example/mcp"))
        with pytest.raises(OperatorFault, match="another key"):
            office.service.set_credential("s", KEY)


def test_what_needs_a_control_plane_is_refused(tmp_path: Path) -> None:
    with open_office(tmp_path) as office:
        keeper = alone(tmp_path, office.service.desk)
        for case in (keeper.identity, keeper.rotate, lambda: keeper.connect("o", "s", "ada"), lambda: keeper.depart("t")):
            with pytest.raises(Conflict, match="yett up"):
                case()
        with pytest.raises(Conflict):
            keeper.arrive({}, "cookie")
        assert keeper.page("/x") == office.service.desk.environment.page("/x")
        assert keeper.changed("o", "s") is None
