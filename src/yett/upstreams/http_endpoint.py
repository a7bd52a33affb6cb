"""Where a server is: its URL, taken apart once."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from yett.errors import OperatorFault


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An `http:` or `https:` URL, taken apart once."""

    secure: bool
    host: str
    port: int
    host_field: bytes
    """The value of `host`."""
    target: bytes
    """Path and query."""

    @property
    def name(self) -> str:
        """The origin, for people."""
        return f"{'https' if self.secure else 'http'}://{self.host_field.decode()}"


def endpoint_of(url: str) -> Endpoint:
    """`url` taken apart. `OperatorFault` where it is not a plain `http:` or `https:` URL."""
    if not url.isprintable() or " " in url:
        raise OperatorFault("a server url holds blanks or control characters; percent-encode them")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        ascii_host = "" if host is None else host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError as error:
        raise OperatorFault(f"`{url}` is not a usable server url: {error}") from error
    if parts.scheme not in {"http", "https"} or not ascii_host:
        raise OperatorFault(f"`{url}` is not a usable server url: write `http://HOST…` or `https://HOST…`")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise OperatorFault("a server url must not hold a user, a password or a fragment; give the credential by reference")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise OperatorFault(f"`{url}` is not a usable server url: percent-encode what is not plain ASCII")
    secure = parts.scheme == "https"
    default = 443 if secure else 80
    shown = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    field = shown if port in {None, default} else f"{shown}:{port}"
    return Endpoint(secure, ascii_host, port or default, field.encode("ascii"), target.encode("ascii"))
