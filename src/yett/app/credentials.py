"""Puts the keeper of servers' credentials on its store, its sockets and its way out."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from yett.admin.credential_feed import CredentialFeed
from yett.admin.credentials.keeper import Keeper
from yett.admin.credentials.threads import FromThreads
from yett.admin.credentials.tools import Tools
from yett.admin.desk import Desk
from yett.app.upstreams import egress_rules
from yett.egress.fetch import Egress
from yett.oauth.metadata import LOOPBACK
from yett.sealing.handover import CREDENTIALS_FILE, CREDENTIALS_SOCKET
from yett.sealing.keys import key_source
from yett.sealing.vault import Vault
from yett.settings import Settings
from yett.upstreams.credentials import Credentials


def vault_of(settings: Settings) -> Vault:
    """What seals and opens, with the master key from where the settings say."""
    return Vault(key_source(settings.secrets.master_key, settings.state_dir, os.environ))


@asynccontextmanager
async def keeping_credentials(settings: Settings, desk: Desk) -> AsyncIterator[None]:
    """Hand servers' credentials to the data planes and keep them alive while the block lasts. Errors: `OperatorFault`."""
    references, page = Credentials(), desk.environment.page
    tools = Tools(
        desk=desk,
        vault=vault_of(settings),
        egress=Egress(egress_rules(settings)),
        page=page,
        metadata_url=settings.oauth.client_metadata_url or metadata_url_at(page("/oauth/client.json")),
        resolve=lambda reference: references.resolve(reference).reveal(),
    )
    keeper = Keeper(tools, CredentialFeed(settings.state_dir / CREDENTIALS_FILE))
    async with keeper.keeping(settings.state_dir / CREDENTIALS_SOCKET):
        desk.credentials = FromThreads(keeper)
        try:
            yield
        finally:
            desk.credentials = None


def metadata_url_at(url: str) -> str | None:
    """`url`, if an authorization server elsewhere can fetch it and takes it for a client id: https, and not this very machine."""
    parts = urlsplit(url)
    return url if parts.scheme == "https" and parts.hostname not in LOOPBACK else None
