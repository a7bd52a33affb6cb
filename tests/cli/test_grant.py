"""`yett grant`."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.terminal import Done, Terminal
from yett.gateway.feed import load_snapshot
from yett.gateway.tokens import digest, is_well_formed, token_key


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    (terminal.directory / "p.json").write_text('{"version":"1","default":"deny"}')
    terminal.ok("policy", "set", "strict", "p.json")
    return terminal


def token_of(done: Done) -> str:
    found = re.search(r"^token\s+(\S+)$", done.out, re.MULTILINE)
    assert found is not None
    return found[1]


def digests(terminal: Terminal) -> list[str]:
    snapshot = load_snapshot(terminal.directory / "state" / "snapshot.json")
    assert snapshot is not None
    return [grant.digest for grant in snapshot.grants]


def test_a_token_is_printed_once_with_what_to_paste(shop: Terminal) -> None:
    done = shop.ok(
        "grant", "mint", "--server", "shop", "--policy", "strict", "--label", "ci", "--tag", "team=ops", "--expires", "30d"
    )
    token = token_of(done)
    assert is_well_formed(token)
    pasted = [json.loads(block) for block in re.findall(r"^\{.*?^\}", done.out, re.MULTILINE | re.DOTALL)]
    entry = {"type": "http", "url": "http://127.0.0.1:8700/mcp/shop", "headers": {"Authorization": f"Bearer {token}"}}
    assert pasted == [{"mcpServers": {"shop": entry}}, {"servers": {"shop": entry}}]
    assert "shown this once" in done.err
    assert token not in done.err
    for words in (["grant", "list"], ["grant", "show", "ci"], ["grant", "list", "--json"]):
        assert token not in shop.ok(*words).out
    state = shop.directory / "state"
    assert digests(shop) == [digest(token, token_key(state))]
    assert not [path for path in state.iterdir() if token.encode() in path.read_bytes()]


def test_a_minted_grant_as_json_has_token_and_configuration(shop: Terminal) -> None:
    minted = shop.ok("grant", "mint", "--server", "shop", "--json").json
    assert is_well_formed(minted["token"])
    assert minted["configuration"]["mcpServers"]["shop"]["headers"]["Authorization"] == f"Bearer {minted['token']}"
    assert minted["applied"] is False


def test_a_grant_without_a_policy_is_remarked(shop: Terminal) -> None:
    done = shop.ok("grant", "mint", "--server", "shop")
    assert "note: the grant has no policy, so every call is denied; `yett policy set NAME FILE --grant g-" in done.err


def test_attributes_are_shown(shop: Terminal) -> None:
    shop.ok(
        "grant", "mint", "--server", "shop", "--label", "ci", "--owner", "ada", "--tag", "a=b=c", "--tag", "d=", "--expires", "1h"
    )
    view = shop.ok("grant", "show", "ci", "--json").json
    assert (view["owner"], view["tags"], view["status"]) == ("ada", {"a": "b=c", "d": ""}, "live")
    assert "a=b=c d=" in shop.ok("grant", "show", "ci").out


def test_a_rotated_grant_gets_another_token_and_keeps_its_id(shop: Terminal) -> None:
    first = shop.ok("grant", "mint", "--server", "shop", "--label", "ci", "--json").json
    second = shop.ok("grant", "rotate", "ci", "--json").json
    assert second["grant"]["id"] == first["grant"]["id"]
    assert digests(shop) == [digest(second["token"], token_key(shop.directory / "state"))]


def test_a_revoked_grant_is_listed_only_when_asked_for(shop: Terminal) -> None:
    shop.ok("grant", "mint", "--server", "shop", "--label", "ci")
    assert re.fullmatch(r"the grant g-[0-9a-f]{12} \(ci\) is revoked\n", shop.ok("grant", "revoke", "ci").out)
    assert digests(shop) == []
    assert shop.ok("grant", "list", "--json").json == []
    assert "no grants yet" in shop.ok("grant", "list").err
    assert [grant["status"] for grant in shop.ok("grant", "list", "--all", "--json").json] == ["revoked"]
    again = shop.run("grant", "revoke", "ci", "--json")
    assert (again.status, again.error["code"]) == (3, "conflict")


def test_grants_are_listed_by_server(shop: Terminal) -> None:
    shop.ok("server", "add", "bank", "--url", "http://127.0.0.1:9/mcp")
    shop.ok("grant", "mint", "--server", "bank", "--label", "b")
    shop.ok("grant", "mint", "--server", "shop", "--label", "s")
    assert [grant["label"] for grant in shop.ok("grant", "list", "--server", "bank", "--json").json] == ["b"]
    assert shop.run("grant", "list", "--server", "none").status == 3


def test_a_policy_is_given_and_taken_away(shop: Terminal) -> None:
    shop.ok("grant", "mint", "--server", "shop", "--label", "ci")
    assert "has the policy `strict`" in shop.ok("grant", "set-policy", "ci", "strict").out
    assert shop.ok("grant", "show", "ci", "--json").json["policy"] == "strict"
    assert "has no policy: every call is denied" in shop.ok("grant", "set-policy", "ci", "--none").out
    assert shop.ok("grant", "show", "ci", "--json").json["policy"] is None
    for words in (["ci"], ["ci", "strict", "--none"]):
        assert shop.run("grant", "set-policy", *words).status == 2


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--server", "none"], 3, "there is no server `none`"),
        (["--server", "shop", "--policy", "none"], 3, "there is no policy `none`"),
        (["--server", "shop", "--tag", "novalue"], 2, "`novalue` is no tag: write KEY=VALUE"),
        (["--server", "shop", "--tag", "a=1", "--tag", "a=2"], 2, "the tag `a` is given twice"),
        (["--server", "shop", "--expires", "soon"], 2, "`soon` is no expiry"),
        (["--server", "shop", "--label", "a\nb"], 2, "the label holds a control character"),
    ],
)
def test_what_cannot_be_minted_is_told(shop: Terminal, words: list[str], status: int, message: str) -> None:
    done = shop.run("grant", "mint", *words)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert shop.ok("grant", "list", "--json").json == []
