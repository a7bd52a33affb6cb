"""Identity providers (OpenID Connect): authorization code with PKCE, asked through the guard of outgoing requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from yett.admin.errors import NotFound, Unauthorised
from yett.admin.people.id_tokens import Expected, believe, key_id
from yett.admin.people.rules import Provider
from yett.admin.people.ways_in import Vouched
from yett.egress.fetch import Egress, Fetched, FetchLimits
from yett.errors import UpstreamFault
from yett.ports import Clock

KEPT_S: Final = 3600.0
"""How long metadata and keys are kept."""
AGAIN_S: Final = 60.0
"""How soon keys are asked for again when one is missing: a token that names a made-up key must not make us ask each time."""
LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=256 * 1024)
CODE_MAX: Final = 4_096

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One round trip: what only this browser and this provider know."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    at_s: float


class Providers:
    """All that are configured. On one event loop."""

    def __init__(self, configured: Mapping[str, Provider], egress: Egress, clock: Clock) -> None:
        self._configured = configured
        self._egress = egress
        self._clock = clock
        self._metadata: dict[str, _Kept[Mapping[str, Any]]] = {}
        self._keys: dict[str, _Kept[list[Mapping[str, Any]]]] = {}

    def find(self, name: str) -> Provider:
        """Errors: `NotFound`."""
        provider = self._configured.get(name)
        if provider is None:
            raise NotFound(f"there is no identity provider `{name}`")
        return provider

    async def address(self, name: str, trip: Trip) -> str:
        """Where the browser is sent. Errors: `NotFound`; `UpstreamFault` where the provider cannot be asked or makes no sense."""
        provider = self.find(name)
        endpoint = _endpoint(await self._described(provider), "authorization_endpoint")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": trip.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def vouched(self, name: str, code: str, issuer: str | None, trip: Trip) -> Vouched:
        """Whom the provider vouches for, in exchange for `code`. `issuer` is what the answer said of itself (RFC 9207).

        Errors: `Unauthorised` for what does not hold; `UpstreamFault`.
        """
        provider = self.find(name)
        described = await self._described(provider)
        if issuer is None and described.get("authorization_response_iss_parameter_supported") is True:
            raise Unauthorised("the answer does not say which provider it is from")
        if issuer is not None and issuer != provider.issuer:
            raise Unauthorised("the answer is from another provider")
        if not 0 < len(code) <= CODE_MAX:
            raise Unauthorised("the provider gave no code")
        answer = await self._exchange(provider, described, code, trip)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise UpstreamFault(f"`{provider.issuer}` gave no id token; is `openid` among the scopes?")
        claims = await self._believed(provider, described, token, trip.nonce)
        if "email" not in claims and isinstance(answer.get("access_token"), str):
            claims |= await self._asked_for_more(described, answer["access_token"], claims["sub"])
        return _vouched(provider, claims)

    async def _exchange(self, provider: Provider, described: Mapping[str, Any], code: str, trip: Trip) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": trip.redirect_uri,
            "code_verifier": trip.verifier,
        }
        fields = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        secret = provider.client_secret() if provider.client_secret is not None else None
        methods = described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret is None:
            form["client_id"] = provider.client_id
        elif "client_secret_basic" in methods:
            # Both parts are form-encoded first: RFC 6749, section 2.3.1.
            both = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}".encode()
            fields["authorization"] = f"Basic {base64.b64encode(both).decode()}"
        else:
            form |= {"client_id": provider.client_id, "client_secret": secret}
        endpoint = _endpoint(described, "token_endpoint")
        answer = await self._egress.fetch(endpoint, method="POST", headers=fields, body=urlencode(form).encode(), limits=LIMITS)
        if answer.status in {400, 401, 403}:
            raise Unauthorised("the provider did not take its own code; try again")
        return _document(answer)

    async def _believed(self, provider: Provider, described: Mapping[str, Any], token: str, nonce: str) -> dict[str, Any]:
        expected = Expected(
            issuer=provider.issuer, client_id=provider.client_id, nonce=nonce, now_s=self._clock.now_ns() / 1_000_000_000
        )
        return believe(token, await self._keys_for(provider, described, key_id(token)), expected)

    async def _described(self, provider: Provider) -> Mapping[str, Any]:
        """The provider's metadata, which must be its own."""
        kept = self._metadata.get(provider.name)
        if kept is not None and self._clock.monotonic() - kept.at_s < KEPT_S:
            return kept.value
        place = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        document = _document(await self._egress.fetch(place, headers={"accept": "application/json"}, limits=LIMITS))
        if document.get("issuer") != provider.issuer:
            raise UpstreamFault(f"`{place}` describes another issuer than `{provider.issuer}`; correct `issuer` in the settings")
        self._metadata[provider.name] = _Kept(document, self._clock.monotonic())
        return document

    async def _keys_for(self, provider: Provider, described: Mapping[str, Any], name: str | None) -> list[Mapping[str, Any]]:
        """The provider's keys; asked for again if the one that is named is not among them."""
        kept, now_s = self._keys.get(provider.name), self._clock.monotonic()
        if kept is not None:
            fresh = now_s - kept.at_s < KEPT_S
            known = name is None or any(key.get("kid") == name for key in kept.value)
            if fresh and (known or now_s - kept.at_s < AGAIN_S):
                return kept.value
        document = _document(await self._egress.fetch(_endpoint(described, "jwks_uri"), limits=LIMITS))
        found = document.get("keys")
        keys: list[Mapping[str, Any]] = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
        self._keys[provider.name] = _Kept(keys, now_s)
        return keys

    async def _asked_for_more(self, described: Mapping[str, Any], token: str, subject: str) -> dict[str, Any]:
        """What the provider says of the same person elsewhere: some put no address into the ID token."""
        if not isinstance(described.get("userinfo_endpoint"), str):
            return {}
        fields = {"authorization": f"Bearer {token}", "accept": "application/json"}
        document = _document(await self._egress.fetch(_endpoint(described, "userinfo_endpoint"), headers=fields, limits=LIMITS))
        if document.get("sub") != subject:
            raise Unauthorised("the provider speaks of two different people")
        return {name: document[name] for name in ("email", "email_verified", "name") if name in document}


def _vouched(provider: Provider, claims: Mapping[str, Any]) -> Vouched:
    email, name = claims.get("email"), claims.get("name")
    address = email.strip().lower() if isinstance(email, str) and email.strip() else None
    said = claims.get("email_verified") in (True, "true")
    if address is not None and provider.domains and address.rpartition("@")[2] not in provider.domains:
        raise Unauthorised("addresses of this domain may not come in this way")
    shown = name if isinstance(name, str) and name.isprintable() else ""
    return Vouched(provider.issuer, claims["sub"], address, address is not None and (said or provider.trust_email), shown)


def _endpoint(described: Mapping[str, Any], name: str) -> str:
    found = described.get(name)
    if not isinstance(found, str) or not found.startswith(("https://", "http://")):
        raise UpstreamFault(f"the provider's metadata has no `{name}`")
    return found


def _document(answer: Fetched) -> dict[str, Any]:
    if answer.status != 200:
        raise UpstreamFault(f"`{answer.url.partition('?')[0]}` answered {answer.status}")
    return dict(answer.json_object())
