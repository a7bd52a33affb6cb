"""From a server's URL to its authorization server: RFC 9728, then RFC 8414 with OpenID Connect's places as fallbacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from yett.egress.fetch import Egress, FetchLimits, origin_of
from yett.egress.proofs import ALGORITHM
from yett.oauth.challenge import Challenge, read_challenge
from yett.oauth.errors import OAuthFault
from yett.oauth.metadata import Document, Issuer, Resource, check_address, read_issuer, read_resource, same_issuer

LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=256 * 1024)
PROBE_LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=256 * 1024)
_RESOURCE: Final = "/.well-known/oauth-protected-resource"
_OAUTH: Final = "/.well-known/oauth-authorization-server"
_OPENID: Final = "/.well-known/openid-configuration"
_NOT_THERE: Final = range(300, 500)
_PROBE: Final = (
    b'{"jsonrpc":"2.0","id":"yett","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"yett","version":"1"}}}}'
)
_PROBE_FIELDS: Final = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/list",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to know before a token is asked for."""

    resource: Resource
    issuer: Issuer
    challenge: Challenge

    @property
    def binds(self) -> bool:
        """Whether both sides take tokens that are bound to a key of ours: then no other one is asked for."""
        return (self.challenge.bound or self.resource.bound) and ALGORITHM in (self.issuer.proof_algorithms or ())


async def ask_for_challenge(egress: Egress, server_url: str) -> Challenge:
    """What the server says to a request without credential; an empty challenge where it says nothing of use.

    The request is a list of tools: some servers let a handshake pass without a credential. It does nothing, whoever answers it.
    """
    answer = await egress.fetch(server_url, method="POST", headers=_PROBE_FIELDS, body=_PROBE, limits=PROBE_LIMITS)
    return read_challenge(answer.headers.get("www-authenticate", "")) if answer.status in {401, 403} else Challenge()


async def discover(egress: Egress, server_url: str, challenge: Challenge, *, preferred: str | None = None) -> Found:
    """The resource that the server is, and its authorization server; of several the `preferred` one, else the first.

    A server without any metadata is taken as revision 2025-03-26 says: its own origin is the authorization server.
    Errors: `OAuthFault`, `UpstreamFault`.
    """
    resource = await find_resource(egress, server_url, challenge)
    if resource is None or not resource.issuers:
        origin = origin_of(server_url)
        identifier = server_url if resource is None else resource.identifier
        scopes = None if resource is None else resource.scopes
        issuer = await find_issuer(egress, preferred or origin) or _by_convention(origin)
        bound = resource is not None and resource.bound
        return Found(Resource(identifier, (issuer.identifier,), scopes, bound), issuer, challenge)
    wanted = [one for one in resource.issuers if preferred is None or same_issuer(one, preferred)]
    chosen = wanted[0] if wanted else resource.issuers[0]
    if not wanted:
        raise OAuthFault(
            f"{origin_of(server_url)} names the authorization server `{chosen}`, and `{preferred}` is set for it; the client's"
            " credentials are not sent to another one: set the right issuer"
        )
    found = await find_issuer(egress, chosen)
    if found is None:
        raise OAuthFault(f"the authorization server `{chosen}` has no metadata at any of the known places")
    return Found(resource, found, challenge)


async def find_resource(egress: Egress, server_url: str, challenge: Challenge) -> Resource | None:
    """The metadata of the server as a protected resource: where it says, else at the known places; None where there is none."""
    parts = urlsplit(server_url)
    origin = origin_of(server_url)
    if challenge.resource_metadata is not None:
        check_address(challenge.resource_metadata, "resource metadata")
        places = [challenge.resource_metadata]
    else:
        path = parts.path.rstrip("/")
        places = [f"{origin}{_RESOURCE}{path}", f"{origin}{_RESOURCE}"] if path else [f"{origin}{_RESOURCE}"]
    document = await _first(egress, places)
    return None if document is None else read_resource(document, server_url)


async def find_issuer(egress: Egress, identifier: str) -> Issuer | None:
    """An authorization server by its metadata; None where there is none at the known places."""
    document = await issuer_document(egress, identifier)
    return None if document is None else read_issuer(document, identifier)


async def issuer_document(egress: Egress, identifier: str) -> Document | None:
    """The metadata of an authorization server as it says it; None where there is none at the known places."""
    check_address(identifier, "authorization server")
    origin, path = origin_of(identifier), urlsplit(identifier).path.rstrip("/")
    if path:
        places = [f"{origin}{_OAUTH}{path}", f"{origin}{_OPENID}{path}", f"{origin}{path}{_OPENID}"]
    else:
        places = [f"{origin}{_OAUTH}", f"{origin}{_OPENID}"]
    return await _first(egress, places)


async def _first(egress: Egress, places: Sequence[str]) -> Document | None:
    """The first document that is there. Errors: `OAuthFault` where one is there and cannot be had."""
    for place in places:
        answer = await egress.fetch(place, headers={"accept": "application/json"}, limits=LIMITS)
        if answer.status == 200:
            return answer.json_object()
        if answer.status not in _NOT_THERE:
            raise OAuthFault(f"{origin_of(place)} answered with status {answer.status} where its metadata should be")
    return None


def _by_convention(origin: str) -> Issuer:
    """Where revision 2025-03-26 expects the endpoints of a server that says nothing."""
    return Issuer(
        identifier=origin,
        token_endpoint=f"{origin}/token",
        authorization_endpoint=f"{origin}/authorize",
        registration_endpoint=f"{origin}/register",
        code_challenge_methods=("S256",),
    )
