"""What is shown of entries that are to be wrapped."""

from __future__ import annotations

import pytest

from tests.scan.files import SECRETS
from tests.wrap.fixtures import ARGV, ODD, Odd, config_file
from yett.policy.parse import parse_policy
from yett.scan.model import Client
from yett.wrap.located import read_file
from yett.wrap.masking import difference
from yett.wrap.naming import client_slug, entry_id, free_name, slug_of
from yett.wrap.policies import by_class, observing


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.title)
def test_no_secret_of_any_fixture_is_shown(odd: Odd) -> None:
    for located in read_file(config_file(odd), odd.data).located:
        text = "\n".join(difference(odd.client, located.entry.value, ARGV))
        assert not [secret for secret in SECRETS if secret in text]
        assert ARGV[0] in text


def test_what_goes_what_comes_and_what_stays_is_told_apart() -> None:
    value = {
        "type": "http", "url": "https://a.example/mcp", "headers": {"Authorization": "Bearer s3cret"}, "disabled": True,
        "notes": "two words", "extra": {"key": ["s3 cret"]},
    }  # fmt: skip
    lines = difference(Client.CLAUDE_CODE, value, ("/opt/yett", "connect", "a"))
    assert '- "headers": {"Authorization": "…"}' in lines
    assert '- "url": "https://a.example/mcp"' in lines
    assert '+ "args": ["connect", "a"]' in lines
    assert '  "disabled": true' in lines
    assert '  "extra": {"key": ["…"]}' in lines
    shown = difference(Client.CURSOR, {"url": "https://a.example/mcp?token=s3cret", "notes": "s3 cret"}, ARGV)
    assert '- "url": "https://a.example/…"' in shown
    older = difference(Client.ZED, {"command": {"path": "npx", "args": ["--key", "s3cret"], "env": {"K": "s3cret"}}}, ARGV)
    opencode = difference(Client.OPENCODE, {"command": ["npx", "--key", "s3cret"], "environment": {"K": "s3cret"}}, ARGV)
    assert "s3cret" not in str((shown, older, opencode))


def test_a_server_is_called_as_its_entry_where_that_can_be() -> None:
    assert slug_of("My Server (prod)") == "my-server-prod"
    assert (slug_of("日本"), slug_of("...")) == ("server", "server")
    assert client_slug(Client.CLAUDE_DESKTOP) == "claude-desktop"
    assert free_name("git", Client.CURSOR, ()) == "git"
    assert free_name("git", Client.CURSOR, {"git"}) == "git-cursor"
    assert free_name("git", Client.CURSOR, {"git", "git-cursor", "git-2"}) == "git-3"
    assert len(free_name("x" * 200, Client.JETBRAINS_COPILOT, {"x" * 48})) <= 63


def test_a_place_has_one_id() -> None:
    assert entry_id("/a", ("b", "c")) != entry_id("/a", ("b/c",)) != entry_id("/a/b", ("c",))


def test_the_policies_to_begin_with_are_policies() -> None:
    for policy in (by_class(), observing(by_class())):
        parse_policy(policy)
    assert observing({"hide": ["x"], "default": "deny"}) == {"default": "deny", "mode": "shadow"}
