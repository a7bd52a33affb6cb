"""`yett member`, `yett link` and `yett org`, alone on the store."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

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


def test_the_link_of_the_first_admin_is_printed_alone(terminal: Terminal) -> None:
    done = terminal.ok("link")
    assert urlsplit(done.out.strip()).path.startswith("/first/")
    assert "works once" in done.err
    assert "there is no member" in terminal.run("link", "ada@example.com").err


def test_organisations_share_nothing(terminal: Terminal) -> None:
    done = terminal.ok("org", "add", "acme", "--admin", "ada@example.com")
    assert "/invitation/" in done.out
    assert [one["name"] for one in json.loads(terminal.ok("org", "list", "--json").out)] == ["default", "acme"]
    assert "ada@example.com" in terminal.ok("member", "list", "--organisation", "acme").out
    assert "ada@example.com" not in terminal.ok("member", "list").out
    assert "there is no organisation `none`" in terminal.run("member", "list", "--organisation", "none").err
    assert "already" in terminal.run("org", "add", "acme").err
