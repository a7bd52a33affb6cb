"""What entries mean, client by client, with what is secret of them apart; and what cannot be meant for another process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wrap.fixtures import ODD, Odd, config_file
from yett.scan.model import Client
from yett.wrap.launching import Address, Program, launch_of
from yett.wrap.located import read_file
from yett.wrap.variables import Surroundings, Unwrappable, variables_of

AROUND = Surroundings(
    home="/home/me",
    project="/home/me/shop",
    environment={"KEY": "k-1", "HOST": "a.example"},
    read={"/home/me/shop/.env": "export A=1\n# no\nB = 'two $x' # c\nC=\"three\"\n"}.get,
)
TOKENS = {"TOKEN": "t"}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.title)
def test_every_fixture_means_something(odd: Odd) -> None:
    around = Surroundings(home="/home/me", environment=TOKENS)
    for located in read_file(config_file(odd), odd.data).located:
        launch = launch_of(odd.client, located.entry.value, around)
        assert isinstance(launch, Address) == any(key.lower().endswith("url") for key in located.entry.value)


def program(client: Client, **value: Any) -> Program:
    found = launch_of(client, value, AROUND)
    assert isinstance(found, Program)
    return found


def address(client: Client, **value: Any) -> Address:
    found = launch_of(client, value, AROUND)
    assert isinstance(found, Address)
    return found


def test_a_program_of_a_project_starts_in_the_project_with_its_own_variables() -> None:
    found = program(Client.CURSOR, command="npx", args=["-y", "x", 7], env={"A": "b", "N": 1}, timeout=5)
    assert (found.argv, dict(found.env), found.cwd) == (("npx", "-y", "x", "7"), {"A": "b", "N": "1"}, "/home/me/shop")
    assert program(Client.CURSOR, command="x", cwd="sub").cwd == "/home/me/shop/sub"
    assert program(Client.CURSOR, command="x", cwd="~/y").cwd == "/home/me/y"


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (["npx", "-y", "@scope/server@1.2.3", "/home/me/notes", "--port", "80", "--verbose"], set()),
        (["npx", "server", "--api-key", "abc"], {3}),
        (["npx", "server", "--api-key=abc"], {2}),
        (["tool", "postgresql://admin:pw@db/prod"], {1}),
        (["tool", "--header", "Authorization: Bearer x"], {2}),
        (["tool", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"], {1}),
        (["tool", "/srv/k3yQ8xL2mZ7pT4vR9wN1"], {1}),
        (["tool", "two words"], {1}),
        (["docker", "run", "-i", "-e", "TOKEN=abc", "image"], {4}),
    ],
)
def test_words_that_are_not_surely_harmless_are_taken_for_secret(words: list[str], secret: set[int]) -> None:
    assert program(Client.CURSOR, command=words[0], args=words[1:]).secret_words == secret


def test_a_word_that_was_filled_in_is_secret() -> None:
    assert program(Client.CURSOR, command="x", args=["${env:HOST}"]).secret_words == {1}


def test_nothing_secret_is_in_a_representation() -> None:
    found = [program(Client.CURSOR, command="x", args=["s3cret"], env={"A": "s3cret"})]
    assert "s3cret" not in str([*found, address(Client.CURSOR, url="https://a.example", headers={"X": "s3cret"})])


@pytest.mark.parametrize(
    ("client", "text", "meant"),
    [
        (Client.CLAUDE_CODE, "${KEY}-${NONE:-or}", "k-1-or"),
        (Client.CLAUDE_CODE, "${NONE:-}", ""),
        (Client.CURSOR, "${env:KEY}/${userHome}", "k-1//home/me"),
        (Client.VS_CODE, "${workspaceFolder}${/}x${pathSeparator}${workspaceFolderBasename}", "/home/me/shop/x/shop"),
        (Client.GEMINI_CLI, "$KEY ${KEY}", "k-1 k-1"),
        (Client.OPENCODE, "{env:KEY} ${KEY}", "k-1 ${KEY}"),
        (Client.CLAUDE_DESKTOP, "${KEY} $KEY", "${KEY} $KEY"),
        (Client.CODEX, "${KEY}", "${KEY}"),
    ],
)
def test_variables_are_filled_in_as_the_client_would(client: Client, text: str, meant: str) -> None:
    assert program(client, command=["x"] if client is Client.OPENCODE else "x", env={"A": text}).env == {"A": meant}


@pytest.mark.parametrize(
    ("client", "text", "message"),
    [
        (Client.VS_CODE, "${input:key}", "asks a person"),
        (Client.VS_CODE, "${env:NONE}", "`NONE` is not set here"),
        (Client.VS_CODE, "${command:x}", "only its client fills in"),
        (Client.CLAUDE_CODE, "${NONE}", "`NONE` is not set"),
        (Client.GEMINI_CLI, "$NONE", "`NONE` is not set"),
        (Client.OPENCODE, "{file:~/key}", "out of a file"),
    ],
)
def test_what_only_the_client_knows_keeps_the_entry_where_it_is(client: Client, text: str, message: str) -> None:
    with pytest.raises(Unwrappable, match=message):
        launch_of(client, {"command": "x", "env": {"A": text}}, AROUND)


def test_a_file_of_the_user_has_no_folder_that_is_open() -> None:
    with pytest.raises(Unwrappable, match="which folder"):
        launch_of(Client.CURSOR, {"command": "${workspaceFolder}/x"}, Surroundings(home="/home/me"))


def test_a_file_of_variables_is_read_and_what_stands_in_the_entry_wins() -> None:
    found = program(Client.CURSOR, command="x", envFile="${workspaceFolder}/.env", env={"A": "own"})
    assert found.env == {"A": "own", "B": "two $x", "C": "three"}
    with pytest.raises(Unwrappable, match="cannot be read"):
        program(Client.CURSOR, command="x", envFile="other")


@pytest.mark.parametrize("line", ["A", "A='x", 'A="x" y', "A=$B", 'A="a\\nb"', "1=2 3 ="])
def test_a_line_of_variables_that_reads_in_several_ways_is_named(line: str) -> None:
    with pytest.raises(Unwrappable, match="line 2"):
        variables_of(f"X=1\n{line}")


def test_codex_names_variables_for_what_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    found = address(
        Client.CODEX, url="https://a.example/mcp", bearer_token_env_var="KEY", env_http_headers={"X-Host": "HOST"},
        http_headers={"X-Plain": "$KEY"},
    )  # fmt: skip
    assert found.headers == {"X-Plain": "$KEY", "X-Host": "a.example", "Authorization": "Bearer k-1"}
    assert program(Client.CODEX, command="x", env_vars=["KEY", "NONE"]).env == {"KEY": "k-1"}
    with pytest.raises(Unwrappable, match="`NONE` is not set"):
        address(Client.CODEX, url="https://a.example/mcp", bearer_token_env_var="NONE")


@pytest.mark.parametrize(
    ("client", "value", "transport"),
    [
        (Client.CURSOR, {"url": "https://a.example/mcp"}, "http"),
        (Client.CURSOR, {"url": "https://a.example/sse"}, "sse"),
        (Client.CLAUDE_CODE, {"url": "https://a.example/x", "type": "sse"}, "sse"),
        (Client.CLINE, {"url": "https://a.example/sse", "type": "streamableHttp"}, "http"),
        (Client.GEMINI_CLI, {"url": "https://a.example/x"}, "sse"),
        (Client.GEMINI_CLI, {"httpUrl": "https://a.example/x"}, "http"),
        (Client.WINDSURF, {"serverUrl": "https://${env:HOST}/mcp"}, "http"),
    ],
)
def test_an_address_is_spoken_to_as_its_client_did(client: Client, value: dict[str, Any], transport: str) -> None:
    found = address(client, **value)
    assert (found.url.startswith("https://a.example/"), found.transport) == (True, transport)


def test_what_the_gateway_writes_itself_is_no_credential() -> None:
    found = address(
        Client.CURSOR, url="https://a.example", headers={"Accept": "x", "content-type": "y", "X-Key": "k"}, auth={"a": 1}
    )
    assert (dict(found.headers), found.oauth) == ({"X-Key": "k"}, True)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "neither a command nor an address"),
        ({"command": "x", "url": "https://a.example"}, "leave one"),
        ({"url": "https://a.example", "httpUrl": "https://b.example"}, "leave one"),
        ({"command": 7}, "no text"),
        ({"command": "x", "args": "y"}, "no list"),
        ({"command": "x", "args": [None]}, "no text"),
        ({"command": "x", "args": ["\0"]}, "what no argument can"),
        ({"command": "x", "env": ["A"]}, "no object"),
        ({"command": "x", "env": {"A": None}}, "no text"),
        ({"command": "x", "env": {"": "b"}}, "that none can have"),
        ({"url": "https://a.example", "headersHelper": "x"}, "headersHelper"),
        ({"url": "wss://a.example", "type": "ws"}, "something else"),
        ({"url": "https://a.example/mcp?api_key=x"}, "a key may stand in its address"),
        ({"url": "https://me:pw@a.example/mcp"}, "a key may stand in its address"),
        ({"url": "https://a.example/s/QmFzZTY0U2VjcmV0VmFsdWU0/mcp"}, "a key may stand in its address"),
        ({"url": "https://[x/mcp"}, "its address is none"),
    ],
)
def test_an_entry_that_cannot_be_meant_says_why_and_what_to_do(value: dict[str, Any], message: str) -> None:
    with pytest.raises(Unwrappable, match=message):
        launch_of(Client.CURSOR, value, AROUND)
