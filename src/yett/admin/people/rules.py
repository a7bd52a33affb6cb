"""How people may come in, as the operator set it up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from yett.admin.errors import Invalid

EMAIL_MAX: Final = 254
NEXT_MAX: Final = 1_000
_EMAIL: Final = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)*"
)
_NEXT: Final = re.compile(r"/(?![/\\])[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID Connect provider."""

    name: str
    """In our addresses."""
    label: str
    """On the button."""
    issuer: str
    client_id: str
    client_secret: Callable[[], str] | None = field(default=None, repr=False)
    """Reads the secret anew each time; None for a public client."""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    trust_email: bool = False
    """Whether an address counts as proven though the provider does not say `email_verified`."""
    domains: tuple[str, ...] = ()
    """Whose addresses may come in through it; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    port: int
    sender: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Callable[[], str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is allowed of sign-ins."""

    base_url: str
    """Where people reach the control plane. Links and redirects are made of it, never of what a request says."""
    passwords: bool = True
    magic_links: bool = False
    newcomers: Literal["refuse", "organisation"] = "refuse"
    """What becomes of somebody who is known to nobody: refused, or an organisation of their own."""
    idle_s: float = 12 * 3600
    absolute_s: float = 7 * 24 * 3600
    providers: Mapping[str, Provider] = field(default_factory=dict)
    mail: MailServer | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.base_url.startswith("https:")

    @property
    def origin(self) -> str:
        """Of our own pages."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


def check_email(text: str) -> str:
    """An address in lower case. Errors: `Invalid`."""
    email = text.strip().lower()
    if len(email) > EMAIL_MAX or _EMAIL.fullmatch(email) is None:
        raise Invalid("that is no mail address; write it as `name@example.com`", pointer="/email")
    return email


def local_path(text: str, otherwise: str = "/account") -> str:
    """`text`, if it is a path of ours, and `otherwise` if it leads elsewhere or is read in more than one way."""
    return text if len(text) <= NEXT_MAX and _NEXT.fullmatch(text) is not None else otherwise
