"""Where the keeper of credentials stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.app.credentials import metadata_url_at, vault_of
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.settings import Settings


@pytest.mark.parametrize(
    ("url", "published"),
    [
        ("https://gate.example/oauth/client.json", True),
        ("http://gate.example/oauth/client.json", False),
        ("https://127.0.0.1:8701/oauth/client.json", False),
        ("https://localhost/oauth/client.json", False),
    ],
)
def test_the_metadata_document_is_named_only_where_others_can_fetch_it(url: str, published: bool) -> None:
    assert (metadata_url_at(url) == url) is published


def test_the_master_key_is_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YETT_MASTER_KEY", raising=False)
    source = vault_of(Settings(config_path=None, state_dir=tmp_path)).source
    assert source == FileKeys(tmp_path / KEY_FILE)
