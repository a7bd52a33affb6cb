"""The servers that come with Yett: what their files hold, and what is found in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import yett.site.known as known
from yett.catalog.finding import Sought, words_of
from yett.catalog.model import RiskClass
from yett.catalog.page_model import Package, server_row
from yett.catalog.pages import server_page
from yett.site.known import known_server, known_servers, known_slugs, search_known

FILES = sorted((Path(known.__file__).parent / "known").glob("*.json"))


def test_one_server_is_as_it_is_among_all() -> None:
    for server in known_servers():
        assert known_server(server.slug) == server
    assert known_server("nobody") is None
    assert {server.slug for server in known_servers()} == known_slugs() == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_where_its_server_comes_from(path: Path) -> None:
    said = json.loads(path.read_bytes())
    server = known_server(path.stem)
    assert server is not None
    assert server.tools
    assert said["slug"] == path.stem
    assert said["about"]
    if path.stem == "redbook":
        return
    package = server.package
    assert package is not None
    assert package.ecosystem in {"pypi", "npm"}
    assert all((package.name, package.version, package.licence, package.listed))
    assert server.seen_at == package.listed
    assert str(Path.home()) not in path.read_text() or Path.home() == Path("/")
    assert "collect-" not in path.read_text()


def test_what_lists_show_of_them_is_kept_as_they_are_judged_today() -> None:
    assert known.ROWS.read_text(encoding="utf-8") == known.rows_text(), "run `python -m collect --rows`"
    assert [row.slug for row in known.known_rows()] == sorted(known_slugs())
    assert known.known_rows() == tuple(server_row(server_page(server)) for server in known_servers())


def test_search_gives_what_a_look_at_every_tool_gives() -> None:
    everything = search_known(Sought(limit=10_000))
    assert len(everything) == sum(len(server.tools) for server in known_servers())
    for risk in RiskClass:
        found = search_known(Sought(risk=risk, limit=10_000))
        assert found == [one for one in everything if one.risk is risk]
    (best, *_) = search_known(Sought(words_of("generate images")))
    assert (best.slug, best.name) == ("redbook", "generate_images")
    assert {one.slug for one in search_known(Sought(server="RedBook"))} == {"redbook"}
    assert search_known(Sought(words_of("zzyzx"))) == []


@pytest.mark.parametrize(
    ("package", "command"),
    [
        (Package("pypi", "a-server", "1", "MIT", "2026-01-01", program="a-server"), "uvx a-server@1"),
        (Package("pypi", "a.b", "1", "MIT", "2026-01-01", program="ab"), "uvx --from a.b@1 ab"),
        (Package("npm", "@s/x", "1", "MIT", "2026-01-01", ("{home}", "-v"), program="x"), "npx -y @s/x@1 DIRECTORY -v"),
        (Package("npm", "@s/x", "1", "MIT", "2026-01-01", program="other"), "npx -y -p @s/x@1 other"),
    ],
)
def test_a_package_tells_how_this_very_version_is_started(package: Package, command: str) -> None:
    assert " ".join(package.command) == command
