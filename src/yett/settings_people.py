"""The sections of the configuration about people: how they sign in, and where mail is handed over. Read by `yett.settings`."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from yett.errors import OperatorFault

Text = Annotated[str, msgspec.Meta(min_length=1)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
"""0 takes a free port."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+", re.ASCII)


class ControlPlaneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[control_plane]`: the listener that people and the command line talk to."""

    host: Text = "127.0.0.1"
    port: Port = 8701
    public_url: Text | None = None
    """Where people reach this listener, if not at its own address (behind a proxy). Links in mail are made of it."""
    trusted_proxies: tuple[Text, ...] = ()
    """Addresses and CIDR blocks whose `X-Forwarded-For` says who the client is; nobody else's does."""


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sign_in.providers.NAME]`: an OpenID Connect provider."""

    issuer: Text
    """Its URL, exactly as it names itself."""
    client_id: Text
    client_secret: Text | None = None
    """`env:NAME` or `file:/PATH`; none for a public client."""
    label: Text | None = None
    """What its button says; its name by default."""
    scopes: tuple[Text, ...] = ("openid", "email", "profile")
    trust_email: bool = False
    """Whether its addresses count as proven though it does not say `email_verified`."""
    domains: tuple[Text, ...] = ()
    """Whose addresses may come in through it; all by default."""


class SignInSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sign_in]`: how people come in."""

    passwords: bool = True
    mail: bool = False
    """Whether a link by mail signs in; needs `[smtp]`."""
    newcomers: Literal["refuse", "organisation"] = "refuse"
    """What becomes of somebody whom nobody invited, and who proves an address: refused, or an organisation of their own."""
    idle_hours: Annotated[float, msgspec.Meta(gt=0, le=24 * 365)] = 12.0
    """After how long without use a session ends."""
    session_hours: Annotated[float, msgspec.Meta(gt=0, le=24 * 365)] = 168.0
    """After how long a session ends anyhow."""
    providers: dict[Text, ProviderSettings] = {}


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[smtp]`: where mail is handed over."""

    host: Text | None = None
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` sends links, which open accounts, in the clear: for a mail server on this machine only."""
    sender: Text | None = None
    """The address that mail comes from."""
    user: Text | None = None
    password: Text | None = None
    """`env:NAME` or `file:/PATH`."""


def check_people(sign_in: SignInSettings, smtp: SmtpSettings) -> None:
    """Errors: `OperatorFault` where the sections contradict themselves or each other."""
    if (smtp.host is None) is not (smtp.sender is None):
        raise OperatorFault("`[smtp]` needs both `host` and `sender`, or neither")
    if (smtp.user is None) is not (smtp.password is None):
        raise OperatorFault("`[smtp]` needs both `user` and `password`, or neither")
    if sign_in.mail and smtp.host is None:
        raise OperatorFault("`sign_in.mail` needs a mail server; set `smtp.host` and `smtp.sender`")
    if smtp.password is not None and REFERENCE.fullmatch(smtp.password) is None:
        raise OperatorFault("`smtp.password` is no reference: write `env:NAME` or `file:/absolute/path`, never the secret itself")
    for name, provider in sign_in.providers.items():
        _check_provider(name, provider)


def _check_provider(name: str, provider: ProviderSettings) -> None:
    place = f"sign_in.providers.{name}"
    if _NAME.fullmatch(name) is None:
        raise OperatorFault(f"`{place}`: a provider's name has lower-case letters, digits and `-`, at most 32")
    parts = urlsplit(provider.issuer)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise OperatorFault(f"`{place}.issuer` is no url of an issuer; write it as `https://host/path`")
    if "openid" not in provider.scopes:
        raise OperatorFault(f"`{place}.scopes` must have `openid`, without which nobody is named")
    if provider.client_secret is not None and REFERENCE.fullmatch(provider.client_secret) is None:
        raise OperatorFault(f"`{place}.client_secret` is no reference: write `env:NAME` or `file:/absolute/path`")
