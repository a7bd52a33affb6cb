"""Who a server seems to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from yett.admin.identity import known_list
from yett.scan.formats import Entry
from yett.scan.governing import is_governed
from yett.scan.identity import distance, identify, near
from yett.scan.model import Client, ConfigFile, FoundServer, Identity
from yett.scan.servers import found_server

KNOWN = known_list()
GATEWAYS = ("http://127.0.0.1:8700", "https://gate.example/yett")


def server(**entry: Any) -> FoundServer:
    return found_server(ConfigFile(Client.ANY, Path("mcp.json")), Entry("server", entry))


def identity(**entry: Any) -> Identity:
    return identify(server(**entry), KNOWN)


def test_every_well_known_server_is_recognised_and_none_is_its_neighbours_impostor() -> None:
    assert len(KNOWN) > 40
    for one in KNOWN:
        assert one.url or one.package, one.name
        if one.url:
            assert identity(url=one.url).name == one.name
        elif one.package is not None:
            runner = {"npm": "npx", "pypi": "uvx", "image": "docker"}[one.package.kind]
            said = identity(command=runner, args=[*(["run"] if runner == "docker" else []), one.package.name])
            assert (said.standing.value, said.name) == ("well-known", one.name)


@pytest.mark.parametrize(
    "args",
    [
        ["npx", "-y", "@modelcontextprotocol/server-memory@1.2.3"],
        ["cmd", "/c", "npx", "@modelcontextprotocol/server-memory"],
        ["/opt/homebrew/bin/npx", "--yes", "@modelcontextprotocol/server-memory", "--registry"],
        ["env", "A=b", "npx", "-y", "--package", "@modelcontextprotocol/server-memory", "mcp"],
        ["npx.cmd", "@modelcontextprotocol/server-memory"],
    ],
)
def test_a_package_is_found_however_it_is_run(args: list[str]) -> None:
    assert identity(command=args[0], args=args[1:]).name == "memory"
    assert identity(command=args[0], args=args[1:]).standing.value == "well-known"


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("npx", ["-y", "@modelcontextprotocl/server-memory"]),
        ("npx", ["-y", "@modelcontextprotoco1/server-memory"]),
        ("npx", ["-y", "server-memory"]),
        ("npx", ["-y", "mcp-server-git"]),
        ("uvx", ["mcp-sever-fetch"]),
        ("uvx", ["mcp-server-fetch-"]),
        ("docker", ["run", "-i", "hashicorpp/terraform-mcp-server"]),
        ("uvx", ["mcp_server_tlme"]),
    ],
)
def test_what_resembles_a_well_known_package_is_a_possible_impostor(command: str, args: list[str]) -> None:
    assert identity(command=command, args=args).standing.value == "possible impostor"


@pytest.mark.parametrize(
    "host",
    [
        "mcp.stripe.com-login.net",
        "mcp.strlpe.com",
        "mcp.stripe.co",
        "mcp.stripe.com.evil.example",
        "mcp-stripe.com",
        "xn--mcp-stripe-x.com",
    ],
)
def test_what_resembles_a_well_known_host_is_a_possible_impostor(host: str) -> None:
    assert identity(url=f"https://{host}/").standing.value == "possible impostor"


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "http://mcp.stripe.com"},
        {"url": "https://mcp.stripe.com:444"},
        {"url": "https://mcp.stripe.com@evil.example"},
        {"url": "https://evil.example\\@mcp.stripe.com"},
        {"url": "https://mcp.stripe.com", "serverUrl": "https://evil.example"},
        {"url": "https://mcp.stripe.com", "command": "evil"},
        {"command": "./npx", "args": ["mcp-server-fetch"]},
        {"command": "uvx", "args": ["--index-url", "https://evil.example", "mcp-server-fetch"]},
        {"command": "uvx", "args": ["mcp-server-fetch"], "env": {"UV_INDEX_URL": "https://evil.example"}},
        {"command": "env", "args": ["PATH=.", "uvx", "mcp-server-fetch"]},
        {"command": "npx", "args": ["-y", "chrome-devtools-mcp"], "env": {"NODE_OPTIONS": "--require=./x.js"}},
        {"command": "uvx", "args": ["--from", "git+https://evil.example/a", "mcp-server-fetch"]},
        {"command": "sh", "args": ["-c", "uvx mcp-server-fetch"]},
    ],
)
def test_what_only_borrows_a_well_known_name_is_unknown(entry: dict[str, Any]) -> None:
    assert identity(**entry).standing.value == "unknown"


def test_strangers_are_unknown_and_this_machine_is_local() -> None:
    assert identity(command="npx", args=["-y", "weather-of-the-moon"]).standing.value == "unknown"
    assert identity(url="https://tools.example.org/mcp").standing.value == "unknown"
    assert identity(url="http://localhost:3000/mcp").standing.value == "local"
    assert identity(url="https://mcp.sentry.dev/other").standing.value == "well-known host"


@pytest.mark.parametrize(
    ("entry", "governed"),
    [
        ({"url": "http://localhost:8700/mcp/files"}, True),
        ({"url": "https://gate.example/yett/mcp/files"}, True),
        ({"command": "yett", "args": ["run", "--policy", "p", "--", "npx", "x"]}, True),
        ({"command": "yett", "args": ["connect", "files"]}, True),
        ({"command": "npx", "args": ["mcp-remote", "http://127.0.0.1:8700/mcp/files"]}, True),
        ({"url": "http://localhost:8701/mcp/files"}, False),
        ({"url": "https://gate.example.evil.example/yett/mcp/files"}, False),
        ({"url": "http://localhost:8700/"}, False),
        ({"command": "./yett", "args": ["run"]}, False),
        ({"command": "/tmp/yett", "args": ["run"]}, False),
        ({"command": "yett", "args": ["run"], "env": {"PATH": "."}}, False),
        ({"command": "yett", "args": ["connect", "files", "--url", "https://evil.example"]}, False),
        ({"command": "yett", "args": ["demo"]}, False),
    ],
)
def test_only_what_goes_through_yett_counts_as_governed(entry: dict[str, Any], governed: bool) -> None:
    assert is_governed(server(**entry), GATEWAYS) is governed


def test_yett_by_its_whole_path_counts_where_that_is_this_program() -> None:
    entry = server(command="/opt/yett/bin/yett", args=["connect", "files"])
    assert is_governed(entry, GATEWAYS, ("yett", "/opt/yett/bin/yett"))
    assert not is_governed(entry, GATEWAYS, ("yett", "/usr/bin/yett"))


def test_names_are_near_by_typing_faults_and_by_looks() -> None:
    assert [distance("abc", other) for other in ("abc", "acb", "ab", "abcde", "xyz", "abcdef")] == [0, 1, 1, 2, 3, 3]
    assert near("mcp-server-time", "mcp_server_t1me")
    assert not near("exa", "exb")
    assert not near("same", "same")
