"""Streamable HTTP as a real process on loopback: every revision, Host and Origin, the token, the end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from redbook_mcp.server.http import Address, parse_address
from tests.redbook.generation.house import OUTLINE
from tests.redbook.server.desk import body
from tests.redbook.server.processes import COMMAND, environment

TOKEN = "a-token-of-this-test-only"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    folder: Path, *, host: str = "", more: Mapping[str, str] | None = None
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [*COMMAND, "--http", f"{host}{port}"]
    process = subprocess.Popen(command, env=environment(folder, more), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, process.communicate()[1].decode()
                time.sleep(0.05)
        yield port, process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def post(port: int, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    accept = {"accept": "application/json, text/event-stream"}
    return httpx2.post(f"http://127.0.0.1:{port}/mcp", json=INITIALIZE, headers={**accept, **(headers or {})}, timeout=20)


@pytest.mark.anyio
async def test_the_sequence_works_at_each_revision_in_one_server(tmp_path: Path) -> None:
    with serving(tmp_path) as (port, process):
        for mode in ("legacy", "auto", "2026-07-28"):
            async with Client(f"http://127.0.0.1:{port}/mcp", mode=mode) as client:
                made = body(await client.call_tool("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE}))
                found = body(await client.call_tool("generate_images", {"projectId": made["projectId"]}))
                assert found["status"] == "completed"
                await client.read_resource(f"project://{made['projectId']}/export")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b""


def test_a_page_of_another_site_cannot_reach_it(tmp_path: Path) -> None:
    with serving(tmp_path) as (port, _):
        assert post(port).status_code == 200
        assert post(port, {"origin": "http://evil.example"}).status_code == 403
        assert post(port, {"host": f"evil.example:{port}"}).status_code == 421


def test_with_a_token_nothing_is_told_to_who_has_none(tmp_path: Path) -> None:
    with serving(tmp_path, more={"REDBOOK_HTTP_TOKEN": TOKEN}) as (port, _):
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}):
            refused = post(port, headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        assert post(port, {"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.anyio
async def test_a_client_with_the_token_is_served_beyond_loopback(tmp_path: Path) -> None:
    with serving(tmp_path, host="0.0.0.0:", more={"REDBOOK_HTTP_TOKEN": TOKEN}) as (port, _):
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}) as http:
            transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
            async with Client(transport, mode="legacy") as client:
                assert len((await client.list_tools()).tools) == 5


@pytest.mark.parametrize("address", ["0.0.0.0:8000", "[::]:8000", "example.org:8000", "192.168.1.5:8000"])
def test_beyond_loopback_it_does_not_start_without_a_token(tmp_path: Path, address: str) -> None:
    ended = subprocess.run([*COMMAND, "--http", address], env=environment(tmp_path), capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "REDBOOK_HTTP_TOKEN" in ended.stderr


def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [*COMMAND, "--http", str(port)]
        ended = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert str(port) in ended.stderr


def test_a_reference_picture_of_ten_megabytes_passes(tmp_path: Path) -> None:
    with serving(tmp_path) as (port, _):
        padded = {**INITIALIZE, "params": {**INITIALIZE["params"], "_meta": {"x": "y" * 10_000_000}}}  # type: ignore[dict-item]  # an object
        answer = httpx2.post(
            f"http://127.0.0.1:{port}/mcp",
            content=json.dumps(padded),
            headers={"accept": "application/json, text/event-stream", "content-type": "application/json"},
            timeout=30,
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8000", Address("127.0.0.1", 8000)),
        (":8000", Address("127.0.0.1", 8000)),
        ("localhost:1", Address("localhost", 1)),
        ("[::1]:80", Address("::1", 80)),
        ("0.0.0.0:80", Address("0.0.0.0", 80)),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(text).is_loopback == (address.host != "0.0.0.0")


@pytest.mark.parametrize("text", ["", "host", "host:", "host:99999", "host:-1", "1.2.3.4:80a"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PORT"):
        parse_address(text)
