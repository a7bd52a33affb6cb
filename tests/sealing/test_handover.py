"""A server's credential on its way to the data planes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from yett.sealing.box import Unsealable
from yett.sealing.handover import Fields, Handover, hand_over, take_over
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault

FIELDS = Fields(fields={"authorization": "Bearer hidden"}, expires_at_ns=5)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    keys = FileKeys(tmp_path / KEY_FILE)
    keys.create()
    return Vault(keys)


def test_what_is_handed_over_is_sealed_and_taken_over_whole(vault: Vault) -> None:
    handover = hand_over(vault, "organisation", "server", 7, FIELDS)
    assert take_over(vault, handover) == FIELDS
    assert b"hidden" not in msgspec.json.encode(handover)
    assert "hidden" not in repr(FIELDS)
    assert msgspec.json.decode(msgspec.json.encode(handover), type=Handover) == handover


@pytest.mark.parametrize("change", [{"organisation": "o"}, {"server": "s"}, {"number": 8}])
def test_a_credential_in_anothers_place_or_under_a_newer_number_does_not_open(vault: Vault, change: dict[str, str | int]) -> None:
    handover = hand_over(vault, "organisation", "server", 7, FIELDS)
    with pytest.raises(Unsealable):
        take_over(vault, msgspec.structs.replace(handover, **change))
