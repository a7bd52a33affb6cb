"""Open streams of a running gateway, before a real server of the official Python SDK: what ends them, and whose they are."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client

from tests.support.real_clients import STATELESS, transport_to
from tests.support.real_gateway import Gateway, running_gateway
from tests.support.real_server import running_witness
from tests.support.wire import HANDSHAKE_VERSION, initialize

pytestmark = pytest.mark.xdist_group("gateway")

ALLOW: Final = {"version": "1", "default": "allow"}
AT_ONCE_S: Final = 3.0


class Raw:
    """One connection that says exactly what it is told to."""

    def __init__(self, gateway: Gateway, token: str) -> None:
        host, _, port = gateway.url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._file = self._socket.makefile("rb")
        self._token = token

    def ask(self, method: str, body: bytes | None = None, **fields: str) -> tuple[int, dict[str, str]]:
        """Send a request; status and fields of its answer."""
        lines = [f"{method} /mcp/streams HTTP/1.1", "host: localhost", f"authorization: Bearer {self._token}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        lines += [] if body is None else [f"content-length: {len(body)}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        status = int(self._file.readline().split()[1])
        found: dict[str, str] = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            found[name.lower()] = value
        return status, found

    def rest(self) -> bytes:
        """The chunks that still come, up to the last one."""
        parts = []
        while size := int(self._file.readline(), 16):
            parts.append(self._file.read(size + 2))
        self._file.readline()
        return b"".join(parts)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def listening(gateway: Gateway, token: str) -> Iterator[tuple[Raw, str]]:
    """A session's own stream, and the id of the session."""
    opening, stream = Raw(gateway, token), Raw(gateway, token)
    try:
        sent = initialize()
        accept = "application/json, text/event-stream"
        _, fields = opening.ask("POST", sent.body, content_type="application/json", accept=accept)
        session = fields["mcp-session-id"]
        status, _ = stream.ask("GET", accept="text/event-stream", mcp_session_id=session, mcp_protocol_version=HANDSHAKE_VERSION)
        assert status == 200
        yield stream, session
    finally:
        opening.close()
        stream.close()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with the witness behind it, as server `streams`."""
    directory = tmp_path_factory.mktemp("streams")
    with running_witness() as witness, running_gateway(directory) as gateway:
        gateway.yett("server", "add", "streams", "--url", witness.url)
        gateway.publish("all", ALLOW, directory)
        yield gateway


def test_a_revoked_grant_ends_its_stream_at_once_and_no_other(own: Gateway) -> None:
    minted, other = own.mint("streams", "all"), own.mint("streams", "all")
    with listening(own, minted["token"]) as (stream, _), listening(own, other["token"]) as (kept, session):
        own.yett("grant", "revoke", minted["grant"]["id"])
        began = time.monotonic()
        stream.rest()
        assert time.monotonic() - began < AT_ONCE_S
        status, _ = stream.ask("GET", accept="text/event-stream")
        assert status == 401
        again = Raw(own, other["token"])
        assert again.ask("DELETE", mcp_session_id=session, mcp_protocol_version=HANDSHAKE_VERSION)[0] == 200
        kept.rest()
        again.close()


def test_a_session_and_an_event_of_another_grant_open_no_stream(own: Gateway) -> None:
    first, second = own.mint("streams", "all"), own.mint("streams", "all")
    with listening(own, first["token"]) as (_, session), listening(own, second["token"]) as (_, mine):
        thief = Raw(own, second["token"])
        fields: dict[str, Any] = {"accept": "text/event-stream", "mcp_protocol_version": HANDSHAKE_VERSION}
        assert thief.ask("GET", mcp_session_id=session, **fields)[0] == 404
        thief.close()
        thief = Raw(own, second["token"])
        assert thief.ask("GET", mcp_session_id=mine, last_event_id="1", **fields)[0] == 400
        thief.close()


def test_a_policy_that_hides_a_tool_is_told_on_an_open_stream(own: Gateway, tmp_path: Path) -> None:
    own.publish("hiding", ALLOW, tmp_path)
    minted = own.mint("streams", "hiding")
    with listening(own, minted["token"]) as (stream, session):
        own.publish("hiding", {**ALLOW, "hide": ["refund"]}, tmp_path)
        ending = Raw(own, minted["token"])
        ending.ask("DELETE", mcp_session_id=session, mcp_protocol_version=HANDSHAKE_VERSION)
        assert b"notifications/tools/list_changed" in stream.rest()
        ending.close()


def test_a_stopped_gateway_ends_its_streams_in_good_order(tmp_path: Path) -> None:
    with running_witness() as witness, running_gateway(tmp_path) as gateway:
        gateway.yett("server", "add", "streams", "--url", witness.url)
        gateway.publish("all", ALLOW, tmp_path)
        with listening(gateway, gateway.mint("streams", "all")["token"]) as (stream, _):
            os.kill(gateway.pid, signal.SIGTERM)
            assert stream.rest() == b""


def test_the_official_client_subscribes_and_hears_of_a_policy_that_changed(own: Gateway, tmp_path: Path) -> None:
    """subscriptions/listen, notifications/subscriptions/acknowledged, notifications/tools/list_changed of 2026-07-28."""
    own.publish("listened", ALLOW, tmp_path)
    endpoint = own.endpoint("streams", "listened")

    async def heard() -> list[Any]:
        with anyio.fail_after(20):
            async with (
                transport_to(endpoint) as transport,
                Client(transport, mode=STATELESS) as client,
                client.listen(tools_list_changed=True) as subscription,
            ):
                document = {**ALLOW, "hide": ["refund"]}
                await anyio.to_thread.run_sync(own.publish, "listened", document, tmp_path)
                async for event in subscription:
                    return [event, [tool.name for tool in (await client.list_tools()).tools]]
        raise AssertionError

    event, tools = anyio.run(heard)
    assert "tools" in type(event).__name__.lower()
    assert "refund" not in tools
