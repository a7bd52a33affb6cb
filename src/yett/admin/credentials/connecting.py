"""Connecting a server with a person's consent: the authorization code flow, from the ticket to the tokens.

A ticket opens a page of ours, once, and binds the browser that opens it; the page names server, organisation and who began it
before the person goes on. Only that browser can come back, once and in time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from yett.admin.credentials.config import stored
from yett.admin.credentials.keeper import Keeper
from yett.admin.credentials.port import Begun, Departure
from yett.admin.credentials.records import CLIENT, TOKENS, Opened, Sealing, open_credential
from yett.admin.credentials.renewal import READY
from yett.admin.errors import Conflict, NotFound
from yett.egress.proofs import ProofKey
from yett.oauth.authorization import Flow, begin, choose_scopes, code_of
from yett.oauth.challenge import Challenge, read_challenge
from yett.oauth.client import Client, obtain_client
from yett.oauth.discovery import Found, ask_for_challenge, discover
from yett.oauth.errors import OAuthFault
from yett.oauth.metadata import Issuer
from yett.oauth.tokens import NS, Ask, Tokens, redeem_code
from yett.sealing.box import Place
from yett.stores.control.credentials import ConnectFlow
from yett.stores.control.records import Change
from yett.stores.control.transaction import Transaction, Whole

FLOW_S: Final = 600
"""How long a person may take."""
_GONE: Final = "this connection is over, was used, or was begun in another browser; begin it again"


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed while a person is on their way."""

    flow: Flow
    client: Client
    issuer: Issuer
    cookie: str
    actor: str
    key: str | None = None
    """PEM of the key that the tokens are to be bound to."""
    changed_at_ns: int
    """Which credential it is for: another one may be entered meanwhile."""


