"""Servers in a running gateway: added, looked at in the background, moved, and never a way into the gateway's own network."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_probe import INFO, serving, tool
from tests.support.ports import free_port
from tests.support.real_gateway import YETT, Gateway, running_gateway
from tests.support.real_server import running_witness
from yett.protocol.requests import initialize_request

pytestmark = pytest.mark.xdist_group("gateway")
TIME = [sys.executable, "-m", "mcp_server_time"]
ALLOW = {"version": "1", "default": "allow"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(
        tmp_path_factory.mktemp("servers"),
        configuration=f"[health]\ninterval_s = 0.5\n[servers.commands.time]\nargv = {json.dumps(TIME)}\n",
    ) as running:
        yield running


def shop(asked: dict[str, Any]) -> tuple[int, object]:
    """A server with one tool."""
    return 200, INFO if asked["method"] == "initialize" else {"tools": [tool("a")]}


def wait_until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.1)


def refused(gateway: Gateway, *arguments: str) -> str:
    done = subprocess.run([YETT, *arguments], env=gateway.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def problem_of(gateway: Gateway, name: str) -> Any:
    return gateway.yett("server", "show", name)["health"]["problem"]


def test_adding_a_real_server_shows_its_tools_at_once(gateway: Gateway) -> None:
    with running_witness() as witness:
        added = gateway.yett("server", "add", "witness", "--url", witness.url)
        assert added["remarks"] == []
        kept = gateway.yett("server", "tools", "witness", "--kept")
        assert {one["name"] for one in kept} >= {"add", "refund"}
    gateway.yett("server", "remove", "witness")


def test_a_listed_program_is_asked_in_the_control_plane(gateway: Gateway) -> None:
    gateway.yett("server", "add", "clock", "--command", "time")
    assert [one["name"] for one in gateway.yett("server", "tools", "clock", "--kept")] == ["get_current_time", "convert_time"]
    gateway.yett("server", "remove", "clock")


def test_the_background_sees_a_server_go_and_come_back(gateway: Gateway) -> None:
    port = free_port()
    gateway.yett("server", "add", "shop", "--url", f"http://127.0.0.1:{port}/mcp")
    assert "cannot connect" in problem_of(gateway, "shop")
    assert gateway.yett("status")["unwell_servers"] == ["shop"]
    with serving(shop, port=port):
        wait_until(lambda: problem_of(gateway, "shop") is None)
        assert gateway.yett("status")["unwell_servers"] == []
        assert [one["name"] for one in gateway.yett("server", "tools", "shop", "--kept")] == ["a"]
    wait_until(lambda: problem_of(gateway, "shop") is not None)
    assert [one["name"] for one in gateway.yett("server", "tools", "shop", "--kept")] == ["a"]
    gateway.yett("server", "remove", "shop")


def test_a_new_url_serves_the_next_call_and_never_sees_the_old_credential(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old secret")
    with serving(shop) as (first, seen_first), serving(shop) as (second, seen_second):
        gateway.yett("server", "add", "moved", "--url", first, "--credential", f"file:{tmp_path}/secret")
        gateway.publish("all", ALLOW, tmp_path)
        endpoint = gateway.endpoint("moved", "all")
        assert endpoint.url is not None
        assert call(endpoint.url, endpoint.headers) == 200
        assert {fields.get("authorization") for fields, _ in seen_first} == {"Bearer old secret", None}, "asked once without it"
        gateway.yett("server", "edit", "moved", "--url", second)
        before = len(seen_first)
        assert call(endpoint.url, endpoint.headers) == 200
        assert len(seen_first) == before
        assert {fields.get("authorization") for fields, _ in seen_second} == {None}
        gateway.yett("server", "edit", "moved", "--name", "renamed")
        assert call(endpoint.url.replace("moved", "renamed"), endpoint.headers) == 200
        assert call(endpoint.url.replace("moved", gateway.yett("server", "show", "renamed")["id"]), endpoint.headers) == 200
        assert call(endpoint.url, endpoint.headers) in {401, 404}
    gateway.yett("server", "remove", "renamed", "--with-grants")


def call(url: str | None, headers: Mapping[str, str]) -> int:
    assert url is not None
    request = urllib.request.Request(
        url,
        initialize_request(b"1", "2025-11-25"),
        {**headers, "content-type": "application/json", "accept": "application/json, text/event-stream"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("url", ["http://10.0.0.1/mcp", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/"])
def test_a_url_into_the_gateways_network_is_not_taken(gateway: Gateway, url: str) -> None:
    assert "so it is not asked; list it under `egress.allow` if it is yours" in refused(
        gateway, "server", "add", "inner", "--url", url
    )
    assert gateway.yett("server", "list") == []


def test_the_data_plane_judges_each_connection_itself(tmp_path: Path) -> None:
    """Whatever came into the store: a gateway that serves others does not connect to its own machine."""
    with serving(lambda asked: (200, INFO)) as (url, seen):
        configuration = '[control_plane]\nhost = "0.0.0.0"\n[health]\ninterval_s = 0\n[egress]\nallow = [{}]\n'
        with running_gateway(tmp_path, configuration=configuration.format('"127.0.0.1"')) as gateway:
            gateway.yett("server", "add", "own", "--url", url)
            gateway.publish("all", ALLOW, tmp_path)
            endpoint = gateway.endpoint("own", "all")
            assert endpoint.url is not None
            assert call(endpoint.url, endpoint.headers) == 200
        seen.clear()
        with running_gateway(tmp_path, configuration=configuration.format("")) as gateway:
            own = endpoint.url.rsplit(":", 1)[1].partition("/")[0]
            there = endpoint.url.replace(f":{own}/", f":{gateway.url.rsplit(':', 1)[1]}/")
            assert call(there, endpoint.headers) == 502
            assert seen == []


def test_the_control_plane_ends_at_once_while_it_looks_at_a_mute_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with running_gateway(tmp_path, configuration="[health]\ninterval_s = 0.1\n") as gateway:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}/mcp"
            command = [YETT, "server", "add", "mute", "--url", url]
            adding = subprocess.Popen(command, env=gateway.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            time.sleep(2)
            began = time.monotonic()
        assert time.monotonic() - began < 8
        adding.wait(30)
