"""What a backup holds of `yett run` and `yett wrap`, and what comes of it in an empty folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.app.test_backup import CLOCK, filled, repacked, settings_in
from tests.app.test_local import running
from tests.app.test_local_pins import PAY, PULLED, SEE, SERVER, code, names, opened, yett
from tests.support.policies import ALLOW_ALL
from yett.app.backup import restore_backup, write_backup
from yett.app.backup_contents import is_ours, plain_names
from yett.errors import OperatorFault
from yett.private_files import write_private

TOKEN = "0123456789abcdef0123"


def test_the_pins_of_a_run_come_back_into_an_empty_folder(tmp_path: Path) -> None:
    listed, program = tmp_path / "listed", tmp_path / "server.py"
    listed.write_text(json.dumps([SEE]))
    program.write_text(SERVER)
    argv = [sys.executable, str(program), str(listed)]
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with running(one, ALLOW_ALL, *argv) as client:
        assert names(opened(client)) == ["see"]
    listed.write_text(json.dumps([SEE, PAY]))
    with running(one, ALLOW_ALL, *argv) as client:
        assert names(opened(client)) == ["see"]
    yett(one, "pins", "accept", "me", "pay", "--yes", "--reason", "it was reviewed")
    said = json.loads(yett(one, "backup", str(tmp_path / "b.tar"), "--json"))
    assert {name.partition("/")[0] for name in said["files"]} == {"state.db", "pins", "policies"}
    listed.write_text(json.dumps([PULLED, PAY]))
    yett(two, "restore", str(tmp_path / "b.tar"))
    items = json.loads(yett(two, "pins", "list", "me", "--json"))["items"]
    assert [(item["tool"], item["how"], item["reason"]) for item in items] == [
        ("pay", "accepted", "it was reviewed"),
        ("see", "first", None),
    ]
    with running(two, ALLOW_ALL, *argv) as client:
        assert names(opened(client)) == ["pay"], "what changed is held to what was accepted before the backup"
        assert (code(client, "see"), code(client, "pay")) == ("tool_changed", None)


def test_tokens_of_wrapped_entries_go_with_the_keys_only_and_what_is_replaced_is_kept_aside(tmp_path: Path) -> None:
    state = filled(tmp_path / "one")[0].state_dir
    for folder, name in (("tokens", TOKEN), ("pins", f"{'a' * 32}.json"), ("pins", "x.json"), ("pins", f"{'a' * 32}.lock")):
        (state / folder).mkdir(exist_ok=True)
        write_private(state / folder / name, b"{}")
    plain = write_backup(state, tmp_path / "plain.tar", CLOCK, with_keys=False)
    whole = write_backup(state, tmp_path / "whole.tar", CLOCK, with_keys=True)
    assert set(plain.files) == {"control.db", "state.db", f"pins/{'a' * 32}.json"}
    assert whole.files.keys() - plain.files.keys() == {"token.key", f"tokens/{TOKEN}"}
    assert plain_names(tmp_path / "nowhere", with_keys=True) == []
    write_private(state / "tokens" / TOKEN, b"later")
    aside = restore_backup(state, tmp_path / "whole.tar", CLOCK).aside
    assert aside is not None
    assert (aside / "tokens" / TOKEN).read_bytes() == b"later"
    assert (state / "tokens" / TOKEN).read_bytes() == b"{}"
    assert (state / "tokens" / TOKEN).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["pins/../../evil.json", "pins/x.json", f"tokens/{TOKEN}/x", "pins/", f"other/{'a' * 32}.json"])
def test_no_other_name_is_ever_written(tmp_path: Path, name: str) -> None:
    state = filled(tmp_path / "one")[0].state_dir
    manifest = write_backup(state, tmp_path / "b.tar", CLOCK, with_keys=False)
    entry = {"bytes": 2, "sha256": "0" * 64}
    files = {file: {"bytes": one.bytes, "sha256": one.sha256} for file, one in manifest.files.items()} | {name: entry}
    said = {"format": 1, "yett": "x", "created_at": "", "schema": manifest.schema, "keys": False, "files": files}
    broken = repacked(tmp_path / "b.tar", tmp_path / "evil.tar", {"manifest.json": json.dumps(said).encode()})
    with pytest.raises(OperatorFault, match="no backup of Yett"):
        restore_backup(settings_in(tmp_path / "two").state_dir, broken, CLOCK)
    assert not is_ours(name)


def test_what_is_of_a_machine_without_a_gateway_is_not_put_beside_one(tmp_path: Path) -> None:
    state = filled(tmp_path / "one")[0].state_dir
    local = tmp_path / "local"
    local.mkdir(mode=0o700)
    (state / "state.db").rename(local / "state.db")
    assert write_backup(local, tmp_path / "b.tar", CLOCK, with_keys=True).schema == ""
    with pytest.raises(OperatorFault, match="of a machine without a gateway"):
        restore_backup(state, tmp_path / "b.tar", CLOCK)
    with pytest.raises(OperatorFault, match="nothing to copy"):
        write_backup(tmp_path / "nowhere", tmp_path / "c.tar", CLOCK, with_keys=True)
