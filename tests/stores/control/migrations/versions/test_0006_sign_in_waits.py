"""A database of the version before waits were kept, brought here."""

from __future__ import annotations

from pathlib import Path

from tests.stores.control.migrations.versions.test_versions import made_by, upgrade
from tests.support.clock import ManualClock
from yett.stores.control.people_records import SignInWait
from yett.stores.control.store import open_control


def test_nobody_waits_at_first_and_waits_can_be_kept(tmp_path: Path) -> None:
    made_by("0002", tmp_path)
    upgrade(tmp_path, "0005")
    store = open_control(tmp_path, ManualClock())
    wait = SignInWait(digest="d", failures=6, at_ns=2**62, until_ns=2**62 + 1)
    with store.whole() as whole:
        assert whole.sign_ins.waits() == []
        whole.sign_ins.put_waits([wait])
        assert whole.sign_ins.waits() == [wait]
    store.close()
