"""What an MCP registry says, read with care."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from yett.admin.registry import ENTRIES_MAX, META, read_entry, read_page, slug_of, wanted_headers
from yett.admin.server_views import RegistryServer


def entry(**more: Any) -> dict[str, Any]:
    server = {"name": "io.github.somebody/weather", "description": "Tells the weather.", "version": "1.2.0", **more}
    return {"server": server, "_meta": {META: {"status": "active", "isLatest": True}}}


def read(**more: Any) -> RegistryServer:
    found = read_entry(entry(**more))
    assert found is not None
    return found


def remote(url: object, kind: str = "streamable-http", **more: Any) -> dict[str, Any]:
    return {"remotes": [{"type": kind, "url": url, **more}]}


def package(**more: Any) -> dict[str, Any]:
    return {"packages": [{"registryType": "npm", "identifier": "@some/weather", "version": "1.2.0", **more}]}


def test_a_remote_server_is_read_with_its_transport() -> None:
    found = read(**remote("https://weather.example/mcp"))
    assert (found.url, found.transport, found.command, found.problem) == ("https://weather.example/mcp", "http", None, None)
    assert (found.name, found.version, found.status) == ("io.github.somebody/weather", "1.2.0", "active")
    assert read(**remote("https://weather.example/sse", "sse")).transport == "sse"


def test_streamable_http_is_preferred_to_the_old_transport() -> None:
    remotes = [{"type": "sse", "url": "https://w.example/sse"}, {"type": "streamable-http", "url": "https://w.example/mcp"}]
    assert read(remotes=remotes).url == "https://w.example/mcp"


def test_an_entry_of_the_first_form_of_the_api_is_read_too() -> None:
    found = read_entry(
        {
            "name": "io.a/b",
            "version": "1",
            "description": "x",
            "remotes": [{"transport_type": "sse", "url": "https://b.example/"}],
        }
    )
    assert found is not None
    assert (found.url, found.transport) == ("https://b.example/", "sse")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("javascript:alert(1)", "no plain http"),
        ("file:///etc/passwd", "no plain http"),
        ("https://u:p@w.example/", "no plain http"),
        ("https://w.example/\x00", "no plain http"),
        ("https://w.example/{tenant}/mcp", "parts to be filled in"),
        ("{base}/mcp", "parts to be filled in"),
        ("https://w.example/" + "x" * 5_000, "no text"),
        (7, "no text"),
    ],
)
def test_an_address_that_is_none_is_said_to_be(url: object, problem: str) -> None:
    found = read(**remote(url))
    assert (found.url, found.transport) == (None, None)
    assert problem in (found.problem or "")


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ({}, "npx -y @some/weather@1.2.0"),
        ({"registryType": "pypi", "identifier": "weather-mcp"}, "uvx weather-mcp@1.2.0"),
        ({"registryType": "oci", "identifier": "ghcr.io/some/weather"}, "docker run -i --rm ghcr.io/some/weather:1.2.0"),
        ({"registryType": "oci", "identifier": "ghcr.io/some/weather:9"}, "docker run -i --rm ghcr.io/some/weather:9"),
        ({"registryType": "nuget", "identifier": "Some.Weather"}, "dnx Some.Weather@1.2.0 --yes"),
        ({"transport": {"type": "stdio"}}, "npx -y @some/weather@1.2.0"),
    ],
)
def test_a_program_is_told_as_the_command_to_run_on_the_host(said: dict[str, Any], command: str) -> None:
    found = read(**package(**said))
    assert (found.url, found.command) == (None, f"yett server add weather -- {command}")


def test_arguments_and_variables_join_the_command() -> None:
    found = read(
        **package(
            packageArguments=[
                {"type": "positional", "valueHint": "directory", "isRequired": True},
                {"type": "named", "name": "--mode", "value": "fast walk"},
                {"type": "named", "name": "--optional"},
            ],
            environmentVariables=[
                {"name": "API_KEY", "isSecret": True},
                {"name": "REGION", "isRequired": True},
                {"name": "DEBUG"},
            ],
        )
    )
    assert found.command == (
        "yett server add weather --env API_KEY=env:API_KEY --env REGION=env:REGION -- npx -y @some/weather@1.2.0"
        " '<directory>' '--mode=fast walk'"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"identifier": "x; rm -rf ~"},
        {"identifier": "--yes"},
        {"identifier": "$(id)"},
        {"identifier": "../../evil"},
        {"identifier": "git+https://evil.example/x"},
        {"identifier": "a" * 300},
        {"version": "1; id"},
        {"version": "--help"},
        {"registryType": "mcpb", "identifier": "https://x.example/y.mcpb"},
        {"registryType": 7},
        {"transport": {"type": "streamable-http", "url": "http://localhost"}},
    ],
)
def test_no_command_is_made_of_what_is_no_package(said: dict[str, Any]) -> None:
    found = read(**package(**said))
    assert found.command is None
    assert found.problem is not None


def test_hostile_words_stay_single_words() -> None:
    evil = "$(touch /tmp/x); `id` \x1b[2J\n& echo '"
    found = read(
        **package(
            packageArguments=[{"type": "positional", "value": evil}, {"type": "named", "name": evil, "value": evil}],
            environmentVariables=[{"name": "A; rm", "isRequired": True}, {"name": "LD\nX", "isSecret": True}],
            runtimeArguments=[{"type": "named", "name": "--privileged", "value": "true"}],
        )
    )
    assert found.command is not None
    words = shlex.split(found.command)
    assert words[:7] == ["yett", "server", "add", "weather", "--", "npx", "-y"]
    assert len(words) == 10
    assert found.command.isprintable()
    assert "--privileged" not in found.command


@pytest.mark.parametrize(
    "more",
    [{"name": "noslash"}, {"name": "a/../b"}, {"name": 7}, {"name": "a/b\n"}, {"version": None}, {"version": "1 2"}],
)
def test_an_entry_without_a_proper_name_or_version_is_none(more: dict[str, Any]) -> None:
    assert read_entry(entry(**more)) is None


def test_text_is_cut_and_free_of_controls_and_links_are_plain() -> None:
    found = read(
        **remote("https://w.example/"), title="T\x1b]0;x\x07", description="d\u202e" * 9_000, websiteUrl="javascript:alert(1)"
    )
    assert len(found.description) <= 1_000
    assert found.description.isprintable()
    assert (found.title, found.website) == ("T ]0;x", None)
    assert read(**remote("https://w.example/"), websiteUrl="https://w.example/about").website == "https://w.example/about"


def test_a_page_counts_what_it_leaves_out() -> None:
    page = read_page({"servers": [entry(), {"server": {}}, 7, entry(name="x")], "metadata": {"nextCursor": "abc", "count": 4}})
    assert (len(page.items), page.left_out, page.next) == (1, 3, "abc")
    assert len(read_page({"servers": [entry()] * (ENTRIES_MAX + 5)}).items) == ENTRIES_MAX


@pytest.mark.parametrize(
    "answer",
    [{}, {"servers": None}, {"servers": {}}, {"servers": [], "metadata": []}, {"servers": [], "metadata": {"nextCursor": 7}}],
)
def test_a_page_of_another_form_is_empty(answer: dict[str, Any]) -> None:
    page = read_page(answer)
    assert (page.items, page.next) == ([], None)


def test_the_last_page_names_no_next_one() -> None:
    assert read_page({"servers": [], "metadata": {"nextCursor": ""}}).next is None
    assert read_page({"servers": [], "metadata": {"nextCursor": "x" * 5_000}}).next is None


def test_headers_that_an_address_wants_are_named() -> None:
    wanted = remote("https://w.example/", headers=[{"name": "X-Key", "isSecret": True}, {"name": "a b"}, 7])
    assert wanted_headers(entry(**wanted)) == ["X-Key"]
    assert wanted_headers(entry()) == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [("io.github.a/Weather_2.x", "weather_2.x"), ("a/-.x", "x"), ("a/...", "server"), ("a/" + "y" * 90, "y" * 63)],
)
def test_a_slug_is_the_last_part_of_the_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug
