"""The master key in its versions, and where it is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from yett.errors import OperatorFault
from yett.sealing.keys import (
    KEY_FILE,
    KEY_VARIABLE,
    VERSIONS_MAX,
    EnvironmentKeys,
    FileKeys,
    SystemKeys,
    key_source,
    new_ring,
    read_ring,
)

RING = new_ring().with_next()


def test_a_ring_survives_being_written_and_shows_no_key() -> None:
    assert read_ring(RING.text(), "here") == RING
    assert read_ring(RING.text().strip().replace("\n", ","), "here") == RING
    assert repr(RING) == "KeyRing()"


@pytest.mark.parametrize(
    "text", ["", "1", "1:", "1:abc", "0:" + "A" * 43, "x:" + "A" * 43, "1:" + "A" * 42, f"1:{'A' * 43} 2:{'A' * 43}"]
)
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(OperatorFault) as refused:
        read_ring(text, "here")
    assert "AAA" not in str(refused.value)


def test_a_version_that_is_there_twice_is_refused() -> None:
    with pytest.raises(OperatorFault, match="twice"):
        read_ring(f"1:{'A' * 43},1:{'B' * 42}A", "here")


def test_versions_are_bounded() -> None:
    ring = new_ring()
    for _ in range(VERSIONS_MAX - 1):
        ring = ring.with_next()
    with pytest.raises(OperatorFault, match="64 versions"):
        ring.with_next()


def test_a_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / KEY_FILE)
    assert keys.load() is None
    ring = keys.create()
    assert keys.create() == ring == keys.load()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    keys.store(ring.with_next())
    assert keys.create().versions == [2, 1]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / KEY_FILE)
    keys.create()
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(OperatorFault, match="chmod 600"):
        keys.load()


def test_a_variable_is_never_made_or_changed() -> None:
    assert EnvironmentKeys({}).load() is None
    with pytest.raises(OperatorFault, match="not set"):
        EnvironmentKeys({}).create()
    keys = EnvironmentKeys({KEY_VARIABLE: RING.text()})
    assert keys.create() == keys.load() == RING
    with pytest.raises(OperatorFault, match="yett secrets rotate"):
        keys.store(RING)
    assert RING.text()[2:20] not in repr(keys)


def test_the_variable_wins_and_the_setting_chooses_otherwise(tmp_path: Path) -> None:
    assert isinstance(key_source("file", tmp_path, {KEY_VARIABLE: "x"}), EnvironmentKeys)
    assert isinstance(key_source("environment", tmp_path, {}), EnvironmentKeys)
    assert isinstance(key_source("keyring", tmp_path, {}), SystemKeys)
    assert isinstance(key_source("file", tmp_path, {}), FileKeys)


def test_the_system_key_ring_keeps_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], str] = {}
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    vars(keyring)["get_password"] = lambda service, account: kept.get((service, account))
    vars(keyring)["set_password"] = lambda service, account, text: kept.update({(service, account): text})
    vars(errors)["KeyringError"] = type("KeyringError", (Exception,), {})
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    keys = SystemKeys("/state")
    ring = keys.create()
    assert keys.create() == ring == keys.load()
    assert list(kept) == [("yett", "/state")]


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(OperatorFault, match=r"yett\[keyring\]"):
        SystemKeys("/state").load()
