"""What is not secret of how a server's credential is come by, kept beside it as JSON; and the form of what people enter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from yett.admin.checks import check_credential, check_header
from yett.admin.credentials.views import NewCredential
from yett.admin.errors import Invalid
from yett.oauth.challenge import scopes_of
from yett.oauth.client import ALGORITHMS
from yett.oauth.errors import OAuthFault
from yett.oauth.metadata import Issuer, check_address
from yett.oauth.tokens import ACCESS_TOKEN_TYPE, ID_JAG_TYPE, ID_TOKEN_TYPE, JWT_TYPE

HEADERS_MAX: Final = 16
VALUE_CHARS_MAX: Final = 8_192
SCOPES_MAX: Final = 64
_VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


class Config(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of all kinds; each uses what it needs."""

    origin: str
    """The origin of the server's URL when the credential was entered; it is sent to no other one."""
    header: str = "authorization"
    scheme: str = "Bearer"
    names: tuple[str, ...] = ()
    """`headers`: the fields."""
    issuer: str | None = None
    """The authorization server that the operator set."""
    client_id: str | None = None
    """Of the client that the operator set, or that was obtained."""
    own_client: bool = False
    """Whether the operator set the client."""
    scopes: tuple[str, ...] = ()
    """What the operator set."""
    subject_reference: str | None = None
    subject_type: str = JWT_TYPE
    requested_type: str = ACCESS_TOKEN_TYPE
    audience: str | None = None
    identity_provider: str | None = None
    """`jwt_bearer`: who gives the assertion for the subject token; None where the subject token is the assertion."""

    asked: tuple[str, ...] = ()
    """Scopes that were asked for so far."""
    challenge: str = ""
    """What the server said when it refused last."""
    resource: str | None = None
    server: Issuer | None = None
    """The authorization server's metadata, as it was when a token was obtained last."""


def config_of(stored: Mapping[str, Any]) -> Config:
    """A stored one."""
    return msgspec.convert(stored, Config)


def stored(config: Config) -> dict[str, Any]:
    """As it is stored."""
    value: dict[str, Any] = msgspec.to_builtins(config)
    return value


def read_new(new: NewCredential, origin: str) -> Config:
    """The configuration that `new` asks for. Errors: `Invalid`, which names the field and shows no value."""
    if new.kind == "headers":
        return Config(origin=origin, names=tuple(check_values(new.headers)))
    header, scheme = check_header(new.header, new.scheme)
    if new.kind == "reference":
        return Config(origin=origin, header=header, scheme=scheme)
    _check_client(new)
    if new.kind in {"token_exchange", "jwt_bearer"}:
        _check_subject(new)
    _check_identity(new)
    subject_type, requested_type = _types(new)
    return Config(
        origin=origin,
        header=header,
        scheme=scheme,
        issuer=new.issuer,
        client_id=new.client_id,
        own_client=new.client_id is not None,
        scopes=_scopes(new.scopes),
        subject_reference=None if new.subject_reference is None else check_credential(new.subject_reference),
        subject_type=subject_type,
        requested_type=requested_type,
        audience=new.audience,
        identity_provider=new.identity_provider,
    )


def check_values(headers: Mapping[str, str]) -> dict[str, str]:
    """Header fields by lower-case name. Errors: `Invalid`, which names a field and never its value."""
    if not 0 < len(headers) <= HEADERS_MAX:
        raise Invalid(f"give 1 to {HEADERS_MAX} header fields", pointer="/headers")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        lower, _ = check_header(name, "")
        if lower in checked:
            raise Invalid(f"the header field `{lower}` is there twice", pointer="/headers")
        if len(value) > VALUE_CHARS_MAX or _VALUE.fullmatch(value) is None:
            raise Invalid(
                f"the value of `{lower}` must be plain ASCII without line breaks and blanks at its ends,"
                f" at most {VALUE_CHARS_MAX:,} characters",
                pointer=f"/headers/{name}",
            )
        checked[lower] = value
    return checked


def _check_client(new: NewCredential) -> None:
    if new.issuer is not None:
        _check_issuer(new.issuer, "/issuer")
    if new.client_id is None:
        if new.client_secret is not None or new.private_key is not None:
            raise Invalid("a secret or a key belongs to a client; give its id", pointer="/client_id")
        if new.kind != "authorization_code":
            raise Invalid(f"`{new.kind}` needs a client that the authorization server knows; give its id", pointer="/client_id")
        return
    if new.issuer is None:
        raise Invalid("give the authorization server that knows this client; it is shown to no other one", pointer="/issuer")
    _check_client_id(new.client_id, "/client_id")
    if new.client_secret is not None and new.private_key is not None:
        raise Invalid("give a secret or a private key, not both", pointer="/private_key")
    if new.algorithm not in ALGORITHMS:
        raise Invalid(f"`{new.algorithm}` is no signing algorithm; known are {', '.join(ALGORITHMS)}", pointer="/algorithm")


def _check_issuer(address: str, pointer: str) -> None:
    try:
        check_address(address, "issuer")
    except OAuthFault as error:
        raise Invalid(str(error), pointer=pointer) from error


def _check_client_id(id: str, pointer: str) -> None:
    if not _VALUE.fullmatch(id) or len(id) > VALUE_CHARS_MAX:
        raise Invalid("the client id must be plain ASCII", pointer=pointer)


def _check_subject(new: NewCredential) -> None:
    if (new.subject_token is None) == (new.subject_reference is None):
        raise Invalid("give the token to exchange, or where it is: one of the two", pointer="/subject_token")
    if new.subject_token is not None and not new.subject_token:
        raise Invalid("the token to exchange is empty", pointer="/subject_token")


def _check_identity(new: NewCredential) -> None:
    """An identity provider stands before a `jwt_bearer` only, and knows the gateway."""
    if new.identity_provider is None:
        if new.identity_client_id is not None or new.identity_client_secret is not None:
            raise Invalid("a client of an identity provider needs the provider's address", pointer="/identity_provider")
        return
    if new.kind != "jwt_bearer":
        raise Invalid("an identity provider goes with the kind `jwt_bearer` only", pointer="/identity_provider")
    _check_issuer(new.identity_provider, "/identity_provider")
    if new.identity_client_id is None:
        raise Invalid("give the id by which the identity provider knows the gateway", pointer="/identity_client_id")
    _check_client_id(new.identity_client_id, "/identity_client_id")


def _types(new: NewCredential) -> tuple[str, str]:
    """Of the token that is exchanged, and of what it is exchanged for."""
    if new.identity_provider is not None:
        return new.subject_type or ID_TOKEN_TYPE, new.requested_type or ID_JAG_TYPE
    return new.subject_type or JWT_TYPE, new.requested_type or ACCESS_TOKEN_TYPE


def _scopes(scopes: list[str]) -> tuple[str, ...]:
    if not scopes:
        return ()
    found = scopes_of(" ".join(scopes))
    if len(scopes) > SCOPES_MAX or found != tuple(dict.fromkeys(scopes)):
        raise Invalid(f"scopes are at most {SCOPES_MAX} words of plain ASCII, without blanks", pointer="/scopes")
    return found
