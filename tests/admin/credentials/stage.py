"""A keeper on a real store and a real socket, before a real authorization server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.admin.service import Office, open_office
from tests.support.oauth import Browser, Provider, ResourceServer
from yett.admin.credential_feed import CredentialFeed
from yett.admin.credentials.connecting import Connector
from yett.admin.credentials.keeper import Keeper
from yett.admin.credentials.records import Opened, open_credential
from yett.admin.credentials.threads import FromThreads
from yett.admin.credentials.tools import Tools
from yett.admin.credentials.views import CredentialView, NewCredential
from yett.admin.views import NewServer
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.gateway.credential_feed import Wanted, load
from yett.sealing.handover import CREDENTIALS_FILE, Fields, take_over
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault

PAGES = "http://127.0.0.1:8701"


@dataclass
class Kept:
    """The keeper, and what stands around it."""

    office: Office
    keeper: Keeper
    connector: Connector
    directory: Path

    async def add(self, url: str, new: NewCredential, name: str = "s", **fields: Any) -> CredentialView:
        """A server with a credential."""
        service = self.office.service
        await asyncio.to_thread(service.add_server, NewServer(name=name, url=url, **fields))
        return (await asyncio.to_thread(service.set_credential, name, new)).credential

    async def view(self, name: str = "s") -> CredentialView:
        return await asyncio.to_thread(self.office.service.credential, name)

    async def connect(self, name: str = "s") -> str:
        """As a person does it; what the last page would say."""
        opened = self.opened(name)
        begun = await self.connector.connect(opened.organisation, opened.server.id, "ada")
        going = self.connector.depart(begun.ticket)
        with Browser() as browser:
            back = await asyncio.to_thread(browser.visit, going.url, until=f"{PAGES}/oauth/callback")
        answer = dict(parse_qsl(back.partition("?")[2]))
        return await self.connector.arrive(answer, going.cookie)

    def opened(self, name: str = "s") -> Opened:
        service = self.office.service
        server = service.read(lambda read: service.find_server(read, name))
        opened = service.read(lambda read: open_credential(read, server.id, self.keeper.tools.vault))
        assert opened is not None
        return opened

    def handed_over(self, name: str = "s") -> Fields | None:
        """What data planes have of a server now."""
        server = self.opened(name).server.id
        entries = {entry.server: entry for entry in load(self.directory / CREDENTIALS_FILE)}
        return take_over(self.keeper.tools.vault, entries[server]) if server in entries else None

    async def refused(self, name: str = "s", number: int = 2**62) -> str | None:
        """What a data plane is told when a server refused its credential."""
        return await self.keeper.wanted(Wanted(1, self.opened(name).server.id, number, 'Bearer error="invalid_token"'))


@asynccontextmanager
async def keeping(directory: Path, **fields: Any) -> AsyncIterator[Kept]:
    with open_office(directory) as office:
        office.service.desk.begin()
        tools = Tools(
            desk=office.service.desk,
            vault=Vault(FileKeys(directory / KEY_FILE)),
            egress=Egress(EgressRules.parse(["127.0.0.1"])),
            page=lambda path: f"{PAGES}{path}",
            metadata_url=None,
            resolve=lambda reference: (directory / reference.removeprefix("file:")).read_text(),
        )
        keeper = Keeper(tools, CredentialFeed(directory / CREDENTIALS_FILE))
        async with keeper.keeping(directory / "c"):
            office.service.desk.credentials = FromThreads(keeper)
            yield Kept(office, keeper, Connector(keeper), directory)


def machine(provider: Provider, **fields: Any) -> NewCredential:
    """The client that the provider knows, for the gateway itself."""
    known = {"kind": "client_credentials", "issuer": provider.issuer, "client_id": "machine", "client_secret": "machine-secret"}
    return NewCredential(**{**known, "scopes": ["read"], **fields})


Pair = tuple[Provider, ResourceServer]
