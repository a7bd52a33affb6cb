"""How a token is shown."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal
from yett.admin.views import GrantMinted, GrantView
from yett.cli.context import CliContext
from yett.cli.grant_token import named, tell_token

VIEW = GrantView(
    id="g-1",
    label="ci",
    owner=None,
    owner_id=None,
    tags={},
    reason="",
    server="shop",
    policy="p",
    status="live",
    endpoint="http://gate/mcp/shop",
    created_at="2026-01-01T00:00:00Z",
    expires_at=None,
    rotated_at=None,
    previous_until=None,
    revoked_at=None,
    stopped_at=None,
    used_at=None,
    revealable=False,
)


def test_only_what_is_set_is_named() -> None:
    assert named(VIEW) == [("label", "ci"), ("policy", "p")]


def test_the_token_goes_to_stdout_alone(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    tell_token(CliContext(), GrantMinted(grant=VIEW, token="yett_secret", applied=True, note="a remark"))
    said = capsys.readouterr()
    assert said.out.count("yett_secret") == 3
    assert "yett_secret" not in said.err
    assert "shown this once" in said.err
    assert "note: a remark" in said.err
