"""The whole catalogue as a static site: pages, their Markdown and JSON, a search, and `llms.txt` for models that read it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from yett.catalog.attack_arguments import ALL_ATTACKS
from yett.catalog.markdown import attack_markdown, server_markdown, tool_markdown
from yett.catalog.page_model import CataloguedServer, ServerPage, ServerRow, server_row
from yett.catalog.pages import server_page, tool_page
from yett.errors import OperatorFault
from yett.site.render import SCRIPT, STYLE, Links, attack_html, attacks_html, index_html, server_html, tool_html

ATTACKS: Final = "-attacks"
"""Where the attacks stand; no server's slug begins with `-`."""
SEARCHED: Final = "search.js"
"""What the search looks through."""
_BEFORE: Final = "window.catalogued = "
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}", re.ASCII)
_RESERVED: Final = frozenset({"index", "con", "prn", "aux", "nul"})
_FORMS: Final = (".html", ".md", ".json", ".css", ".js", ".txt")
"""What our own files end with: a tool `a.md` must not stand where the page of `a` does."""


def export_site(directory: Path, servers: Sequence[CataloguedServer], progress: Callable[[str], None] = lambda _: None) -> int:
    """Write the site; how many pages it has. Errors: `OperatorFault` where the directory is not empty or cannot be written."""
    try:
        if directory.exists() and any(directory.iterdir()):
            raise OperatorFault(f"`{directory}` is not empty; name another directory, or empty it")
        directory.mkdir(parents=True, exist_ok=True)
        return _write(directory, servers, progress)
    except OSError as error:
        raise OperatorFault(f"cannot write the site to `{directory}`: {error.strerror}") from error


def file_name(text: str) -> str:
    """A file or folder name for `text`: itself where that is safe everywhere, else a digest of it."""
    lower = text.lower()
    if _PLAIN.fullmatch(text) and lower not in _RESERVED and not lower.endswith((".", *_FORMS)):
        return text
    return f"x-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _write(directory: Path, servers: Sequence[CataloguedServer], progress: Callable[[str], None]) -> int:
    pages = [server_page(server) for server in servers]
    rows = [server_row(page) for page in pages]
    for asset in (STYLE, SCRIPT):
        (directory / asset.name).write_bytes(asset.read_bytes())
    _put(directory / "index.html", index_html(rows, _links("./"), static=True))
    count = 1 + _write_attacks(directory)
    for server, page in zip(servers, pages, strict=True):
        progress(server.name)
        count += _write_server(directory / file_name(server.slug), server, page)
    entries = [entry for server, page in zip(servers, pages, strict=True) for entry in _entries(server, page)]
    # A script and no data file: a page that is opened from a disk may load the one and not fetch the other.
    _put(directory / SEARCHED, f"{_BEFORE}{json.dumps(entries, ensure_ascii=False)};\n")
    _put(directory / "llms.txt", _llms(rows))
    return count


def _write_attacks(directory: Path) -> int:
    folder = directory / ATTACKS
    _put(folder / "index.html", attacks_html(_links("../")))
    for attack in ALL_ATTACKS:
        links = _links("../../", markdown=f"../{attack.slug}.md", json=f"../{attack.slug}.json")
        _put(folder / attack.slug / "index.html", attack_html(attack, links))
        _put(folder / f"{attack.slug}.md", attack_markdown(attack))
        _put(folder / f"{attack.slug}.json", as_json(attack))
    return 1 + len(ALL_ATTACKS)


def _write_server(folder: Path, server: CataloguedServer, page: ServerPage) -> int:
    _put(folder / "index.html", server_html(page, _links("../", markdown="index.md", json="index.json")))
    _put(folder / "index.md", server_markdown(page))
    _put(folder / "index.json", as_json(page))
    for tool, _ in server.tools:
        shown = tool_page(server, tool.name)
        assert shown is not None, "a tool of this server"
        name = file_name(tool.name)
        links = _links("../../", markdown=f"../{name}.md", json=f"../{name}.json")
        _put(folder / name / "index.html", tool_html(shown, links))
        _put(folder / f"{name}.md", tool_markdown(shown))
        _put(folder / f"{name}.json", as_json(shown))
    return 1 + len(server.tools)


def _links(root: str, *, markdown: str | None = None, json: str | None = None) -> Links:
    """Addresses relative to a page whose site begins at `root`: they work from a disk as from any server."""
    return Links(
        asset=lambda name: f"{root}{name}",
        home=f"{root}index.html",
        server=lambda slug: f"{root}{file_name(slug)}/index.html",
        tool=lambda slug, name: f"{root}{file_name(slug)}/{file_name(name)}/index.html",
        attack=lambda slug: f"{root}{ATTACKS}/{slug}/index.html",
        attacks=f"{root}{ATTACKS}/index.html",
        markdown=markdown,
        json=json,
    )


def _entries(server: CataloguedServer, page: ServerPage) -> Iterator[dict[str, str]]:
    """What the search looks through."""
    about = {tool.name: f"{tool.title} {tool.description}"[:500] for tool, _ in server.tools}
    for row in page.tools:
        yield {
            "name": row.name,
            "server": server.name,
            "class": row.risk.value,
            "url": f"{file_name(server.slug)}/{file_name(row.name)}/index.html",
            "text": f"{row.name} {server.name} {row.risk.value} {about[row.name]}".lower(),
        }


def _llms(rows: Sequence[ServerRow]) -> str:
    lines = [
        "# Yett catalogue",
        "",
        "> What tools of MCP servers can do, how risky they are, and which policy to begin with.",
        "",
    ]
    lines += ["## Servers", ""]
    for row in rows:
        lines.append(f"- [{_bare(row.name)}]({file_name(row.slug)}/index.md): grade {row.letter}, {row.tool_count} tools")
    lines += ["", "## Attacks", ""]
    lines += [f"- [{attack.name}]({ATTACKS}/{attack.slug}.md): {attack.summary}" for attack in ALL_ATTACKS]
    return "\n".join(lines) + "\n"


def _bare(text: str) -> str:
    return re.sub(r"[^\w .@/-]", "_", text)


def as_json(page: Any) -> str:
    """A page as JSON."""
    text = json.dumps(page, default=_plain, ensure_ascii=False)
    try:
        return f"{msgspec.json.format(text, indent=2)}\n"
    except ValueError:  # half of a surrogate pair
        return json.dumps(page, default=_plain, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> object:
    """One level of what JSON does not know: a dataclass, a set, a mapping."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value) if isinstance(value, Mapping) else sorted(value)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
