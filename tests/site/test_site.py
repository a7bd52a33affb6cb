"""The catalogue as a site: every link leads somewhere, and no word of a server is markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from yett.catalog.model import ToolDefinition
from yett.errors import OperatorFault
from yett.site.export import export_site, file_name
from yett.site.known import by_server, catalogued, known_server

XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7*7 }}",
    "\u202egnp.exe",
    "`</code><b>`",
]


SHIPPED = [server for slug in ("redbook", "git", "amap") if (server := known_server(slug)) is not None]


class Reader(HTMLParser):
    """Collects links, scripts and handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.scripts: list[str | None] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.add(tag)
        self.handlers += [name for name in named if name.startswith("on")]
        if tag == "script":
            self.scripts.append(named.get("src"))
        for name in ("href", "src"):
            if named.get(name):
                self.links.append(str(named[name]))


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site") / "out"
    odd = [ToolDefinition(text, title=text, description=text, server="evil <server>") for text in XSS]
    odd += [
        ToolDefinition(name, server="evil <server>") for name in ("index", "..", "a/b", "CON", "x" * 300, "删除文件", "A", "a")
    ]
    pages = export_site(directory, [*SHIPPED, *by_server(odd)])
    assert pages == len(list(directory.rglob("*.html")))
    return directory


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    for path in site.rglob("*.html"):
        for link in read(path).links:
            if link.startswith("https://"):
                assert "-attacks" in str(path)
                continue
            target = (path.parent / link).resolve()
            assert target.is_file(), (path, link)
            assert target.is_relative_to(site.resolve())


def test_words_of_a_server_are_text_only(site: Path) -> None:
    for path in site.rglob("*.html"):
        reader = read(path)
        assert len(reader.scripts) == 1
        assert str(reader.scripts[0]).endswith("catalog.js")
        assert reader.handlers == []
        assert "img" not in reader.tags
        assert "b" not in reader.tags or "counts" in path.read_text()
        text = path.read_text(encoding="utf-8")
        assert "\u202e" not in text
        assert "49</" not in text


def test_every_page_is_also_there_as_markdown_and_json(site: Path) -> None:
    for name in ("generate_images", "get_project"):
        folder = site / "redbook"
        assert (folder / f"{name}.md").read_text().startswith(f"# `{name}`")
        page: Any = json.loads((folder / f"{name}.json").read_text())
        assert page["name"] == name
        assert json.loads(page["policy"])["version"] == "1"
    assert json.loads((site / "redbook" / "index.json").read_text())["grade"]["letter"] == "C"
    assert json.loads((site / "-attacks" / "rug-pull.json").read_text())["slug"] == "rug-pull"


def test_the_search_and_the_list_for_models_have_everything(site: Path) -> None:
    entries = json.loads((site / "search.js").read_text().removeprefix("window.catalogued = ").removesuffix(";\n"))
    assert len(entries) == sum(len(server.tools) for server in SHIPPED) + len(XSS) + 8
    for entry in entries:
        assert (site / entry["url"]).is_file()
    listed = re.findall(r"\]\(([^)]+)\)", (site / "llms.txt").read_text())
    assert all((site / link).is_file() for link in listed)
    assert "redbook/index.md" in listed


def test_the_search_works_in_a_page_that_is_opened_from_a_disk(site: Path) -> None:
    assert 'data-index="./search.js"' in (site / "index.html").read_text()
    assert "fetch(" not in (site / "catalog.js").read_text()  # browsers refuse it to pages of a disk


def test_names_that_differ_only_in_case_or_are_odd_have_files_of_their_own() -> None:
    names = ["index", "Index", "..", "a/b", "a\\b", "", "x" * 300, "a.", "-a", "删除"]
    assert len({file_name(name) for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", file_name(name)) for name in names)
    assert file_name("generate_images") == "generate_images"


def test_no_name_of_a_server_or_tool_takes_the_place_of_a_page_of_ours(tmp_path: Path) -> None:
    names = ("a", "a.md", "a.json", "index.md", "index.html", "INDEX.JSON")
    slugs = ("a.shop", "llms.txt", "search.js", "catalog.css", "catalog.js", "index.html")
    tools = [ToolDefinition(name) for name in names]
    servers = [catalogued(slug, slug, "", tools) for slug in slugs]
    assert export_site(tmp_path, servers) > len(slugs) * len(names)
    assert "a.shop" in (tmp_path / "llms.txt").read_text()
    assert (tmp_path / "a.shop" / "a.md").read_text().startswith("# `a`")
    assert (tmp_path / "a.shop" / "index.md").read_text().startswith("# `a.shop`")


def test_a_directory_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(OperatorFault, match="is not empty"):
        export_site(tmp_path, SHIPPED)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_redbook_is_catalogued_as_it_describes_itself() -> None:
    listing = pytest.importorskip("redbook_mcp.server.schemas", reason="RedBook is not installed")
    redbook = known_server("redbook")
    assert redbook is not None
    assert {tool.name for tool, _ in redbook.tools} == {
        *("generate_outline", "update_outline", "generate_images", "get_project", "list_all_projects"),
    }
    assert listing is not None


def test_an_administrators_word_is_shown(tmp_path: Path) -> None:
    from yett.catalog.model import Override, RiskClass

    override = Override(RiskClass.DESTRUCTIVE, "ada@example.com", "2026-01-01T00:00:00Z", "it clears a cache")
    server = catalogued("s", "S", "", [ToolDefinition("flush")], {"flush": override})
    export_site(tmp_path / "out", [server])
    text = (tmp_path / "out" / "s" / "flush" / "index.html").read_text()
    assert "set by ada@example.com on 2026-01-01T00:00:00Z" in text
