"""Programs whose secrets are sealed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.clock import ManualClock
from yett.app.host_secrets import sealed_words, taken_apart, unsealed, vault_here
from yett.app.upstreams import NoUpstream, Upstreams
from yett.gateway.snapshot import ServerEntry
from yett.ports import Outbound
from yett.sealing.box import Unsealable
from yett.sealing.host_file import SEALED_FILE, HostSecrets
from yett.settings import Settings
from yett.stores.commands import Command, add_command
from yett.upstreams.credentials import Credentials

ARGV = ("tool", "--key", "k-hidden", "plain")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(config_path=None, state_dir=tmp_path)
    vault_here(settings).prepare([])
    return settings


def test_what_is_taken_apart_is_put_together_again(settings: Settings) -> None:
    command, secrets = taken_apart(ARGV, {2}, {"TOKEN": "t-hidden", "ODD": "\udcff"}, "/srv")
    assert "hidden" not in str(command)
    assert sealed_words(command) == {2}
    HostSecrets(settings.state_dir).replace(vault_here(settings), "tool", secrets)
    assert unsealed(settings, "tool", command) == (ARGV, {"TOKEN": "t-hidden", "ODD": "\udcff"})
    with pytest.raises(Unsealable, match="there is no"):
        unsealed(settings, "other", command)


def test_a_sealed_value_is_no_reference_whatever_it_looks_like(settings: Settings) -> None:
    command, secrets = taken_apart(("tool",), (), {"A": "env:HOME"}, None)
    HostSecrets(settings.state_dir).replace(vault_here(settings), "tool", secrets)
    whole = Command(argv=("tool",), env={**command.env, "B": "env:HOME"})
    assert unsealed(settings, "tool", whole, lambda text: f"resolved {text}")[1] == {"A": "env:HOME", "B": "resolved env:HOME"}


@pytest.mark.anyio
async def test_the_program_gets_its_secrets_and_nobody_sees_them_in_its_last_words(settings: Settings) -> None:
    code = "import os, sys; sys.exit('bad key ' + sys.argv[1] + ' and ' + os.environ['TOKEN'])"
    command, secrets = taken_apart((sys.executable, "-c", code, "k-hidden-word"), {3}, {"TOKEN": "t-hidden-value"}, None)
    HostSecrets(settings.state_dir).replace(vault_here(settings), "tool", secrets)
    add_command(settings.state_dir, "tool", command)
    upstreams = Upstreams(settings, ManualClock(), Credentials(), lambda *_: None, lambda _: None)
    way = upstreams.of(ServerEntry(organisation="o", id="1", name="tool", command="tool"))
    with pytest.raises(Exception, match=r"bad key \*\*\* and \*\*\*"):
        await way.exchange(Outbound(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', "ping", b"1", modern=False))
    await upstreams.aclose()


@pytest.mark.anyio
async def test_a_program_whose_secrets_do_not_open_is_not_started(settings: Settings) -> None:
    add_command(settings.state_dir, "tool", taken_apart(("true",), (), {"TOKEN": "x"}, None)[0])
    upstreams = Upstreams(settings, ManualClock(), Credentials(), lambda *_: None, lambda _: None)
    assert isinstance(upstreams.of(ServerEntry(organisation="o", id="1", name="tool", command="tool")), NoUpstream)
    assert not (settings.state_dir / SEALED_FILE).exists()
