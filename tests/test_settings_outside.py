"""The settings about what is outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.settings import read_settings
from yett.settings_outside import EgressSettings, OAuthSettings, RegistrySettings, SecretsSettings


def test_nothing_outside_is_allowed_or_asked_unless_it_is_listed(tmp_path: Path) -> None:
    settings = read_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path)})
    assert settings.egress == EgressSettings(allow=())
    assert settings.secrets == SecretsSettings(master_key="file")
    assert settings.oauth == OAuthSettings(client_metadata_url=None)
    assert settings.registry == RegistrySettings(url=None)


def test_a_list_is_written_with_commas_in_a_variable(tmp_path: Path) -> None:
    environment = {"YETT_STATE_DIRECTORY": str(tmp_path), "YETT_EGRESS_ALLOW": "10.0.0.0/8, idp.example", "YETT_MASTER_KEY": "x"}
    assert read_settings(None, environment).egress.allow == ("10.0.0.0/8", "idp.example")


def test_a_place_for_the_master_key_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="YETT_SECRETS_MASTER_KEY"):
        read_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path), "YETT_SECRETS_MASTER_KEY": "vault"})
