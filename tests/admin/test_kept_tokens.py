"""Which vault seals tokens, and what is kept where."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.admin.service import Office, open_office
from yett.admin.errors import Conflict
from yett.admin.kept_tokens import keep_token, kept_token, token_vault
from yett.admin.views import NewGrant
from yett.sealing.box import Unsealable
from yett.sealing.keys import FileKeys
from yett.sealing.vault import Vault


def test_where_nothing_is_kept_there_is_no_vault_and_no_key_is_made(office: Office, tmp_path: Path) -> None:
    assert token_vault(office.service.desk) is None
    assert not (tmp_path / "master.key").exists()


def test_the_vault_of_the_running_control_plane_is_used_so_that_a_rotation_is_known_at_once(tmp_path: Path) -> None:
    with open_office(tmp_path, reveal=True) as office:
        vault = Vault(FileKeys(tmp_path / "another.key"))
        office.service.desk.credentials = cast(Any, SimpleNamespace(vault=vault))
        assert token_vault(office.service.desk) is vault


def test_a_kept_token_opens_at_its_own_place_only(tmp_path: Path) -> None:
    with open_office(tmp_path, reveal=True) as office:
        desk, organisation = office.service.desk, office.service.principal.organisation
        minted = office.with_server().service.mint_grant(NewGrant(server="files")).grant
        vault = token_vault(desk)
        assert vault is not None
        desk.read(organisation, lambda write: keep_token(write, vault, minted.id, "a secret", 1))
        assert desk.read(organisation, lambda read: kept_token(read, vault, minted.id)) == "a secret"
        sealed = desk.read(organisation, lambda read: read.secrets.get(minted.id, "token"))
        assert sealed is not None
        assert b"a secret" not in sealed
        desk.read(organisation, lambda write: write.secrets.put("g-other", "token", sealed, 1))
        with pytest.raises(Unsealable):
            desk.read(organisation, lambda read: kept_token(read, vault, "g-other"))
        desk.read(organisation, lambda write: keep_token(write, None, minted.id, "another", 1))
        with pytest.raises(Conflict, match="was made while tokens were not kept"):
            desk.read(organisation, lambda read: kept_token(read, vault, minted.id))
