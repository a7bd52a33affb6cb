"""`yett issuer`."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal

NAME = "https://login.example.com/realms/work"


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    terminal.ok("grant", "mint", "--server", "shop", "--label", "ci")
    return terminal


def test_an_issuer_is_added_with_its_rules_shown_and_removed(shop: Terminal) -> None:
    added = shop.ok("issuer", "add", NAME, "--rule", "ci", "sub=ci,level=2,ok=true", "--audience", "api://yett")
    assert f"access tokens of `{NAME}` are taken" in added.out
    assert "no control plane is running" in added.err
    (listed,) = shop.ok("issuer", "list", "--json").json
    assert listed["rules"] == [{"claims": {"sub": "ci", "level": 2, "ok": True}, "grant": "ci"}]
    assert (listed["algorithms"], listed["keys"]) == (["RS256", "ES256"], [])
    shown = shop.ok("issuer", "show", NAME).out
    assert 'sub="ci"' in shown
    assert "none yet" in shown
    assert NAME in shop.ok("issuer", "list").out
    assert "are taken no more" in shop.ok("issuer", "remove", listed["id"]).out
    assert shop.ok("issuer", "list", "--json").json == []


def test_a_rule_may_fit_every_token(shop: Terminal) -> None:
    added = shop.ok("issuer", "add", NAME, "--rule", "ci", "*", "--algorithm", "EdDSA", "--json").json
    assert added["issuer"]["rules"] == [{"claims": {}, "grant": "ci"}]
    assert added["issuer"]["algorithms"] == ["EdDSA"]
    assert "every token" in shop.ok("issuer", "show", NAME).out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("add", NAME, "--rule", "ci", "sub"), 2, "`sub` is no claim"),
        (("add", NAME, "--rule", "none", "sub=x"), 2, "there is no grant `none`"),
        (("add", "login.example.com"), 2, "is no address"),
        (("add", NAME, "--algorithm", "HS256"), 2, "algorithms"),
        (("show", "none"), 3, "there is no issuer `none`"),
        (("remove", "none"), 3, "there is no issuer `none`"),
    ],
)
def test_what_no_issuer_can_be_is_told(shop: Terminal, words: tuple[str, ...], status: int, message: str) -> None:
    done = shop.run("issuer", *words)
    assert (done.status, message in done.err) == (status, True), done.err
    assert shop.ok("issuer", "list", "--json").json == []
