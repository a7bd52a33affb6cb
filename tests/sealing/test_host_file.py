"""Secrets of this host in one sealed file."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.sealing.box import Unsealable, version_of
from yett.sealing.host_file import SEALED_FILE, HostSecrets
from yett.sealing.keys import FileKeys
from yett.sealing.rotation import rotate
from yett.sealing.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(FileKeys(tmp_path / "master.key"))
    vault.prepare([])
    return vault


def test_what_is_kept_opens_again_and_does_not_stand_in_the_file(tmp_path: Path, vault: Vault) -> None:
    HostSecrets(tmp_path).replace(vault, "github", {"TOKEN": b"ghp_hidden", "OTHER": b"also hidden"})
    assert HostSecrets(tmp_path).open(vault, "github", "TOKEN") == b"ghp_hidden"
    assert HostSecrets(tmp_path).purposes("github") == ["OTHER", "TOKEN"]
    assert b"hidden" not in (tmp_path / SEALED_FILE).read_bytes()
    assert (tmp_path / SEALED_FILE).stat().st_mode & 0o777 == 0o600


def test_a_secret_opens_in_its_own_place_only(tmp_path: Path, vault: Vault) -> None:
    secrets = HostSecrets(tmp_path)
    secrets.replace(vault, "github", {"TOKEN": b"ghp_hidden"})
    path = tmp_path / SEALED_FILE
    path.write_bytes(path.read_bytes().replace(b'"github"', b'"gitlab"'))
    with pytest.raises(Unsealable):
        secrets.open(vault, "gitlab", "TOKEN")
    with pytest.raises(Unsealable, match="there is no"):
        secrets.open(vault, "github", "TOKEN")


def test_what_is_replaced_or_dropped_is_gone(tmp_path: Path, vault: Vault) -> None:
    secrets = HostSecrets(tmp_path)
    secrets.replace(vault, "github", {"TOKEN": b"1", "OTHER": b"2"})
    secrets.replace(vault, "github", {"TOKEN": b"3"})
    assert secrets.purposes("github") == ["TOKEN"]
    secrets.drop("github")
    secrets.drop("github")
    assert secrets.sealed_secrets() == []


def test_a_rotation_seals_it_anew_and_retires_the_old_key(tmp_path: Path, vault: Vault) -> None:
    secrets = HostSecrets(tmp_path)
    secrets.replace(vault, "github", {"TOKEN": b"ghp_hidden"})
    done = rotate(vault, secrets)
    assert (done.version, done.resealed, done.retired) == (2, 1, [1])
    assert [version_of(secret.blob) for secret in secrets.sealed_secrets()] == [2]
    assert secrets.open(vault, "github", "TOKEN") == b"ghp_hidden"


def test_nothing_is_resealed_where_there_is_nothing(tmp_path: Path) -> None:
    assert HostSecrets(tmp_path).reseal(lambda _: b"") == 0
    assert not (tmp_path / SEALED_FILE).exists()


def test_a_file_that_cannot_be_read_is_said_to_be_so_and_stays(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / SEALED_FILE
    path.touch(0o600)
    path.write_bytes(b"{")
    with pytest.raises(OperatorFault, match="unreadable"):
        HostSecrets(tmp_path).replace(vault, "github", {"TOKEN": b"1"})
    assert path.read_bytes() == b"{"
