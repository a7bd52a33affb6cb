"""Credentials that were handed over sealed, opened and ready to be sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clock import ManualClock
from yett.sealing.handover import Fields, Handover, hand_over
from yett.sealing.keys import KEY_FILE, FileKeys, new_ring
from yett.sealing.vault import Vault
from yett.upstreams.credentials import CredentialUnavailable
from yett.upstreams.sealed import SealedCredentials


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    keys = FileKeys(tmp_path / KEY_FILE)
    keys.create()
    return Vault(keys)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sealed(vault: Vault, clock: ManualClock) -> SealedCredentials:
    return SealedCredentials(vault, clock.now_ns)


def handover(vault: Vault, number: int, value: str, expires_at_ns: int | None = None, server: str = "s") -> Handover:
    return hand_over(vault, "o", server, number, Fields(fields={"X-Key": value}, expires_at_ns=expires_at_ns))


def test_fields_are_there_as_they_are_sent(vault: Vault, sealed: SealedCredentials) -> None:
    sealed.take([handover(vault, 1, "hidden")], whole=True)
    assert sealed.fields_of("s") == {"x-key": "hidden"}
    assert sealed.fields_of("s") is sealed.fields_of("s")
    assert sealed.number_of("s") == 1
    assert "hidden" not in repr(vars(sealed))


def test_a_server_without_one_is_not_asked_without_one(sealed: SealedCredentials) -> None:
    with pytest.raises(CredentialUnavailable):
        sealed.fields_of("s")
    assert sealed.number_of("s") == 0


def test_a_newer_one_takes_the_place_and_an_older_one_does_not(vault: Vault, sealed: SealedCredentials) -> None:
    sealed.take([handover(vault, 2, "two")], whole=False)
    sealed.take([handover(vault, 1, "one")], whole=True)
    assert sealed.fields_of("s") == {"x-key": "two"}
    sealed.take([handover(vault, 3, "three")], whole=False)
    assert sealed.fields_of("s") == {"x-key": "three"}


def test_what_is_gone_is_gone(vault: Vault, sealed: SealedCredentials) -> None:
    sealed.take([handover(vault, 1, "one"), handover(vault, 1, "other", server="t")], whole=True)
    sealed.take([handover(vault, 1, "other", server="t")], whole=True)
    with pytest.raises(CredentialUnavailable):
        sealed.fields_of("s")
    assert sealed.fields_of("t") == {"x-key": "other"}


def test_one_that_is_over_is_not_sent_and_that_is_told(vault: Vault, sealed: SealedCredentials, clock: ManualClock) -> None:
    told: list[str] = []
    sealed.on_expired(told.append)
    sealed.take([handover(vault, 1, "one", expires_at_ns=clock.now_ns() + 10 * 10**9)], whole=True)
    assert sealed.fields_of("s") == {"x-key": "one"}
    clock.advance(10)
    with pytest.raises(CredentialUnavailable, match="over"):
        sealed.fields_of("s")
    assert told == ["s"]


def test_without_the_key_it_stays_sealed_and_says_so(vault: Vault, tmp_path: Path, clock: ManualClock) -> None:
    without = SealedCredentials(Vault(FileKeys(tmp_path / "none")), clock.now_ns)
    without.take([handover(vault, 1, "one")], whole=True)
    with pytest.raises(CredentialUnavailable, match="no master key"):
        without.fields_of("s")
    assert len(without.problems()) == 1


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\0", "ä", " a"])
def test_a_value_that_would_break_the_request_is_not_sent(vault: Vault, sealed: SealedCredentials, value: str) -> None:
    sealed.take([handover(vault, 1, value)], whole=True)
    with pytest.raises(CredentialUnavailable) as refused:
        sealed.fields_of("s")
    assert value not in str(refused.value)


def test_when_the_right_key_is_back_it_opens_a_moment_later(vault: Vault, tmp_path: Path, clock: ManualClock) -> None:
    keys = FileKeys(tmp_path / "other")
    keys.store(new_ring())
    sealed = SealedCredentials(Vault(keys), clock.now_ns)
    sealed.take([handover(vault, 1, "hidden")], whole=True)
    assert len(sealed.problems()) == 1
    keys.store(vault.ring())
    clock.advance(1)
    assert sealed.problems() == []
    assert sealed.fields_of("s") == {"x-key": "hidden"}


def test_a_bound_token_whose_key_cannot_sign_is_a_problem_before_anything_is_sent(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / KEY_FILE)
    keys.create()
    vault = Vault(keys)
    sealed = SealedCredentials(vault, lambda: 0)
    sealed.take([hand_over(vault, "o", "s", 1, Fields(fields={"authorization": "DPoP t"}, proof_key="no key"))], whole=True)
    with pytest.raises(CredentialUnavailable, match="key of a bound token"):
        sealed.fields_of("s")
