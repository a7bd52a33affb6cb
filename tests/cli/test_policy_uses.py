"""`yett policy attach|detach|uses|edit|remove`."""

from __future__ import annotations

import re

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    (terminal.directory / "p.json").write_text('{"version":"1","default":"deny"}')
    terminal.ok("policy", "set", "p", "p.json")
    for label in ("one", "two"):
        terminal.ok("grant", "mint", "--server", "shop", "--label", label)
    return terminal


def test_a_policy_is_given_to_several_grants_and_taken_away_again(shop: Terminal) -> None:
    out = shop.ok("policy", "attach", "p", "one", "two").out
    assert re.fullmatch(r"the grant g-\w+ \(one\) has the policy `p`\nthe grant g-\w+ \(two\) has the policy `p`\n", out)
    assert [grant["label"] for grant in shop.ok("policy", "uses", "p", "--json").json] == ["one", "two"]
    assert "never" in shop.ok("policy", "uses", "p").out
    assert "has no policy: every call is denied" in shop.ok("policy", "detach", "p", "one").out
    assert "(two) has no policy" in shop.ok("policy", "detach", "p", "--all").out
    assert shop.ok("policy", "uses", "p").err == "no live grant has the policy `p`\n"
    assert shop.ok("policy", "detach", "p", "--all", "--json").json["grants"] == []


@pytest.mark.parametrize("words", [["attach", "p"], ["detach", "p"], ["detach", "p", "one", "--all"], ["edit", "p"]])
def test_what_is_not_said_whole_is_refused(shop: Terminal, words: list[str]) -> None:
    assert shop.run("policy", *words).status == 2


def test_a_policy_is_renamed_and_bound(shop: Terminal) -> None:
    assert shop.ok("policy", "edit", "p", "--rename", "q").out == "the policy `p` is called `q` now, and is for any grant\n"
    assert shop.ok("policy", "edit", "q", "--server", "shop").out == "the policy `q` is for grants of `shop`\n"
    assert "shop" in shop.ok("policy", "list").out
    assert shop.ok("policy", "edit", "q", "--server", "", "--json").json["policy"]["server"] is None
    shop.ok("policy", "set", "bound", "p.json", "--server", "shop")
    assert [policy["name"] for policy in shop.ok("policy", "list", "--search", "BOU", "--json").json] == ["bound"]
    assert len(shop.ok("policy", "list", "--server", "shop", "--json").json) == 2


def test_a_policy_in_use_is_not_removed_and_an_unused_one_is(shop: Terminal) -> None:
    shop.ok("policy", "attach", "p", "one")
    refused = shop.run("policy", "remove", "p")
    assert refused.status == 3
    assert "is in use: g-" in refused.err
    shop.ok("policy", "detach", "p", "one")
    assert shop.ok("policy", "remove", "p").out == "the policy `p` is removed\n"
    assert shop.run("policy", "show", "p").status == 3
