"""A new master key while everything goes on, and after a crash anywhere in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.private_files import write_private
from yett.sealing.box import Place, version_of
from yett.sealing.keys import KEY_FILE, KEY_VARIABLE, EnvironmentKeys, FileKeys, KeyRing, new_ring
from yett.sealing.rotation import rotate
from yett.sealing.vault import SealedSecret, Vault

SECRETS = {Place("organisation", f"server-{number}", "headers"): b"secret %d" % number for number in range(5)}


class Crash(Exception):
    """The process is gone."""


class Store:
    """Sealed secrets, replaced all or none."""

    def __init__(self, vault: Vault) -> None:
        self.rows = {place: vault.seal(place, secret) for place, secret in SECRETS.items()}
        self.crash = False

    def sealed_secrets(self) -> list[SealedSecret]:
        return [SealedSecret(place, blob) for place, blob in self.rows.items()]

    def reseal(self, work: Callable[[SealedSecret], bytes | None]) -> int:
        changed = {one.place: blob for one in self.sealed_secrets() if (blob := work(one)) is not None}
        if self.crash:
            raise Crash
        self.rows |= changed
        return len(changed)


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    return FileKeys(tmp_path / KEY_FILE)


@pytest.fixture
def vault(keys: FileKeys) -> Vault:
    keys.create()
    return Vault(keys)


def opened(vault: Vault, store: Store) -> dict[Place, bytes]:
    return {place: vault.open(place, blob) for place, blob in store.rows.items()}


def test_everything_is_sealed_anew_and_the_old_key_is_gone(keys: FileKeys, vault: Vault) -> None:
    store = Store(vault)
    rotated = rotate(vault, store)
    assert (rotated.version, rotated.resealed, rotated.retired, rotated.finished_earlier) == (2, 5, [1], False)
    assert {version_of(blob) for blob in store.rows.values()} == {2}
    ring = keys.load()
    assert ring is not None
    assert ring.versions == [2]
    assert opened(Vault(keys), store) == SECRETS


def test_copies_are_handed_out_before_the_old_key_goes(keys: FileKeys, vault: Vault) -> None:
    store = Store(vault)
    copies = dict(store.rows)

    def spread() -> None:
        ring = keys.load()
        assert ring is not None
        assert ring.versions == [2, 1]
        copies.update(store.rows)

    rotate(vault, store, spread)
    assert all(Vault(keys).open(place, blob) == SECRETS[place] for place, blob in copies.items())


def test_after_a_crash_before_the_rows_everything_opens_and_the_next_rotation_finishes(keys: FileKeys, vault: Vault) -> None:
    store = Store(vault)
    store.crash = True
    with pytest.raises(Crash):
        rotate(vault, store)
    assert opened(Vault(keys), store) == SECRETS
    store.crash = False
    again = rotate(Vault(keys), store)
    assert (again.version, again.resealed, again.retired, again.finished_earlier) == (2, 5, [1], True)
    assert opened(Vault(keys), store) == SECRETS


def test_after_a_crash_before_the_old_key_goes_everything_opens_and_the_next_rotation_finishes(
    keys: FileKeys, vault: Vault
) -> None:
    store = Store(vault)

    def crash() -> None:
        raise Crash

    with pytest.raises(Crash):
        rotate(vault, store, crash)
    assert opened(Vault(keys), store) == SECRETS
    again = rotate(Vault(keys), store)
    assert (again.version, again.resealed, again.retired, again.finished_earlier) == (2, 0, [1], True)


def test_a_key_that_cannot_be_kept_seals_nothing(keys: FileKeys, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(vault)

    def full(path: Path, content: bytes) -> None:
        raise OperatorFault("no space left")

    monkeypatch.setattr("yett.sealing.keys.write_private", full)
    with pytest.raises(OperatorFault, match="no space"):
        rotate(vault, store)
    monkeypatch.setattr("yett.sealing.keys.write_private", write_private)
    assert vault.ring().current == 1
    assert opened(Vault(keys), store) == SECRETS


def test_the_operators_variable_is_rotated_by_the_operator() -> None:
    old = new_ring()
    store = Store(Vault(EnvironmentKeys({KEY_VARIABLE: old.text()})))
    with pytest.raises(OperatorFault, match="higher version"):
        rotate(Vault(EnvironmentKeys({KEY_VARIABLE: old.text()})), store)
    both = KeyRing({**old.keys, **{2: new_ring().keys[1]}})
    rotated = rotate(Vault(EnvironmentKeys({KEY_VARIABLE: both.text()})), store)
    assert (rotated.version, rotated.resealed, rotated.retired) == (2, 5, [1])
    assert opened(Vault(EnvironmentKeys({KEY_VARIABLE: both.without([1]).text()})), store) == SECRETS
