"""Tokens that are kept, sealed, where the installation says so, for an admin to see again."""

from __future__ import annotations

from typing import Final

from yett.admin.desk import Desk
from yett.admin.errors import Conflict
from yett.sealing.box import Place
from yett.sealing.vault import Vault
from yett.stores.control.grants import PURPOSE
from yett.stores.control.transaction import Transaction

NOT_KEPT: Final = "set `reveal = true` under `[grants]` in the configuration file to keep those of new grants, or rotate it"


def token_vault(desk: Desk) -> Vault | None:
    """What seals tokens; None where this installation keeps none. Not to be called within a transaction.

    Errors: `OperatorFault` where the key is missing or another one: nothing is minted then that could not be kept.
    """
    environment = desk.environment
    if not environment.reveal:
        return None
    if desk.credentials is not None:
        return desk.credentials.vault
    vault = environment.vault
    assert vault is not None, "an installation that keeps tokens has a vault"
    vault.prepare(desk.sealed_secrets())
    return vault


def keep_token(write: Transaction, vault: Vault | None, grant_id: str, token: str, at_ns: int) -> None:
    """Keep the grant's token in place of the one before, or forget that where none are kept."""
    if vault is None:
        write.secrets.drop(grant_id, PURPOSE)
        return
    sealed = vault.seal(Place(write.organisation, grant_id, PURPOSE), token.encode())
    write.secrets.put(grant_id, PURPOSE, sealed, at_ns)


def kept_token(read: Transaction, vault: Vault | None, grant_id: str) -> str:
    """The token again. Errors: `Conflict` where it was not kept; `OperatorFault` where it does not open."""
    if vault is None:
        raise Conflict(f"this installation keeps no tokens, so none can be shown again; {NOT_KEPT}")
    sealed = read.secrets.get(grant_id, PURPOSE)
    if sealed is None:
        raise Conflict(f"the token of the grant `{grant_id}` was made while tokens were not kept; rotate it for one that is")
    return vault.open(Place(read.organisation, grant_id, PURPOSE), sealed).decode()
