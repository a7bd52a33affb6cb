"""OAuth clients at a running gateway: access tokens of an issuer whose keys it fetches."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx2
import pytest

from tests.support.issuer import TestIssuer
from tests.support.real_gateway import Gateway
from tests.support.real_server import Witness
from yett.app.clock import SystemClock

SOON_S: Final = 15.0
HELLO: Final = {
    **{"jsonrpc": "2.0", "id": 1, "method": "initialize"},
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
HEADERS: Final = {"accept": "application/json, text/event-stream"}


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    """An issuer on a real listener, which publishes metadata and keys."""
    published = TestIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages: dict[str, Any] = {
                "/.well-known/oauth-authorization-server": {
                    **{"issuer": published.name, "jwks_uri": f"{published.name}/keys"},
                    **{"token_endpoint": f"{published.name}/token", "authorization_endpoint": f"{published.name}/authorize"},
                },
                "/keys": {"keys": [published.jwk()]},
            }
            body = json.dumps(pages.get(self.path, {})).encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        published.name = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield published
        server.shutdown()
        thread.join()


def now_s() -> int:
    return SystemClock().now_ns() // 1_000_000_000


def asked(gateway: Gateway, token: str) -> int:
    """The status of a handshake with `token`."""
    headers = {**HEADERS, "authorization": f"Bearer {token}"}
    return httpx2.post(f"{gateway.url}/mcp/witness", json=HELLO, headers=headers, timeout=10, trust_env=False).status_code


def becomes(gateway: Gateway, token: str, status: int) -> None:
    """Wait until `token` is answered like this."""
    deadline = time.monotonic() + SOON_S
    while (seen := asked(gateway, token)) != status:
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(0.05)


def test_a_token_acts_as_the_grant_that_its_claims_map_to(gateway: Gateway, witness: Witness, issuer: TestIssuer) -> None:
    grant = gateway.yett("grant", "mint", "--server", "witness", "--label", "engineers")["grant"]["id"]
    gateway.yett("issuer", "add", issuer.name, "--rule", grant, "groups=eng")
    try:
        claims = {"aud": f"{gateway.url}/mcp/witness", "exp": now_s() + 60, "groups": ["eng"]}
        becomes(gateway, issuer.token(claims), 200)
        metadata = httpx2.get(f"{gateway.url}/.well-known/oauth-protected-resource/mcp/witness", trust_env=False).json()
        assert metadata["authorization_servers"] == [issuer.name]
        assert metadata["resource"] == claims["aud"]
        for wrong in ({"groups": ["hr"]}, {"aud": "http://elsewhere/"}, {"exp": now_s() - 60}):
            assert asked(gateway, issuer.token({**claims, **wrong})) == 401
        issuer.kid = "next"
        becomes(gateway, issuer.token(claims), 200)
        gateway.yett("grant", "revoke", grant)
        assert asked(gateway, issuer.token(claims)) == 401
    finally:
        gateway.yett("issuer", "remove", issuer.name)
    metadata = httpx2.get(f"{gateway.url}/.well-known/oauth-protected-resource/mcp/witness", trust_env=False).json()
    assert "authorization_servers" not in metadata
