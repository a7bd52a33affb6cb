"""`yett token`."""

from __future__ import annotations

import json

from tests.cli.terminal import Terminal
from yett.admin.people.handles import is_api_token


def test_a_token_is_printed_once_and_revoked_by_its_label(terminal: Terminal) -> None:
    made = json.loads(terminal.ok("token", "create", "ci", "--scope", "view", "--expires", "30d", "--json").out)
    assert is_api_token(made["token"])
    listed = terminal.ok("token", "list").out
    assert "ci" in listed
    assert made["token"] not in listed
    assert "opens nothing any more" in terminal.ok("token", "revoke", "ci").err
    assert "no API tokens" in terminal.ok("token", "list").err
    assert "revoked" in terminal.ok("token", "list", "--all").out


def test_an_unknown_scope_is_refused_with_those_there_are(terminal: Terminal) -> None:
    failed = terminal.run("token", "create", "ci", "--scope", "all")
    assert (failed.status, "policies:edit" in failed.err) == (2, True)
