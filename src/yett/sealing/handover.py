"""A server's credential on its way to the data planes: the header fields as they are sent, sealed, with the moment when they end.

Refresh tokens and client secrets are never in it: a data plane gets what it sends, and nothing with which to get more.
"""

from __future__ import annotations

from typing import Final

import msgspec

from yett.sealing.box import Place, Unsealable
from yett.sealing.vault import Vault

CREDENTIALS_FILE: Final = "credentials.json"
CREDENTIALS_SOCKET: Final = "credentials.sock"
FIELDS_MAX: Final = 32


class Handover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sealed credential."""

    organisation: str
    server: str
    number: int
    """Grows with each new credential of the server."""
    blob: bytes


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sealed."""

    fields: dict[str, str]
    """Header fields by lower-case name."""
    expires_at_ns: int | None = None
    proof_key: str | None = None
    """PEM of the key that the token is bound to, with which each request is proved."""

    def __repr__(self) -> str:
        return f"Fields({', '.join(self.fields)})"


def hand_over(vault: Vault, organisation: str, server: str, number: int, fields: Fields) -> Handover:
    """`fields` sealed for the data planes. Errors: `OperatorFault`."""
    blob = vault.seal(_place(organisation, server, number), msgspec.json.encode(fields))
    return Handover(organisation=organisation, server=server, number=number, blob=blob)


def take_over(vault: Vault, handover: Handover) -> Fields:
    """What was handed over. Errors: `OperatorFault`."""
    place = _place(handover.organisation, handover.server, handover.number)
    try:
        return msgspec.json.decode(vault.open(place, handover.blob), type=Fields)
    except msgspec.DecodeError as error:
        raise Unsealable(f"the {place} is not what this version of Yett seals; start both planes anew") from error


def _place(organisation: str, server: str, number: int) -> Place:
    """INVARIANT: the number is bound, so that an older credential cannot be put in the place of a newer one."""
    return Place(organisation, server, f"credential {number}")
