"""Programs whose secrets are sealed: taken apart when they are put on the host's list, put together when they are started."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from yett.sealing.host_file import HostSecrets
from yett.sealing.keys import key_source
from yett.sealing.vault import Vault
from yett.settings import Settings
from yett.stores.commands import SEALED, Command

ENCODING: Final = "utf-8"


def vault_here(settings: Settings) -> Vault:
    """What seals and opens, with the master key from where the settings say."""
    return Vault(key_source(settings.secrets.master_key, settings.state_dir, os.environ))


def taken_apart(
    argv: Sequence[str], secret_words: Collection[int], env: Mapping[str, str], cwd: str | None
) -> tuple[Command, dict[str, bytes]]:
    """A program as it stands in the host's list, and what is sealed of it: all variables, and these words of `argv`."""
    secrets = {_word(at): argv[at].encode(ENCODING, "surrogateescape") for at in secret_words}
    secrets |= {_variable(name): value.encode(ENCODING, "surrogateescape") for name, value in env.items()}
    words = tuple(SEALED if at in secret_words else word for at, word in enumerate(argv))
    return Command(argv=words, env=dict.fromkeys(env, SEALED), cwd=cwd), secrets


def unsealed(
    settings: Settings, name: str, command: Command, resolve: Callable[[str], str] = str
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The words and the variables of the listed program `name`; `resolve` makes of other variables what they refer to.

    Errors: `OperatorFault` where something does not open.
    """
    secrets, vault = HostSecrets(settings.state_dir), vault_here(settings)

    def opened(purpose: str) -> str:
        return secrets.open(vault, name, purpose).decode(ENCODING, "surrogateescape")

    argv = tuple(opened(_word(at)) if word == SEALED else word for at, word in enumerate(command.argv))
    return argv, {key: opened(_variable(key)) if text == SEALED else resolve(text) for key, text in command.env.items()}


def sealed_words(command: Command) -> frozenset[int]:
    """Which words of a listed program are sealed."""
    return frozenset(at for at, word in enumerate(command.argv) if word == SEALED)


def _word(at: int) -> str:
    return f"argument {at}"


def _variable(name: str) -> str:
    return f"variable {name}"
