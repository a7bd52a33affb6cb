"""A server's credential as the keeper works with it: what is stored, opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from yett.admin.credentials.config import Config, config_of
from yett.egress.fetch import origin_of
from yett.errors import OperatorFault
from yett.oauth.client import Client
from yett.oauth.tokens import Tokens
from yett.sealing.box import Place
from yett.sealing.handover import Fields
from yett.sealing.vault import Vault
from yett.stores.control.credentials import StoredCredential
from yett.stores.control.records import Server
from yett.stores.control.transaction import Transaction

HEADERS: Final = "headers"
CLIENT: Final = "client"
TOKENS: Final = "tokens"
SUBJECT: Final = "subject"


@dataclass(frozen=True, slots=True)
class Opened:
    """One server's credential, its secrets opened."""

    organisation: str
    server: Server
    stored: StoredCredential
    config: Config
    headers: dict[str, str] | None = field(repr=False)
    client: Client | None
    tokens: Tokens | None
    subject: str | None = field(repr=False)

    @property
    def fields(self) -> Fields | None:
        """What is sent to the server; None where there is nothing to send.

        INVARIANT: nothing for a server whose URL has come to lead elsewhere since the credential was entered.
        """
        if self.server.url is None or self.config.origin != origin_of(self.server.url):
            return None
        if self.stored.kind == HEADERS:
            return None if self.headers is None else Fields(fields=self.headers)
        if self.tokens is None:
            return None
        token = self.tokens.access_token
        value = f"{self.config.scheme} {token}" if self.config.scheme else token
        return Fields(fields={self.config.header: value}, expires_at_ns=self.tokens.expires_at_ns)


def open_credential(read: Transaction, server_id: str, vault: Vault) -> Opened | None:
    """The server's credential; None where it has no sealed one. Errors: `OperatorFault` where it does not open."""
    server, stored = read.servers.find(server_id), read.credentials.find(server_id)
    if server is None or stored is None:
        return None

    def opened(purpose: str) -> bytes | None:
        blob = read.secrets.get(server_id, purpose)
        return None if blob is None else vault.open(Place(read.organisation, server_id, purpose), blob)

    headers, client, tokens, subject = opened(HEADERS), opened(CLIENT), opened(TOKENS), opened(SUBJECT)
    try:
        return Opened(
            organisation=read.organisation,
            server=server,
            stored=stored,
            config=config_of(stored.config),
            headers=None if headers is None else msgspec.json.decode(headers, type=dict[str, str]),
            client=None if client is None else msgspec.json.decode(client, type=Client),
            tokens=None if tokens is None else msgspec.json.decode(tokens, type=Tokens),
            subject=None if subject is None else subject.decode(),
        )
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise OperatorFault(f"the credential of `{server.name}` cannot be understood; enter it again") from error


@dataclass(frozen=True, slots=True)
class Sealing:
    """Keeps secrets of one server, within one transaction."""

    write: Transaction
    vault: Vault
    server_id: str
    at_ns: int

    def keep(self, purpose: str, secret: bytes | None) -> None:
        """Seal and keep a secret, or forget it. Errors: `OperatorFault`."""
        if secret is None:
            self.write.secrets.drop(self.server_id, purpose)
        else:
            blob = self.vault.seal(Place(self.write.organisation, self.server_id, purpose), secret)
            self.write.secrets.put(self.server_id, purpose, blob, self.at_ns)
