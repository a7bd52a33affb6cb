"""`yett grant request|requests|approve|deny|withdraw|collect`, and what else a grant can do."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal
from tests.cli.test_grant import digests, token_of
from yett.gateway.tokens import digest, token_key


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    (terminal.directory / "p.json").write_text('{"version":"1","default":"deny"}')
    terminal.ok("policy", "set", "p", "p.json")
    return terminal


def ask(terminal: Terminal, *words: str) -> str:
    asked = terminal.ok("grant", "request", "--server", "shop", "--duration", "8h", "--reason", "an outage", *words, "--json")
    return str(asked.json["id"])


def test_a_grant_is_asked_for_approved_and_collected_once(shop: Terminal) -> None:
    request = ask(shop, "--policy", "p")
    listed = shop.ok("grant", "requests").out
    assert request in listed
    assert "8h" in listed
    approved = shop.ok("grant", "approve", request).out
    assert approved.startswith(f"the request {request} is approved: the grant g-")
    token = token_of(shop.ok("grant", "collect", request))
    assert digests(shop) == [digest(token, token_key(shop.directory / "state"))]
    again = shop.run("grant", "collect", request)
    assert again.status == 3
    assert "the token was shown once" in again.err
    assert shop.ok("grant", "requests").err == "nobody waits for a grant\n"
    assert [view["status"] for view in shop.ok("grant", "requests", "--all", "--json").json] == ["approved"]
    assert token not in shop.ok("grant", "requests", "--all", "--json").out


def test_a_request_is_denied_or_withdrawn(shop: Terminal) -> None:
    first, second = ask(shop), ask(shop)
    assert shop.ok("grant", "deny", first, "--note", "no").out == f"the request {first} is denied\n"
    assert shop.ok("grant", "withdraw", second).out == f"the request {second} is withdrawn\n"
    assert shop.run("grant", "approve", first).status == 3


def test_a_request_needs_a_reason_and_a_duration(shop: Terminal) -> None:
    assert shop.run("grant", "request", "--server", "shop", "--duration", "8h").status == 2
    assert shop.run("grant", "request", "--server", "shop", "--duration", "8h", "--reason", "").status == 2
    assert shop.run("grant", "request", "--server", "shop", "--duration", "soon", "--reason", "x").status == 2


def test_a_grant_is_edited(shop: Terminal) -> None:
    shop.ok("grant", "mint", "--server", "shop", "--label", "ci", "--tag", "a=b", "--reason", "builds")
    out = shop.ok("grant", "edit", "ci", "--label", "cd", "--owner", "ada", "--tag", "team=ops", "--expires", "1d").out
    assert "team=ops" in out
    assert "a=b" not in out
    view = shop.ok("grant", "edit", "cd", "--no-tags", "--expires", "never", "--json").json["grant"]
    assert (view["tags"], view["expires_at"], view["reason"], view["owner"]) == ({}, None, "builds", "ada")
    assert shop.run("grant", "edit", "cd").status == 2
    assert shop.run("grant", "edit", "cd", "--no-tags", "--tag", "a=b").status == 2
    assert [grant["label"] for grant in shop.ok("grant", "list", "--owner", "ADA", "--json").json] == ["cd"]
    assert shop.ok("grant", "list", "--policy", "p", "--json").json == []
    assert len(shop.ok("grant", "list", "--search", "CD", "--json").json) == 1


def test_a_rotation_with_overlap_says_how_long_the_old_token_stays_good(shop: Terminal) -> None:
    shop.ok("grant", "mint", "--server", "shop", "--label", "ci")
    assert "note: the old token stays good until 20" in shop.ok("grant", "rotate", "ci", "--overlap", "10m").err
    assert "old token good until" in shop.ok("grant", "show", "ci").out
    assert shop.run("grant", "rotate", "ci", "--overlap", "long").status == 2


def test_a_token_is_shown_again_only_where_tokens_are_kept(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.ok("grant", "mint", "--server", "shop", "--label", "old")
    refused = shop.run("grant", "reveal", "old")
    assert refused.status == 3
    assert "this installation keeps no tokens" in refused.err
    monkeypatch.setenv("YETT_GRANTS_REVEAL", "true")
    minted = shop.ok("grant", "mint", "--server", "shop", "--label", "new")
    assert "is kept, sealed; `yett grant reveal" in minted.err
    assert token_of(shop.ok("grant", "reveal", "new")) == token_of(minted)
    assert shop.ok("grant", "reveal", "new", "--json").json["token"] == token_of(minted)
    assert "was made while tokens were not kept" in shop.run("grant", "reveal", "old").err
