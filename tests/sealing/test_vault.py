"""What seals and opens for a process, and what it does without the right key."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.sealing.box import Place, Unsealable, seal
from yett.sealing.keys import KEY_FILE, FileKeys, new_ring
from yett.sealing.vault import SealedSecret, Vault, problem_of

PLACE = Place("organisation", "server", "headers")


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    return FileKeys(tmp_path / KEY_FILE)


def test_the_first_start_makes_a_key(keys: FileKeys) -> None:
    assert problem_of(Vault(keys), list) is None
    assert keys.load() is not None


def test_no_key_is_made_beside_secrets_that_it_could_not_open(keys: FileKeys) -> None:
    secret = SealedSecret(PLACE, seal(new_ring(), PLACE, b"secret"))
    vault = Vault(keys)
    problem = problem_of(vault, lambda: [secret])
    assert problem is not None
    assert problem.startswith("the secrets stay sealed: there is no master key")
    assert keys.load() is None
    with pytest.raises(Unsealable):
        vault.seal(PLACE, b"more")


def test_a_wrong_key_leaves_it_sealed_and_says_so(keys: FileKeys) -> None:
    secret = SealedSecret(PLACE, seal(new_ring(), PLACE, b"secret"))
    keys.create()
    vault = Vault(keys)
    assert "another key" in (problem_of(vault, lambda: [secret]) or "")
    with pytest.raises(Unsealable):
        vault.open(PLACE, secret.blob)
    with pytest.raises(Unsealable):
        vault.seal(PLACE, b"more")


def test_an_unreadable_key_leaves_it_sealed_and_says_so(keys: FileKeys) -> None:
    keys.path.write_text("nonsense")
    keys.path.chmod(0o600)
    vault = Vault(keys)
    assert "cannot be read" in (problem_of(vault, list) or "")
    with pytest.raises(OperatorFault):
        vault.seal(PLACE, b"secret")


def test_a_version_made_elsewhere_is_found_when_it_is_met(keys: FileKeys) -> None:
    vault = Vault(keys)
    vault.prepare([])
    ring = vault.ring().with_next()
    keys.store(ring)
    assert vault.open(PLACE, seal(ring, PLACE, b"secret")) == b"secret"
    assert vault.ring().current == 2


def test_the_right_key_is_found_when_it_is_back(keys: FileKeys) -> None:
    right, wrong = new_ring(), new_ring()
    keys.store(wrong)
    vault, blob = Vault(keys), seal(right, PLACE, b"secret")
    with pytest.raises(Unsealable):
        vault.open(PLACE, blob)
    keys.store(right)
    assert vault.open(PLACE, blob) == b"secret"
