"""A server's credential as the keeper works with it: what is stored, opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from yett.admin.credentials.config import Config, config_of
from yett.egress.fetch import origin_of
from yett.egress.proofs import SCHEME
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
IDENTITY: Final = "identity"
"""The gateway as a client of an identity provider."""
UNATTENDED: Final = frozenset({"client_credentials", "token_exchange", "jwt_bearer"})
"""Kinds whose tokens are obtained without a person."""


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
    identity: Client | None = None

    @property
    def can_prove(self) -> bool:
        """Whether requests to the server can carry a proof each: the transport of 2024 sends what it was given once."""
        return self.server.transport == "http"

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
        if self.tokens.proof_key is not None:
            bound = {
                "authorization": f"{SCHEME} {token}"
            }  # where RFC 9449 has it, whatever was set for tokens that are not bound
            return Fields(fields=bound, expires_at_ns=self.tokens.expires_at_ns, proof_key=self.tokens.proof_key)
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
    identity = opened(IDENTITY)
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
            identity=None if identity is None else msgspec.json.decode(identity, type=Client),
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
