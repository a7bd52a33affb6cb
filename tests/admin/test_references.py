"""Which references to credentials may be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.admin.references import References

LISTED = ("env:SHOP_*", "file:/run/secrets/*")


@pytest.mark.parametrize("reference", ["env:YETT_MASTER_KEY", "env:YETT_TOKEN"])
def test_the_gateways_own_variables_are_nobodys(tmp_path: Path, reference: str) -> None:
    for operator in (True, False):
        assert References(tmp_path, ("env:*",)).refusal(reference, operator=operator) is not None


def test_the_gateways_own_files_are_nobodys_however_they_are_written(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "master.key").write_text("k")
    (tmp_path / "link").symlink_to(state / "master.key")
    for path in (state / "master.key", tmp_path / "x" / ".." / "state" / "admin.token", tmp_path / "link"):
        assert References(state, ("file:*",)).refusal(f"file:{path}", operator=True) is not None
    assert References(state).refusal(f"file:{tmp_path}/other", operator=True) is None


@pytest.mark.parametrize(
    ("reference", "allowed"),
    [
        ("env:SHOP_TOKEN", True),
        ("env:AWS_SECRET_ACCESS_KEY", False),
        ("env:SHOP", False),
        ("file:/run/secrets/shop", True),
        ("file:/run/secrets/../../etc/shadow", False),
        ("file:/etc/shadow", False),
    ],
)
def test_members_use_what_is_listed_and_operators_the_rest(tmp_path: Path, reference: str, allowed: bool) -> None:
    rule = References(tmp_path, LISTED)
    assert (rule.refusal(reference, operator=False) is None) is allowed
    assert rule.refusal(reference, operator=True) is None


def test_nothing_is_listed_by_default(tmp_path: Path) -> None:
    assert "servers.credentials" in (References(tmp_path).refusal("env:SHOP", operator=False) or "")
