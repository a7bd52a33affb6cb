"""What a protected resource (RFC 9728) and an authorization server (RFC 8414) say of themselves, checked. Pure.

Every URL in them comes from outside: it must be https, or http on this very machine, before anybody is sent there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from yett.egress.fetch import EgressRefused, origin_of, target_of
from yett.egress.proofs import ALGORITHM
from yett.oauth.errors import OAuthFault
from yett.protocol.strict_json import JsonValue

LIST_MAX: Final = 256
"""Scopes, methods and servers in one list."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Document = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Resource:
    """A protected resource: what a token is asked for."""

    identifier: str
    """Exactly as published: it goes into requests as `resource` (RFC 8707)."""
    issuers: tuple[str, ...]
    scopes: tuple[str, ...] | None
    bound: bool = False
    """Whether it takes tokens that are bound to a key (RFC 9449)."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authorization server."""

    identifier: str
    """Exactly as published; credentials and answers are bound to it."""
    token_endpoint: str
    authorization_endpoint: str | None = None
    registration_endpoint: str | None = None
    scopes: tuple[str, ...] | None = None
    token_methods: tuple[str, ...] | None = None
    """How clients authenticate at the token endpoint; None where it does not say."""
    signing_algorithms: tuple[str, ...] | None = None
    code_challenge_methods: tuple[str, ...] | None = None
    names_itself: bool = False
    """Whether every authorization answer holds `iss` (RFC 9207)."""
    takes_client_metadata: bool = False
    """Whether a client may be named by the URL of its metadata document."""
    proof_algorithms: tuple[str, ...] | None = None
    """What proofs for bound tokens may be signed with; None where it binds none."""


def read_resource(document: Document, server_url: str) -> Resource:
    """The metadata of the resource that `server_url` is. Errors: `OAuthFault` where it is another one's."""
    identifier = _text(document, "resource")
    if identifier is None or not covers(identifier, server_url):
        shown = "nothing" if identifier is None else f"`{identifier}`"
        raise OAuthFault(
            f"the resource metadata of {origin_of(server_url)} is for {shown}, not for this server; a token for it could be"
            " meant for another one, so none is asked for"
        )
    issuers = _texts(document, "authorization_servers") or ()
    for issuer in issuers:
        check_address(issuer, "authorization server")
    proofs = _texts(document, "dpop_signing_alg_values_supported") or ()
    bound = document.get("dpop_bound_access_tokens_required") is True or ALGORITHM in proofs
    return Resource(identifier, issuers, _texts(document, "scopes_supported"), bound)


def covers(identifier: str, server_url: str) -> bool:
    """Whether a resource of this identifier includes the server: the same origin, and its path or one above it."""
    try:
        one, other = target_of(identifier), target_of(server_url)
    except EgressRefused:
        return False
    if (one.scheme, one.host, one.port) != (other.scheme, other.host, other.port) or urlsplit(identifier).query:
        return False
    above, path = urlsplit(identifier).path.rstrip("/"), urlsplit(server_url).path.rstrip("/")
    return path == above or path.startswith(f"{above}/")


def read_issuer(document: Document, expected: str) -> Issuer:
    """The metadata of the authorization server `expected`. Errors: `OAuthFault`."""
    identifier = _text(document, "issuer")
    if identifier is None or not same_issuer(identifier, expected):
        raise OAuthFault(
            f"the metadata found for the authorization server `{expected}` says that it is `{identifier}`; it is not used"
        )
    endpoints = {
        name: _endpoint(document, name) for name in ("token_endpoint", "authorization_endpoint", "registration_endpoint")
    }
    token_endpoint = endpoints["token_endpoint"]
    if token_endpoint is None:
        raise OAuthFault(f"the authorization server `{expected}` names no token endpoint")
    return Issuer(
        identifier=identifier,
        token_endpoint=token_endpoint,
        authorization_endpoint=endpoints["authorization_endpoint"],
        registration_endpoint=endpoints["registration_endpoint"],
        scopes=_texts(document, "scopes_supported"),
        token_methods=_texts(document, "token_endpoint_auth_methods_supported"),
        signing_algorithms=_texts(document, "token_endpoint_auth_signing_alg_values_supported"),
        code_challenge_methods=_texts(document, "code_challenge_methods_supported"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        takes_client_metadata=document.get("client_id_metadata_document_supported") is True,
        proof_algorithms=_texts(document, "dpop_signing_alg_values_supported"),
    )


def same_issuer(one: str, other: str) -> bool:
    """Whether two identifiers are one authorization server's: equal as text, as RFC 8414 section 3.3 says.

    An origin with and without its slash is the same URL, and many servers write the slash only in one of the two documents.
    """
    shorter, longer = sorted((one, other), key=len)
    return one == other or (longer == f"{shorter}/" and origin_of(shorter) == shorter)


def check_address(url: str, what: str) -> str:
    """`url`, if a person or a request may be sent there. Errors: `OAuthFault`."""
    try:
        target = target_of(url)
    except EgressRefused as error:
        raise OAuthFault(f"the {what} cannot be used: {error}") from error
    if target.scheme != "https" and target.host not in LOOPBACK:
        raise OAuthFault(f"the {what} `{origin_of(url)}` is not https, so nothing is sent there")
    return url


def _endpoint(document: Document, name: str) -> str | None:
    url = _text(document, name)
    return None if url is None else check_address(url, name.replace("_", " "))


def _text(document: Document, name: str) -> str | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value or not value.isprintable():
        raise OAuthFault(f"the metadata's `{name}` is no text")
    return value


def _texts(document: Document, name: str) -> tuple[str, ...] | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > LIST_MAX:
        raise OAuthFault(f"the metadata's `{name}` is no short list")
    texts = [item for item in value if isinstance(item, str) and item and item.isprintable()]
    if len(texts) != len(value):
        raise OAuthFault(f"the metadata's `{name}` holds something that is no text")
    return tuple(dict.fromkeys(texts))
