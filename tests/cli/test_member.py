"""`yett member`, alone on the store."""

from __future__ import annotations

import json

from tests.cli.terminal import Terminal


def test_somebody_is_invited_listed_and_taken_back(terminal: Terminal) -> None:
    done = terminal.ok("member", "invite", "Ada@Example.com", "--role", "admin")
    assert "http://127.0.0.1:8701/invitation/" in done.out
    assert "hand the link over" in done.err
    listed = terminal.ok("member", "list").out
    assert "ada@example.com" in listed
    assert "invited until" in listed
    assert json.loads(terminal.ok("member", "list", "--json").out)["members"] == []


def test_a_role_reaches_the_servers_that_are_named(terminal: Terminal) -> None:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    made = json.loads(terminal.ok("member", "invite", "a@example.com", "--role", "viewer", "--server", "shop", "--json").out)
    assert made["invitation"]["servers"] == ["shop"]
    failed = terminal.run("member", "invite", "b@example.com", "--role", "viewer", "--server", "none")
    assert (failed.status, "there is no server `none`" in failed.err) == (3, True)


def test_what_is_no_member_or_no_role_is_said(terminal: Terminal) -> None:
    assert "there is no member `ada@example.com`" in terminal.run("member", "remove", "ada@example.com").err
    assert "there is no member" in terminal.run("member", "role", "ada@example.com", "viewer").err
    assert terminal.run("member", "role", "ada@example.com", "owner").status == 2
    assert "that is no mail address" in terminal.run("member", "invite", "ada", "--role", "viewer").err
