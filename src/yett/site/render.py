"""Pages of the catalogue as HTML. Everything that a server says is escaped; addresses are made by whoever shows the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from yett.catalog.attack_arguments import ALL_ATTACKS
from yett.catalog.attacks import Attack
from yett.catalog.owasp import owasp_named
from yett.catalog.page_model import ServerPage, ServerRow, ToolPage
from yett.catalog.quoting import visible

_HERE: Final = Path(__file__).parent
STYLE: Final = _HERE / "catalog.css"
SCRIPT: Final = _HERE / "catalog.js"
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_SPAN: Final = re.compile("`([^`]+)`")


def spans(text: str) -> Markup:
    """A sentence of ours with its code spans; what it quotes is escaped like everything else."""
    return Markup(_SPAN.sub(r"<code>\1</code>", str(escape(visible(text)))))  # noqa: S704 - escaped before, and only tags of ours added


_TEMPLATES.filters["visible"] = visible
_TEMPLATES.filters["spans"] = spans
_TEMPLATES.filters["owasp"] = owasp_named
_TEMPLATES.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses, as seen from one page."""

    asset: Callable[[str], str]
    """Of a file beside the pages, by name."""
    home: str
    server: Callable[[str], str]
    """Of a server's page, by slug."""
    tool: Callable[[str, str], str]
    """Of a tool's page, by slug and tool name."""
    attack: Callable[[str], str]
    attacks: str
    markdown: str | None = None
    """Of the same page as Markdown."""
    json: str | None = None
    use: str | None = None
    """Where the recommended policy is taken over; None in a static site."""
    page: Callable[[int], str] | None = None
    """Of a page of a large server's tools, by number."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What somebody looked for, and what can be found."""

    query: str = ""
    found: Sequence[tuple[str, Any]] = ()
    """Tools, each with its server's slug."""
    indexed: tuple[int, int] | None = None
    """Servers and tools that are found beside those that are listed."""


def index_html(
    rows: Sequence[ServerRow],
    links: Links,
    searched: Searched = Searched(),
    *,
    static: bool = False,
    further: str | None = None,
) -> str:
    """A list of servers, and what a search found; `further`: where the rest of the servers are."""
    tools = sum(row.tool_count for row in rows)
    return _rendered("index", links, rows=rows, tools=tools, searched=searched, static=static, further=further)


def server_html(page: ServerPage, links: Links) -> str:
    """The page of a server."""
    return _rendered("server", links, page=page)


def tool_html(page: ToolPage, links: Links) -> str:
    """The page of a tool."""
    return _rendered("tool", links, page=page)


def attacks_html(links: Links) -> str:
    """The attack database."""
    return _rendered("attacks", links, attacks=ALL_ATTACKS)


def attack_html(attack: Attack, links: Links) -> str:
    """The page of an attack."""
    return _rendered("attack", links, attack=attack)


def attack_of(slug: str) -> Attack | None:
    """The attack of this slug."""
    return next((attack for attack in ALL_ATTACKS if attack.slug == slug), None)


def page_of(template: str, **values: Any) -> str:
    """A page that is no part of the catalogue."""
    return _TEMPLATES.get_template(f"{template}.html").render(**values)


def _rendered(template: str, links: Links, **values: Any) -> str:
    return page_of(template, links=links, **values)
