"""No secret leaves a configuration, wherever it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scan.client_files import CASES
from tests.scan.files import IN_HOME, IN_REPOSITORY, SECRETS
from yett.catalog.model import Severity
from yett.scan.dialects import format_of
from yett.scan.formats import Entry, entries_of
from yett.scan.identity import identify
from yett.scan.judging import judge
from yett.scan.model import Changes, Client, ConfigFile, FoundServer, Scanned, Tools
from yett.scan.places import client_of
from yett.scan.reporting import as_json
from yett.scan.seen import key_of, remember, written
from yett.scan.servers import found_server
from yett.scan.stripping import GONE, looks_secret, shown_command, shown_origin, shown_word

FILE = ConfigFile(Client.ANY, Path("mcp.json"))
SECRET = st.text(st.sampled_from("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"), min_size=20, max_size=40).map(
    lambda text: f"7x{text}9Z"
)


def everything_told(server: FoundServer) -> str:
    """All that is shown, written or kept of a server."""
    identity, tools = identify(server, ()), Tools(None, "not asked")
    judgement = judge(server, identity, tools, (), Changes(first=True), governed=False)
    scanned = Scanned(server, False, identity, tools, (), Changes(first=True), judgement)
    kept = written({key_of(server): remember(server, tools, None)}).decode()
    return json.dumps(as_json(scanned), ensure_ascii=False) + kept + repr(scanned)


@st.composite
def entries_with(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A secret, and an entry that has it in one of the places where people put secrets."""
    secret = draw(SECRET)
    program = draw(st.sampled_from(["npx", "uvx", "docker", "node", "/usr/bin/python", "sh", "cmd", "env"]))
    words = [
        [f"--token={secret}"],
        ["--api-key", secret],
        [secret],
        ["-y", secret],
        ["-y", "some-package", secret],
        ["run", "-e", f"KEY={secret}", "some/image"],
        ["run", f"some/image:{secret}"],
        [f"some-package@{secret}"],
        ["--from", f"git+https://{secret}@git.example.com/a.git", "a"],
        ["-c", f"A={secret} serve"],
        ["/c", "npx", secret],
        [f"A={secret}", "npx", "a"],
        [f"-p{secret}"],
        [f"postgres://u:{secret}@db/x"],
        ["mcp-remote", f"https://{secret}.example.com/x", "--header", f"Authorization: Bearer {secret}"],
    ]
    url = [f"https://a:{secret}@h.example/", f"https://h.example/{secret}", f"https://h.example/?k={secret}", secret]
    url += [f"https://h.example/#{secret}", f"https://{secret}.h.example/", f"https://h.example:{secret}/", f"ftp://{secret}/"]
    entry: dict[str, Any] = draw(
        st.one_of(
            st.sampled_from(words).map(lambda args: {"command": program, "args": args}),
            st.sampled_from(url).map(lambda text: {"url": text}),
            st.just({"command": secret}),
            st.just({"command": f"/opt/{secret}/x", "cwd": secret}),
            st.just({"command": ["node", secret]}),
            st.just({"command": "node", "env": {"K": secret}}),
            st.just({"url": "https://h.example", "headers": {"X-Key": secret}, "bearer_token_env_var": secret}),
            st.just({"type": secret, "url": "https://h.example", "auth": {"CLIENT_SECRET": secret}}),
        )
    )
    return secret, entry


@given(entries_with())
def test_a_secret_is_never_told_wherever_it_stands(case: tuple[str, dict[str, Any]]) -> None:
    secret, entry = case
    told = everything_told(found_server(FILE, Entry("server", entry)))
    assert secret.lower() not in told.lower()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_entry_is_a_server_whatever_is_in_it(value: Any) -> None:
    keys = ("command", "args", "env", "url", "headers", "type", "cwd")
    for key in keys:
        everything_told(found_server(FILE, Entry("server", {"command": "npx", key: value})))
        everything_told(found_server(FILE, Entry("server", {key: value})))


@pytest.mark.parametrize("text", [*IN_HOME.items(), *IN_REPOSITORY.items(), *((case.path, case.text) for case in CASES)])
def test_the_secrets_of_each_client_are_left_out(text: tuple[str, str]) -> None:
    file = ConfigFile(client_of(Path("home", text[0])) or Client.OPENCODE, Path(text[0]))
    for entry in entries_of(text[1].encode(), format_of(file.path), file.client):
        told = everything_told(found_server(file, entry))
        assert not [secret for secret in SECRETS if secret in told]


def test_names_of_programs_packages_and_options_stay() -> None:
    assert shown_command(["/usr/bin/node", "--max-size", "12", "x", "--port=1"], {}) == f"node --max-size {GONE} --port={GONE}"
    assert shown_word("C:\\Program Files\\nodejs\\npx.cmd") == "npx.cmd"
    assert not any(
        map(looks_secret, ["mcp-server-fetch", "@modelcontextprotocol/server-sequential-thinking", "chrome-devtools-mcp"])
    )
    assert looks_secret("ghp_16C7e42F292c6912E7710c838347Ae178B4a")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.example:8443/x?y#z", ("https://a.example:8443", "a.example")),
        ("http://[::1]:8000/mcp", ("http://[::1]:8000", "::1")),
        ("https://good.example@evil.example/", ("https://evil.example", "evil.example")),
        ("https://evil.example\\@good.example/", (GONE, None)),
        ("https://exa\tmple.com/", (GONE, None)),
        ("javascript:alert(1)", (GONE, None)),
        ("https://h.example:99999/", (GONE, None)),
    ],
)
def test_of_an_address_the_origin_is_shown(url: str, origin: tuple[str, str | None]) -> None:
    assert shown_origin(url) == origin


def test_a_written_secret_is_remarked_upon() -> None:
    for args in (
        ["--api-key", "abc"],
        ["-e", "SLACK_TOKEN=abc"],
        ["postgres://u:p@h/d"],
        ["--header", "Authorization: Bearer abc"],
    ):
        server = found_server(FILE, Entry("server", {"command": "npx", "args": ["a@1.0.0", *args]}))
        assert "a secret may stand in its arguments, where other programs see it" in server.notes, args
        assert judge(
            server, identify(server, ()), Tools((), "a file"), (), Changes(first=True), governed=False
        ).severity is Severity.MEDIUM  # fmt: skip
    quiet = found_server(
        FILE, Entry("server", {"command": "npx", "args": ["a@1.0.0", "--api-key", "${KEY}", "-e", "SLACK_TOKEN"]})
    )
    assert not quiet.notes
