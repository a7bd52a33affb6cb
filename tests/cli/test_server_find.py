"""`yett server known`, `yett server import`, and adding a well-known server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.registry_server import Registry, entry, serving_registry
from tests.cli.terminal import Terminal
from yett.admin.outside import Seen


@pytest.fixture
def registry(terminal: Terminal) -> Iterator[Registry]:
    remote = {"remotes": [{"type": "streamable-http", "url": "http://127.0.0.1:9/mcp"}]}
    program = {"packages": [{"registryType": "npm", "identifier": "weather-mcp", "version": "1.0.0"}]}
    names = ("io.github.a/weather", "io.github.a/wind", "io.github.a/wood")
    with serving_registry(entry(names[0], **remote), entry(names[1], **program), entry(names[2])) as running:
        (terminal.directory / "yett.toml").write_text(f'[registry]\nurl = "{running.url}"\n')
        yield running


def test_well_known_servers_are_listed_and_searched(terminal: Terminal) -> None:
    out = terminal.ok("server", "known").out
    assert "https://api.githubcopilot.com/mcp/" in out
    assert [one["name"] for one in terminal.ok("server", "known", "git repository", "--json").json["items"]] == ["git"]
    assert terminal.ok("server", "known", "nothing like it").err == "no well-known server is like `nothing like it`\n"


def test_a_well_known_server_is_added_by_its_name(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.app.lookout.ServerLookout.look", lambda *_, **__: Seen({"tools": []}, None))
    monkeypatch.setattr("yett.app.lookout.ServerLookout.refusal", lambda *_: None)
    terminal.ok("server", "add", "github")
    assert terminal.ok("server", "show", "github", "--json").json["url"] == "https://api.githubcopilot.com/mcp/"
    terminal.ok("server", "add", "square")
    assert terminal.ok("server", "show", "square", "--json").json["transport"] == "sse"


def test_a_well_known_program_is_told_as_the_command_that_adds_it(terminal: Terminal) -> None:
    done = terminal.run("server", "add", "time")
    assert done.status == 2
    assert "`time` is a program; add it with: yett server add time -- uvx mcp-server-time" in done.err
    assert terminal.ok("server", "list", "--json").json == []


def test_a_server_of_the_registry_is_found_and_imported(terminal: Terminal, registry: Registry) -> None:
    done = terminal.ok("server", "import", "--search", "w")
    assert "io.github.a/weather" in done.out
    assert "yett server add wind -- npx -y weather-mcp@1.0.0" in done.out
    assert done.err == "note: there are more: say --cursor io.github.a/wind\n"
    assert "io.github.a/wood" in terminal.ok("server", "import", "--search", "w", "--cursor", "io.github.a/wind").out
    assert terminal.ok("server", "import", "io.github.a/weather", "--as", "rain").out == "the server `rain` is added\n"
    assert terminal.ok("server", "show", "rain", "--json").json["url"] == "http://127.0.0.1:9/mcp"


def test_a_program_of_the_registry_is_told_and_not_added(terminal: Terminal, registry: Registry) -> None:
    done = terminal.run("server", "import", "io.github.a/wind")
    assert done.status == 3
    assert "run there: yett server add wind -- npx -y weather-mcp@1.0.0" in done.err
    assert terminal.ok("server", "list", "--json").json == []


@pytest.mark.parametrize("words", [[], ["a/b", "--search", "x"]])
def test_an_import_names_one_server_or_a_search(terminal: Terminal, words: list[str]) -> None:
    assert terminal.run("server", "import", *words).status == 2


def test_without_a_registry_the_setting_is_named(terminal: Terminal) -> None:
    done = terminal.run("server", "import", "io.github.a/weather")
    assert (done.status, "`registry.url`" in done.err) == (3, True)
