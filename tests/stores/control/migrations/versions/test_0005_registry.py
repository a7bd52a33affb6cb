"""The registry's tables, in a database that was there before."""

from __future__ import annotations

from pathlib import Path

from tests.stores.control.migrations.versions.test_versions import ORGANISATION, made_by
from tests.support.clock import ManualClock
from yett.stores.control.store import open_control


def test_a_server_of_before_has_no_standing_and_nobody_is_told(tmp_path: Path) -> None:
    made_by("0002", tmp_path)
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        read = whole.of(ORGANISATION)
        assert read.standings.find("s") is None
        assert read.webhooks.listed() == []
    store.close()
