"""A protected MCP server on the official Python SDK: `python -m tests.support.oauth_server PORT ISSUER`."""

from __future__ import annotations

import socket
import sys

import httpx2
import uvicorn
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl

from tests.support.oauth import MACHINE_CLIENT
from tests.support.real_server import Recorder


class Introspection(TokenVerifier):
    """Asks the authorization server about each token, and takes those for this server only."""

    def __init__(self, issuer: str, resource: str) -> None:
        self.endpoint = f"{issuer}/token/introspection"
        self.resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the authorization server knows of it."""
        form = {"token": token, "client_id": MACHINE_CLIENT["client_id"], "client_secret": MACHINE_CLIENT["client_secret"]}
        async with httpx2.AsyncClient(trust_env=False) as client:
            said = (await client.post(self.endpoint, data=form)).json()
        if not said.get("active") or said.get("aud") != self.resource:
            return None
        scopes = said.get("scope", "").split()
        return AccessToken(
            token=token, client_id=said.get("client_id", ""), scopes=scopes, expires_at=said.get("exp"), resource=said.get("aud")
        )


def build(issuer: str, resource: str) -> MCPServer:
    """One tool."""
    settings = AuthSettings(
        issuer_url=AnyHttpUrl(issuer),
        resource_server_url=AnyHttpUrl(resource),
        required_scopes=["read"],
        validate_token_resource=True,
    )
    server = MCPServer(
        "protected", version="1.0.0", log_level="ERROR", auth=settings, token_verifier=Introspection(issuer, resource)
    )

    @server.tool()
    def add(a: int, b: int) -> str:
        """Adds two numbers."""
        return str(a + b)

    return server


def serve(port: int, issuer: str) -> None:
    """Serve until killed; the first line on stdout is the URL."""
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{port}/mcp"
    print(url, flush=True)
    config = uvicorn.Config(Recorder(build(issuer, url).streamable_http_app(), []), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
