"""Credentials and the master key, asked of a control plane over its API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.credentials.test_cases import Keeper
from tests.admin.listener import TOKEN, listen
from tests.admin.service import open_office
from yett.admin.client import RemoteControl
from yett.admin.client_credentials import RemoteCredentials
from yett.admin.credentials.views import NewCredential
from yett.admin.errors import AdminFault, Invalid
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault


@pytest.fixture
def control(tmp_path: Path) -> Iterator[RemoteControl]:
    FileKeys(tmp_path / KEY_FILE).create()
    with open_office(tmp_path) as office:
        office.with_server("shop").service.desk.credentials = Keeper(Vault(FileKeys(tmp_path / KEY_FILE)))
        with listen(office) as listener:
            yield RemoteControl("127.0.0.1", listener.port, TOKEN)


def test_every_use_case_comes_back_as_the_service_says_it(control: RemoteControl) -> None:
    assert isinstance(control, RemoteCredentials)
    changed = control.set_credential("shop", NewCredential(kind="headers", headers={"X-Key": "hidden"}))
    assert control.credential("shop") == changed.credential
    assert control.connect("shop").url == "https://gate.example/oauth/start/ticket"
    assert (control.secrets().secrets, control.secrets().version) == (1, 1)
    assert control.rotate_secrets().retired == [1]


def test_what_is_refused_comes_back_as_it_was_raised(control: RemoteControl) -> None:
    with pytest.raises(Invalid) as refused:
        control.set_credential("shop", NewCredential(kind="headers"))
    assert refused.value.details[0]["pointer"] == "/headers"
    with pytest.raises(AdminFault):
        control.credential("none")
