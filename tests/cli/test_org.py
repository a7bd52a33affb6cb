"""`yett org`."""

from __future__ import annotations

import json

from tests.cli.terminal import Terminal


def test_organisations_share_nothing(terminal: Terminal) -> None:
    done = terminal.ok("org", "add", "acme", "--admin", "ada@example.com")
    assert "/invitation/" in done.out
    assert [one["name"] for one in json.loads(terminal.ok("org", "list", "--json").out)] == ["default", "acme"]
    assert "ada@example.com" in terminal.ok("member", "list", "--organisation", "acme").out
    assert "ada@example.com" not in terminal.ok("member", "list").out
    assert "there is no organisation `none`" in terminal.run("member", "list", "--organisation", "none").err
    assert "already" in terminal.run("org", "add", "acme").err
