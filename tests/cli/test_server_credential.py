"""`yett server credential`, `yett server connect` and `yett secrets`, where no control plane runs and in what they refuse."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from yett.cli.secrets import command
from yett.cli.server_credential import KINDS


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    return terminal


def test_without_a_control_plane_a_credential_is_sealed_and_nothing_else_is_done(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.ok("server", "credential", "shop", "--json").json["kind"] == "none"
    monkeypatch.setattr("sys.stdin", io.StringIO("hidden-value\n"))
    done = shop.ok("server", "credential", "shop", "--kind", "headers", "--header", "X-Key")
    assert "counts as soon as the gateway runs" in done.err
    assert shop.ok("server", "credential", "shop", "--json").json["header_names"] == ["x-key"]
    assert not any(b"hidden-value" in path.read_bytes() for path in shop.directory.rglob("*") if path.is_file())
    assert shop.ok("secrets", "status", "--json").json["secrets"] == 1
    for words in (("server", "connect", "shop"), ("secrets", "rotate")):
        done = shop.run(*words)
        assert (done.status != 0, "yett up" in done.err) == (True, True)
    assert set(command.commands) == {"status", "rotate"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--client-id", "us"), "--kind KIND"),
        (("--kind", "magic"), "is not one of"),
        (("--kind", "headers", "--header", "X-Key"), "stdin ended"),
    ],
)
def test_what_is_missing_is_said(shop: Terminal, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    done = shop.run("server", "credential", "shop", *words)
    assert (done.status != 0, message in done.err) == (True, True)
    assert len(KINDS) == 7


def test_a_key_that_is_no_pem_is_refused_without_showing_it(shop: Terminal, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(b"hidden\xff")
    done = shop.run("server", "credential", "shop", "--kind", "client_credentials", "--private-key", key)
    assert done.status != 0
    assert "PEM" in done.err
    assert "hidden" not in done.err
    key.write_bytes(b"x" * 70_000)
    assert "longer" in shop.run("server", "credential", "shop", "--kind", "client_credentials", "--private-key", key).err
