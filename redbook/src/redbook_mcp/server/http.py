"""As Streamable HTTP: on loopback unless told otherwise, Host and Origin checked, a bearer token wherever others can reach it."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from redbook_mcp.generation.references import BYTES_MAX
from redbook_mcp.secret import Secret
from redbook_mcp.server.stdio import on_signals

BODY_BYTES_MAX: Final = BYTES_MAX * 4 // 3 + (2 << 20)
"""A reference picture as a data URI, and the longest outline beside it."""
SHUTDOWN_S: Final = 5
"""How long open streams may take to end."""
_UNAUTHORIZED: Final = b'{"error":"a bearer token is needed: REDBOOK_HTTP_TOKEN of the server"}'


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def shown(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`[HOST:]PORT`, an IPv6 address in brackets. Errors: ValueError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{text[:100]!r} is no [HOST:]PORT")
    return Address(host, int(port))


async def serve_http(server: Server[dict[str, Any]], address: Address, token: Secret | None) -> None:
    """Serve until the process is told to stop. Errors: OSError for an address that cannot be had."""
    app = build_app(server, address, token)
    # Uvicorn's own set-up of logging would write each request to standard output.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_S)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.create_server((address.host, address.port), family=family) as listening:
        await _Web(config).serve(sockets=[listening])


class _Web(uvicorn.Server):
    """Ends when it is told to, and no more: Uvicorn's own way ends the process, with a page in flight."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        on_signals(self._told)
        yield

    def _told(self) -> None:
        self.should_exit = True


def build_app(server: Server[dict[str, Any]], address: Address, token: Secret | None) -> ASGIApp:
    """The web application. Beyond loopback the token stands in for the check of Host, whose names only the operator knows."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=address.is_loopback,
        allowed_hosts=[f"{name}:*" for name in names],
        allowed_origins=[f"http://{name}:*" for name in names],
    )
    app: ASGIApp = server.streamable_http_app(
        host=address.host, transport_security=security, max_request_body_size=BODY_BYTES_MAX
    )
    return app if token is None else _Guarded(app, token)


class _Guarded:
    """Lets requests through that carry the token."""

    def __init__(self, app: ASGIApp, token: Secret) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_allowed(scope):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": _UNAUTHORIZED})

    def _is_allowed(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        wanted = b"Bearer " + self._token.reveal().encode()
        return len(given) == 1 and hmac.compare_digest(given[0], wanted)