class Connector:
    """One for a control plane, on its loop."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._tools = keeper.tools

    async def connect(self, organisation: str, server_id: str, actor: str) -> Begun:
        """Find the authorization server, be a client of it, and make a ticket. Errors: `UpstreamFault`, `OperatorFault`."""
        opened = await asyncio.to_thread(self._open, organisation, server_id)
        found = await self._found(opened)
        client = await self._client(opened, found)
        same = opened.tokens is None or opened.tokens.issuer == found.issuer.identifier
        scopes = choose_scopes(found, opened.config.scopes, held=opened.config.asked if same else ())
        key = ProofKey.new() if found.binds and opened.can_prove else None
        thumbprint = None if key is None else key.thumbprint
        kept = _Kept(
            flow=begin(found, client, self._tools.identity().redirect_uri, scopes, thumbprint=thumbprint),
            client=client,
            issuer=found.issuer,
            cookie=secrets.token_urlsafe(32),
            actor=actor,
            key=None if key is None else key.pem,
            changed_at_ns=opened.stored.changed_at_ns,
        )
        ticket, expires_at_ns = secrets.token_urlsafe(32), self._tools.now_ns() + FLOW_S * NS

        def keep(whole: Whole) -> None:
            write = whole.of(organisation)
            write.connect_flows.drop(server_id)
            self._add(write, server_id, ticket, kept, expires_at_ns)

        await asyncio.to_thread(self._tools.desk.write, keep)
        return Begun(ticket, found.issuer.identifier, expires_at_ns)

    def depart(self, ticket: str) -> Departure:
        """What the holder of a ticket is shown; the ticket is used. From any thread. Errors: `OAuthFault`."""

        def swap(whole: Whole) -> Departure:
            organisation, flow, kept = self._take(whole, ticket)
            write = whole.of(organisation)
            server = write.servers.find(flow.server_id)
            if server is None:
                raise OAuthFault(_GONE)
            self._add(write, flow.server_id, kept.flow.state, kept, flow.expires_at_ns)
            return Departure(
                server=server.name,
                organisation=whole.organisation(organisation).name,
                actor=kept.actor,
                issuer=kept.flow.issuer,
                scopes=kept.flow.scopes,
                url=kept.flow.url,
                cookie=kept.cookie,
            )

        return self._tools.desk.write(swap)

    async def arrive(self, answer: Mapping[str, str], cookie: str) -> str:
        """Redeem the code that a person brings back; the server's name. Errors: `UpstreamFault`, `OperatorFault`."""
        take = lambda whole: self._take(whole, answer.get("state", ""))  # noqa: E731 - one expression, for another thread
        organisation, row, kept = await asyncio.to_thread(self._tools.desk.write, take)
        if not hmac.compare_digest(kept.cookie.encode(), cookie.encode()):
            raise OAuthFault(_GONE)
        code = code_of(kept.flow, answer)
        key = None if kept.key is None else ProofKey(kept.key)
        ask = Ask(kept.issuer, kept.client, kept.flow.resource, kept.flow.scopes, self._tools.now_ns(), key)
        tokens = await redeem_code(self._tools.egress, ask, code, kept.flow.verifier, kept.flow.redirect_uri)
        await asyncio.to_thread(
            self._tools.desk.change, organisation, lambda write: self._finish(write, row.server_id, kept, tokens)
        )
        await self._keeper.changed(organisation, row.server_id)
        opened = await asyncio.to_thread(self._open, organisation, row.server_id)
        return opened.server.name

    def _finish(self, write: Transaction, server_id: str, kept: _Kept, tokens: Tokens) -> None:
        opened = open_credential(write, server_id, self._tools.vault)
        if opened is None or opened.stored.changed_at_ns != kept.changed_at_ns:
            raise OAuthFault("another credential was entered meanwhile; begin again")
        sealing = Sealing(write, self._tools.vault, server_id, self._tools.now_ns())
        sealing.keep(CLIENT, msgspec.json.encode(kept.client))
        sealing.keep(TOKENS, msgspec.json.encode(tokens))
        config = msgspec.structs.replace(
            opened.config,
            client_id=kept.client.id,
            asked=kept.flow.scopes,
            resource=kept.flow.resource,
            server=kept.issuer,
            challenge="",
        )
        ready = replace(opened.stored, state=READY, problem=None, config=stored(config), expires_at_ns=tokens.expires_at_ns)
        write.credentials.put(ready)
        write.log.add(
            Change(
                at_ns=self._tools.now_ns(),
                actor=kept.actor,
                action="credential.connected",
                subject=server_id,
                name=opened.server.name,
                detail={"issuer": kept.flow.issuer},
            )
        )

    async def _found(self, opened: Opened) -> Found:
        url = opened.server.url or ""
        said = read_challenge(opened.config.challenge)
        challenge = said if said != Challenge() else await ask_for_challenge(self._tools.egress, url)
        return await discover(self._tools.egress, url, challenge, preferred=opened.config.issuer)

    async def _client(self, opened: Opened, found: Found) -> Client:
        """The client that the operator set, the one that is known there already, or a new one."""
        known, identity = opened.client, self._tools.identity()
        if opened.config.own_client:
            if known is None:
                raise Conflict("the client's secret is missing; enter the credential again")
            return known
        if known is not None and known.issuer == found.issuer.identifier and known.redirect_uri == identity.redirect_uri:
            return known
        return await obtain_client(self._tools.egress, found.issuer, identity, opened.config.scopes)

    def _open(self, organisation: str, server_id: str) -> Opened:
        opened = self._tools.desk.read(organisation, lambda read: open_credential(read, server_id, self._tools.vault))
        if opened is None:
            raise NotFound("the server has no credential that could be connected; set one of kind `authorization_code`")
        if opened.stored.kind != "authorization_code":
            raise Conflict(
                f"the credential of `{opened.server.name}` is of kind `{opened.stored.kind}`: nobody has to connect it"
            )
        return opened

    def _add(self, write: Transaction, server_id: str, bearer: str, kept: _Kept, expires_at_ns: int) -> None:
        """Remember a round trip under the digest of what is carried."""
        digest = _digest(bearer)
        sealed = self._tools.vault.seal(_place(write.organisation, server_id, digest), msgspec.json.encode(kept))
        write.connect_flows.add(
            ConnectFlow(
                digest=digest,
                server_id=server_id,
                sealed=sealed,
                created_at_ns=self._tools.now_ns(),
                expires_at_ns=expires_at_ns,
            )
        )

    def _take(self, whole: Whole, bearer: str) -> tuple[str, ConnectFlow, _Kept]:
        """The round trip of what somebody brings, which is over now. Errors: `OAuthFault`."""
        now_ns = self._tools.now_ns()
        taken = whole.sealed.take_flow(_digest(bearer), now_ns)
        if taken is None or taken[1].expires_at_ns <= now_ns:
            raise OAuthFault(_GONE)
        organisation, flow = taken
        content = self._tools.vault.open(_place(organisation, flow.server_id, flow.digest), flow.sealed)
        return organisation, flow, msgspec.json.decode(content, type=_Kept)


def _digest(bearer: str) -> str:
    return hashlib.sha256(bearer.encode("utf-8", "replace")).hexdigest()


def _place(organisation: str, server_id: str, digest: str) -> Place:
    return Place(organisation, server_id, f"connect {digest}")
