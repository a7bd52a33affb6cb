"""`yett backup` and `yett restore`."""

from __future__ import annotations

import json

from tests.cli.terminal import Terminal


def test_a_backup_is_written_and_put_back(terminal: Terminal) -> None:
    terminal.ok("org", "add", "acme")
    done = terminal.ok("backup", "b.tar")
    assert "control.db" in done.out
    assert "the keys are not in it" in done.err
    terminal.ok("org", "add", "later")
    said = terminal.ok("restore", "b.tar").err
    assert "what was there before is in" in said
    assert [one["name"] for one in json.loads(terminal.ok("org", "list", "--json").out)] == ["default", "acme"]


def test_what_is_no_backup_is_one_sentence(terminal: Terminal) -> None:
    (terminal.directory / "b.tar").write_text("hello")
    failed = terminal.run("restore", "b.tar")
    assert (failed.status, failed.err.count("\n")) == (3, 1)
    assert "is no backup" in failed.err


def test_the_keys_go_in_if_that_is_asked_for(terminal: Terminal) -> None:
    terminal.ok("org", "list")
    manifest = json.loads(terminal.ok("backup", "--with-keys", "b.tar", "--json").out)
    assert manifest["keys"]
    assert "token.key" in manifest["files"]
