"""What the client of the client leg does where the server wants tokens: an operator sets the server up, a person connects it,
and an agent calls it through the gateway. The gateway is the OAuth client that the suite judges.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.support.oauth import Browser
from tests.support.real_clients import HANDSHAKE, SECONDS_MAX
from yett.admin.client import RemoteControl
from yett.admin.credentials.views import NewCredential
from yett.admin.views import NewGrant, NewServer
from yett.errors import YettError

GATE_URL: Final = "YETT_CONFORMANCE_GATE_URL"
POLICY: Final = "allow-all"
CONNECTIONS_MAX: Final = 3
"""How often a person connects a server that asks for it again, before they give up."""
LOOKS_MAX: Final = 20
LOOK_S: Final = 0.1
MACHINE: Final = {
    "auth/client-credentials-basic": "client_credentials",
    "auth/client-credentials-jwt": "client_credentials",
    "auth/wif-jwt-bearer": "jwt_bearer",
    "auth/enterprise-managed-authorization": "jwt_bearer",
}
"""Scenarios without a person, and how the gateway comes by tokens in them."""


@dataclass(frozen=True, slots=True)
class Gated:
    """The suite's server, behind the gateway."""

    control: RemoteControl
    name: str
    token: str

    def connect(self) -> None:
        """As a person does it. Errors: `AssertionError` where the gateway says that it did not work."""
        started = self.control.connect(self.name)
        with Browser() as browser:
            page = browser.connect(started.url)
        assert page.status_code == 200, page.text


async def run_scenario(url: str) -> None:
    """Do what the scenario is about."""
    scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    gated = await asyncio.to_thread(_set_up, url, scenario, context)
    for attempt in range(CONNECTIONS_MAX):
        wanted = await asyncio.to_thread(_wants_person, gated)
        if wanted or (attempt == 0 and scenario not in MACHINE):
            await asyncio.to_thread(gated.connect)
        try:
            await _use(gated)
        except Exception:
            if attempt + 1 == CONNECTIONS_MAX or not await _comes_to_want_person(gated):
                raise
        else:
            if not await asyncio.to_thread(_wants_person, gated):
                return


def _set_up(url: str, scenario: str, context: Mapping[str, Any]) -> Gated:
    """Add the server with its credential, and mint a grant."""
    token = (Path(os.environ["YETT_STATE_DIRECTORY"]) / "admin.token").read_text(encoding="utf-8").strip()
    control = RemoteControl("127.0.0.1", int(os.environ["YETT_CONTROL_PLANE_PORT"]), token)
    name = f"mock-{uuid.uuid4().hex[:12]}"
    control.add_server(NewServer(name=name, url=url, look=False))  # nothing reaches the suite but what its client sends
    issuer = context.get("issuer") or (_issuer_of(url) if context else None)
    new = NewCredential(
        kind=MACHINE.get(scenario, "authorization_code"),  # type: ignore[arg-type]  # kinds, all of them
        issuer=issuer,
        client_id=context.get("client_id"),
        client_secret=context.get("client_secret"),
        private_key=context.get("private_key_pem"),
        algorithm=context.get("signing_algorithm", "ES256"),
        subject_token=context.get("valid_jwt") or context.get("idp_id_token"),
        identity_provider=context.get("idp_issuer"),
        identity_client_id=context.get("idp_client_id"),
    )
    control.set_credential(name, new)
    return Gated(control, name, control.mint_grant(NewGrant(server=name, policy=POLICY, label="conformance")).token)


def _issuer_of(url: str) -> str:
    """What an operator reads in the server's metadata."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"
    found: str = httpx2.get(place, trust_env=False).json()["authorization_servers"][0]
    return found


def _wants_person(gated: Gated) -> bool:
    """Whether the gateway says that somebody has to connect the server again."""
    view = gated.control.credential(gated.name)
    return view.state == "unconnected" or "connect it again" in (view.problem or "")


async def _comes_to_want_person(gated: Gated) -> bool:
    """The same a little later: what a server says with a 403 is told beside the call."""
    for _ in range(LOOKS_MAX):
        if await asyncio.to_thread(_wants_person, gated):
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _use(gated: Gated) -> None:
    """Look, and call what there is."""
    revision = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "2025-11-25")
    headers = {"Authorization": f"Bearer {gated.token}"}
    with anyio.fail_after(SECONDS_MAX):
        async with httpx2.AsyncClient(headers=headers, timeout=SECONDS_MAX) as http:
            transport: Any = streamable_http_client(f"{os.environ[GATE_URL]}/mcp/{gated.name}", http_client=http)
            async with Client(transport, mode="legacy" if revision in HANDSHAKE else "auto") as client:
                for tool in (await client.list_tools()).tools:
                    await client.call_tool(tool.name, {})


def run(arguments: list[str]) -> None:
    """What a copy made by `tests.conformance.forks` does; the URL is the last argument."""
    try:
        anyio.run(run_scenario, arguments[-1])
    except YettError as error:
        raise SystemExit(str(error)) from error
