"""Tokens that are kept: shown again by the running gateway, also after its master key was rotated, and found in no file."""

from __future__ import annotations

from pathlib import Path

from tests.support.real_gateway import running_gateway

CONFIGURATION = '[grants]\nreveal = true\n[egress]\nallow = ["127.0.0.1"]\n'


def test_a_token_is_shown_again_after_the_master_key_was_rotated_and_the_gateway_started_anew(tmp_path: Path) -> None:
    with running_gateway(tmp_path, configuration=CONFIGURATION) as gateway:
        gateway.yett("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
        minted = gateway.yett("grant", "mint", "--server", "shop", "--label", "ci")
        assert gateway.yett("grant", "reveal", "ci")["token"] == minted["token"]
        assert gateway.yett("secrets", "rotate")["resealed"] == 1
        assert gateway.yett("grant", "reveal", "ci")["token"] == minted["token"]
        rotated = gateway.yett("grant", "rotate", "ci")
    with running_gateway(tmp_path, configuration=CONFIGURATION) as gateway:
        assert gateway.yett("grant", "reveal", "ci")["token"] == rotated["token"]
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            assert rotated["token"].encode() not in path.read_bytes()
    assert rotated["token"].encode() not in (tmp_path / "up.log").read_bytes()
