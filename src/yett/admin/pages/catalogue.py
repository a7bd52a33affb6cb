"""Pages of the catalogue: open for what comes with Yett and the index; an organisation's own servers for its members only.

Each page is also there as Markdown (`.md`) and as JSON (`.json`). Recommended policies become drafts here, never more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import islice
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from yett.admin.authentication import authenticate
from yett.admin.errors import NotFound, Unauthorised
from yett.admin.listing import Listing
from yett.admin.outside import Index, usable
from yett.admin.pages.looks import HEADERS
from yett.admin.service import Service
from yett.catalog.finding import Found, Sought, words_of
from yett.catalog.markdown import attack_markdown, server_markdown, tool_markdown
from yett.catalog.page_model import CataloguedServer, ChangeRow, ServerPage, ServerRow, ToolRow, server_row
from yett.catalog.pages import part_page, server_page, tool_page
from yett.catalog.record import RecordChange
from yett.site.export import as_json
from yett.site.known import known_rows, known_server, known_slugs, search_known
from yett.site.render import (
    SCRIPT,
    STYLE,
    Links,
    Searched,
    attack_html,
    attack_of,
    attacks_html,
    index_html,
    server_html,
    tool_html,
)

router: Final = APIRouter(include_in_schema=False, prefix="/catalog")
HERE: Final = "/catalog"
OURS: Final = f"{HERE}/-"
"""Below this stand pages of ours; no name of a server begins with `-`."""
FORMS: Final = (".md", ".json")
SERVERS_MAX: Final = 50
"""Of one's own, on one page."""
FOUND_MAX: Final = 50
"""Tools that a search shows."""
CHANGED_MAX: Final = 10
"""Changes of tools on the page of a server."""
QUERY_MAX: Final = 200
_ALLOWING: Final = (
    "script-src 'self'; connect-src 'self'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FIELDS: Final = {**HEADERS, "content-security-policy": f"default-src 'none'; {_ALLOWING}"}
_MARKDOWN: Final = "text/markdown; charset=utf-8"


@router.get("")
def index(request: Request, q: str = "", after: str = "") -> Response:
    """Servers, page by page, and the tools that fit a search."""
    query, own = q[:QUERY_MAX], _own(request)
    shown, onward = ([], None) if own is None else own.catalogued_servers(Listing(limit=SERVERS_MAX, after=after[:QUERY_MAX]))
    known = [] if after else _others(own)
    rows = sorted([*known, *(server_row(server_page(server)) for server in shown)], key=lambda row: row.slug)
    further = None if onward is None else f"{HERE}?{urlencode({'after': onward})}"
    searched = Searched(query, _found(request, own, query), _index(request).size())
    return _page(index_html(rows, _links(), searched, further=further))


def _found(request: Request, own: Service | None, query: str) -> list[tuple[str, Found | ToolRow]]:
    """The tools that fit a search, with the slugs of their servers: one's own, then what fits best of the others."""
    words = query.lower().split()
    if not words:
        return []
    servers = [] if own is None else own.catalogued_with(words)
    fits = (
        (server.slug, tool)
        for server in sorted(servers, key=lambda server: server.slug)
        for tool in server_page(server).tools
        if all(word in f"{tool.name} {tool.title} {server.name} {tool.risk}".lower() for word in words)
    )
    mine: list[tuple[str, Found | ToolRow]] = list(islice(fits, FOUND_MAX))
    return [*mine, *((one.slug, one) for one in _found_elsewhere(request, own, query))][:FOUND_MAX]


def _found_elsewhere(request: Request, own: Service | None, query: str) -> list[Found]:
    sought = Sought(words_of(query))
    if not sought.words:
        return []
    others = [one for one in _index(request).search(sought) if one.slug not in known_slugs()]
    found = sorted([*search_known(sought), *others], key=lambda one: one.order)
    taken = frozenset[str]() if own is None else own.server_names({one.slug for one in found})
    return [one for one in found if one.slug not in taken]


@router.get("/-/attacks")
def attacks() -> Response:
    """The attack database."""
    return _page(attacks_html(_links()))


@router.get("/-/attacks/{slug}")
def attack(slug: str) -> Response:
    """One attack."""
    name, form = _split(slug, lambda name: attack_of(name) is not None)
    found = attack_of(name)
    if found is None:
        raise NotFound("there is no page of this name")
    links = _links(f"{OURS}/attacks/{found.slug}")
    return _answer(form, lambda: attack_html(found, links), lambda: attack_markdown(found), found)


@router.get("/-/catalog.css")
def style() -> Response:
    """How the pages look."""
    return Response(STYLE.read_bytes(), headers=_public(), media_type="text/css")


@router.get("/-/catalog.js")
def script() -> Response:
    """Copy buttons."""
    return Response(SCRIPT.read_bytes(), headers=_public(), media_type="text/javascript")


@router.get("/{server}")
def show_server(request: Request, server: str, page: int = 1) -> Response:
    """A server: its grade, its tools, page by page, the recommended policy."""
    shown, form = _shown(request, server, page), ""
    for ending in FORMS:
        if shown is None and server.endswith(ending):
            shown, form = _shown(request, server.removesuffix(ending), page), ending
    if shown is None:
        raise _unknown()
    here = _server_at(shown.slug)
    links = replace(_links(here, use=_use(shown.slug, None)), page=lambda number: f"{here}?page={number}")
    onward = f"{here}{form}?page={shown.page + 1}" if shown.page < shown.pages else None
    told = {**{one.name: getattr(shown, one.name) for one in fields(shown)}, "next": onward} if form == ".json" else None
    return _answer(form, lambda: server_html(shown, links), lambda: server_markdown(shown, onward), told)


@router.get("/{server}/{tool:path}")
def show_tool(request: Request, server: str, tool: str) -> Response:
    """A tool: its risk, why, what abuses it, how to control it."""
    found = _server(request, server)
    if found is None:
        raise _unknown()
    listed = {one.name for one, _ in found.tools}
    name, form = _split(tool, lambda name: name in listed)
    if found.indexed:
        found = _index(request).tool(server, name) or found
    shown = tool_page(found, name)
    if shown is None:
        raise _unknown()
    links = _links(_tool_at(server, name), use=_use(found.slug, name))
    return _answer(form, lambda: tool_html(shown, links), lambda: tool_markdown(shown), shown)


def _own(request: Request) -> Service | None:
    """What whoever asks may do; None for a stranger."""
    try:
        return Service(request.app.state.desk, authenticate(request))
    except Unauthorised:
        return None


def _shown(request: Request, name: str, page: int) -> ServerPage | None:
    """A page of the tools of the server of this name."""
    found = _listed(request, name)
    if found is not None:
        return server_page(found, _changed(request, found), _history(request, found), page)
    part = _index(request).part(name, page)
    return None if part is None else part_page(part)


def _server(request: Request, name: str) -> CataloguedServer | None:
    """The server of this name: one of whoever asks, else one that comes with Yett, else one of the index."""
    return _listed(request, name) or _index(request).server(name)


def _listed(request: Request, name: str) -> CataloguedServer | None:
    """The same without the index."""
    own = _own(request)
    try:
        found = None if own is None else own.catalogued_server(name)
    except NotFound:
        found = None
    if found is not None and found.slug == name:
        return found
    return known_server(name)


def _index(request: Request) -> Index:
    return usable(request.app.state.desk.environment.index)


def _others(own: Service | None) -> list[ServerRow]:
    """Servers that come with Yett and whose place none of one's own takes."""
    names = frozenset[str]() if own is None else own.server_names(known_slugs())
    return [row for row in known_rows() if row.slug not in names]


def _changed(request: Request, server: CataloguedServer) -> tuple[ChangeRow, ...]:
    """What changed lately of a server of whoever asks."""
    if server.known:
        return ()
    page = Service(request.app.state.desk, authenticate(request)).tool_changes(server.slug, limit=CHANGED_MAX)
    return tuple(ChangeRow(one.at, one.tool, one.kind, one.severity, one.what, one.diff) for one in page.items)


def _history(request: Request, server: CataloguedServer) -> tuple[RecordChange, ...]:
    """The whole of it, as its record has it."""
    return () if server.known else Service(request.app.state.desk, authenticate(request)).record(server.slug).changes


def _unknown() -> NotFound:
    return NotFound("there is no such server or tool here; sign in to see your own")


def _split(text: str, is_name: Callable[[str], bool]) -> tuple[str, str]:
    """The name and the form that a path asks for: a name may end in `.md` itself."""
    for ending in FORMS:
        if text.endswith(ending) and not is_name(text) and is_name(text.removesuffix(ending)):
            return text.removesuffix(ending), ending
    return text, ""


def _answer(form: str, html: Callable[[], str], markdown: Callable[[], str], value: object) -> Response:
    if form == ".md":
        return Response(markdown(), headers=FIELDS, media_type=_MARKDOWN)
    if form == ".json":
        return Response(as_json(value), headers=FIELDS, media_type="application/json")
    return _page(html())


def _page(text: str) -> Response:
    return Response(text.encode("utf-8", "backslashreplace"), headers=FIELDS, media_type="text/html; charset=utf-8")


def _public() -> dict[str, str]:
    return {**FIELDS, "cache-control": "public, max-age=3600"}


def _links(at: str | None = None, *, use: str | None = None) -> Links:
    return Links(
        asset=lambda name: f"{OURS}/{name}",
        home=HERE,
        server=_server_at,
        tool=_tool_at,
        attack=lambda slug: f"{OURS}/attacks/{slug}",
        attacks=f"{OURS}/attacks",
        markdown=None if at is None else f"{at}.md",
        json=None if at is None else f"{at}.json",
        use=use,
    )


def _server_at(slug: str) -> str:
    return f"{HERE}/{quote(slug, safe='')}"


def _tool_at(slug: str, tool: str) -> str:
    return f"{_server_at(slug)}/{quote(tool, safe='')}"


def _use(slug: str, tool: str | None) -> str:
    """Where the recommendation is taken over."""
    query = urlencode({"tool": tool}) if tool is not None else ""
    return f"/servers/{quote(slug, safe='')}/policies/new{'?' if query else ''}{query}"
