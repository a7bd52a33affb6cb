"""What a command needs to find and to be let in by a running control plane."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import msgspec

from yett.edge.tls import read_pem
from yett.errors import OperatorFault
from yett.private_files import create_private, read_private, write_private
from yett.settings import Settings

ADDRESS_FILE: Final = "control.json"
TOKEN_FILE: Final = "admin.token"  # noqa: S105 - the name of a file
TOKEN_BYTES: Final = 32


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a control plane listens; it writes this file when it does, and takes it away when it ends."""

    pid: int
    host: str
    port: int
    certificate: str | None = None
    """What it shows (PEM), where it speaks TLS: whoever connects trusts this one and no other."""


def read_address(state_dir: Path) -> Address | None:
    """What the file says. It may be a dead process's: only the lock says who is alive. Errors: `OperatorFault`."""
    content = read_private(state_dir / ADDRESS_FILE)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Address)
    except msgspec.DecodeError as error:
        raise OperatorFault(
            f"`{state_dir / ADDRESS_FILE}` is unreadable: {error}; restart the gateway, which writes it"
        ) from error


def write_address(state_dir: Path, address: Address) -> None:
    """Say where we listen. Errors: `OperatorFault`."""
    write_private(state_dir / ADDRESS_FILE, msgspec.json.encode(address))


def forget_address(state_dir: Path) -> None:
    """Nobody listens there any more."""
    (state_dir / ADDRESS_FILE).unlink(missing_ok=True)


def admin_token(state_dir: Path) -> str:
    """The token of the admin API, made by whoever asks first. Errors: `OperatorFault`."""
    path = state_dir / TOKEN_FILE
    content = create_private(path, secrets.token_urlsafe(TOKEN_BYTES).encode())
    token = content.decode("ascii", "replace").strip()
    if len(token) < TOKEN_BYTES or not token.isascii():
        raise OperatorFault(f"`{path}` holds no admin token; remove it and restart the gateway, which makes one")
    return token


def url_of(host: str, port: int, scheme: str = "http") -> str:
    """The base URL of a listener, as seen from this machine."""
    name = reachable(host)
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def scheme_of(settings: Settings) -> str:
    """What both listeners speak."""
    return "http" if settings.tls.certificate is None else "https"


def own_certificate(settings: Settings) -> str | None:
    """The certificate that the listeners of this host show (PEM); None where they speak plain HTTP. Errors: `OperatorFault`."""
    if settings.tls.certificate is None:
        return None
    try:
        return read_pem(Path(settings.tls.certificate)).decode("ascii", "replace")
    except OSError as error:
        raise OperatorFault(f"cannot read `tls.certificate` (`{settings.tls.certificate}`): {error.strerror}") from error


def reachable(host: str) -> str:
    """Where a program on this machine connects: one that listens everywhere is at the loopback address too."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
