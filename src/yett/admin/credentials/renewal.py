"""One renewal of one server's token: what to ask of which authorization server, and what its answer means."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import msgspec

from yett.admin.credentials.config import Config
from yett.admin.credentials.records import Opened
from yett.admin.credentials.tools import Tools
from yett.egress.proofs import ProofKey
from yett.errors import UpstreamFault
from yett.oauth.authorization import choose_scopes
from yett.oauth.challenge import Challenge, read_challenge
from yett.oauth.discovery import Found, ask_for_challenge, discover, find_issuer, find_resource
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import Issuer, same_issuer
from yett.oauth.tokens import Ask, Subject, Tokens, by_assertion, by_client_credentials, by_exchange, refresh

UNCONNECTED: Final = "unconnected"
FAILING: Final = "failing"
READY: Final = "ready"


@dataclass(frozen=True, slots=True)
class Renewed:
    """How it went: new tokens, or why there are none."""

    config: Config
    state: str
    tokens: Tokens | None = None
    problem: str | None = None


async def renew(tools: Tools, opened: Opened, challenge: str | None, *, again: bool = False) -> Renewed:
    """New tokens for a server that refused the present ones with `challenge`, or whose present ones end (None).

    `again`: whether it refused the ones before too, a moment ago. Never raises for what the other side does.
    """
    config = opened.config if not challenge else msgspec.structs.replace(opened.config, challenge=challenge)
    if opened.stored.kind == "headers":
        return Renewed(config, FAILING, problem="the server refuses the credential; enter a good one")
    said = read_challenge(challenge or "")
    if challenge is not None:
        known = _scope_problem(opened, config, said)
        if known is not None:
            return known
    try:
        if challenge is not None:
            await _check_refusal(tools, opened, said, again=again)
        if opened.stored.kind == "authorization_code":
            return await _refreshed(tools, opened, config)
        return await _obtained(tools, opened, config, said)
    except Refused as refusal:
        if opened.stored.kind == "authorization_code" and refusal.needs_person:
            return Renewed(config, UNCONNECTED, problem=f"{refusal}; connect the server again")
        return Renewed(config, _state(opened), problem=str(refusal))
    except UpstreamFault as fault:
        return Renewed(config, _state(opened), problem=str(fault))


def _scope_problem(opened: Opened, config: Config, said: Challenge) -> Renewed | None:
    """The answer to a refusal for want of scope that no new token without a person would mend."""
    tokens = opened.tokens
    if tokens is None or said.error != "insufficient_scope" or said.scopes is None:
        return None
    missing = [scope for scope in said.scopes if scope not in tokens.scopes]
    if not missing:
        return Renewed(config, READY, problem="the server asks for scopes that its token has; ask its operator")
    if opened.stored.kind == "authorization_code":
        more = f"the server asks for more: {' '.join(missing)}; connect it again to allow that"
        return Renewed(config, READY, problem=more)
    return None


async def _refreshed(tools: Tools, opened: Opened, config: Config) -> Renewed:
    tokens, issuer, client = opened.tokens, config.server, opened.client
    if tokens is None or issuer is None or client is None:
        return Renewed(config, UNCONNECTED, problem="nobody has connected the server yet")
    key = None if tokens.proof_key is None else ProofKey(tokens.proof_key)
    ask = Ask(issuer, client, tokens.resource, tokens.scopes, tools.now_ns(), key)
    return Renewed(config, READY, tokens=await refresh(tools.egress, ask, tokens))


async def _check_refusal(tools: Tools, opened: Opened, said: Challenge, *, again: bool) -> None:
    """Errors: `Refused` where the server belongs to another authorization server by now, or refuses one token after the other."""
    tokens = opened.tokens
    if tokens is None:
        return
    resource = await find_resource(tools.egress, opened.server.url or "", said)
    if resource is not None and resource.issuers and not any(same_issuer(tokens.issuer, one) for one in resource.issuers):
        raise Refused(f"the server has moved from `{tokens.issuer}` to `{resource.issuers[0]}`", "invalid_grant")
    if again and said.error != "insufficient_scope":
        raise Refused("the server refuses a token that was just obtained; ask its operator", "refused_again")


async def _obtained(tools: Tools, opened: Opened, config: Config, said: Challenge) -> Renewed:
    """Tokens that need no person."""
    url, client = opened.server.url or "", opened.client
    if client is None:
        return Renewed(config, FAILING, problem="the client's secret is missing; enter the credential again")
    challenge = said if said != Challenge() else await ask_for_challenge(tools.egress, url)
    found = await discover(tools.egress, url, challenge, preferred=config.issuer)
    held = config.asked if opened.tokens is not None and opened.tokens.issuer == found.issuer.identifier else ()
    scopes = tuple(scope for scope in choose_scopes(found, config.scopes, held=held) if scope != "offline_access")
    key = await asyncio.to_thread(ProofKey.new) if found.binds and opened.can_prove else None
    ask = Ask(found.issuer, client, found.resource.identifier, scopes, tools.now_ns(), key)
    if opened.stored.kind == "token_exchange":
        subject = Subject(await _subject(tools, opened), config.subject_type, config.audience, config.requested_type)
        tokens = await by_exchange(tools.egress, ask, subject)
    elif opened.stored.kind == "jwt_bearer":
        tokens = await by_assertion(tools.egress, ask, await _assertion(tools, opened, found, scopes))
    else:
        tokens = await by_client_credentials(tools.egress, ask)
    return Renewed(_with(config, found.issuer, found.resource.identifier, scopes), READY, tokens=tokens)


async def _assertion(tools: Tools, opened: Opened, found: Found, scopes: tuple[str, ...]) -> str:
    """What the authorization server takes for a token: the subject token itself, or what the identity provider gives for it."""
    subject, config, identity = await _subject(tools, opened), opened.config, opened.identity
    if config.identity_provider is None:
        return subject
    provider = await find_issuer(tools.egress, config.identity_provider)
    if provider is None or identity is None:
        raise OAuthFault(f"the identity provider `{config.identity_provider}` has no metadata at any of the known places")
    ask = Ask(provider, identity, found.resource.identifier, scopes, tools.now_ns())
    wanted = Subject(subject, config.subject_type, config.audience or found.issuer.identifier, config.requested_type)
    return (await by_exchange(tools.egress, ask, wanted)).access_token


async def _subject(tools: Tools, opened: Opened) -> str:
    reference = opened.config.subject_reference
    if reference is None:
        return opened.subject or ""
    return (await asyncio.to_thread(tools.resolve, reference)).strip()


def _with(config: Config, issuer: Issuer, resource: str, scopes: tuple[str, ...]) -> Config:
    return msgspec.structs.replace(config, server=issuer, resource=resource, asked=scopes, challenge="")


def _state(opened: Opened) -> str:
    """What a fault leaves: tokens that may still be good, or nothing."""
    return FAILING if opened.tokens is None else READY
