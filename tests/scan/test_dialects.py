"""Each client's own way of writing servers down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scan.client_files import CASES, HEADER, KEY, Case
from tests.scan.files import write
from yett.app.scanning import Fault, own_files, servers_of
from yett.scan.dialects import DIALECTS, Format, format_of
from yett.scan.formats import Entry, entries_of
from yett.scan.model import Client, ConfigFile, FoundServer
from yett.scan.servers import found_server


def test_every_client_has_a_file_and_a_dialect() -> None:
    assert {case.client for case in CASES} == set(Client) - {Client.ANY}
    assert set(DIALECTS) == set(Client)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
def test_the_servers_of_each_client_are_found_with_their_lines(case: Case, tmp_path: Path) -> None:
    write(tmp_path, {case.path: case.text})
    (file,) = own_files({"HOME": str(tmp_path)}, "linux")
    assert file == ConfigFile(case.client, tmp_path / case.path)
    found = servers_of(file)
    assert not isinstance(found, Fault)
    assert [(server.name, server.transport, server.line) for server in found] == case.servers
    for server in found:
        assert all(secret not in f"{server!r} {server.shown} {server.notes}" for secret in (KEY, HEADER))
    both = [server for server in found if server.name in {"files", "remote", "the remote"}]
    if KEY in case.text:
        assert noted(both[-1 if case.client is Client.CLAUDE_CODE else 0], "`env`")
    if HEADER in case.text:
        remote = next(server for server in both if server.transport != "stdio")
        assert (remote.host, remote.authentication, noted(remote, "headers")) == ("a.example", "by headers", True)


def noted(server: FoundServer, text: str) -> bool:
    return any("secret" in note and text in note for note in server.notes)


@pytest.mark.parametrize("client", [client for client in Client if client is not Client.ANY])
def test_an_entry_written_as_the_dialect_says_is_read_as_that_server(client: Client) -> None:
    dialect = DIALECTS[client]
    argv = ["npx", "some-mcp@1.0.0"]
    program = {dialect.command: argv} if dialect.args is None else {dialect.command: argv[0], dialect.args: argv[1:]}
    written = {**program, dialect.env: {"NAME": "value"}, **({"type": dialect.stdio_type} if dialect.stdio_type else {})}
    found = found_server(ConfigFile(client, Path("x")), Entry("a", json.loads(json.dumps(written))))
    assert (found.launch.argv, dict(found.launch.env), found.transport) == (tuple(argv), {"NAME": "value"}, "stdio")
    headers: dict[str, object] = {"Authorization": "x"}
    for key in reversed(dialect.headers):
        headers = {key: headers}
    address = {dialect.urls[0]: "https://a.example/mcp", **headers, **({"type": dialect.http_type} if dialect.http_type else {})}
    found = found_server(ConfigFile(client, Path("x")), Entry("a", address))
    assert (found.launch.url, found.transport, found.authentication) == ("https://a.example/mcp", "http", "by headers")


def test_the_name_says_how_a_file_is_written() -> None:
    assert format_of(Path("a/config.TOML")) is Format.TOML
    assert [format_of(Path(name)) for name in ("a.yml", "a.yaml")] == [Format.YAML, Format.YAML]
    assert [format_of(Path(name)) for name in ("a.json", "a.jsonc", "a")] == [Format.JSON] * 3


def test_a_file_of_nobody_knows_whom_is_searched_for_every_key() -> None:
    for case in CASES:
        found = entries_of(case.text.encode(), format_of(Path(case.path)))
        assert {entry.name for entry in found} == {name for name, _, _ in case.servers}, case.path
