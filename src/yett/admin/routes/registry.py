"""Routes of the registry, `/v0`: what is known of servers, read-only, with a feed of changes and an export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
from fastapi import Query
from starlette.responses import StreamingResponse

from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX
from yett.admin.registry_views import HITS_MAX, ChangeKind, ChangePage, Class, Hits, Level, RecordPage, ToolRecord
from yett.admin.routes.asked import Asked, router
from yett.catalog.record import ServerRecord

ROUTER: Final = router("registry")
LINES: Final = "application/x-ndjson"
SLUG_MAX: Final = 200
_SEARCH: Final = Query(max_length=SEARCH_MAX, description="Every word of it must stand there.")


@ROUTER.get("/servers")
def list_records(
    service: Asked,
    q: Annotated[str, _SEARCH] = "",
    after: Annotated[str, Query(max_length=SLUG_MAX, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> RecordPage:
    """Servers of this installation, and those that come with Yett, by slug."""
    return service.records(q, after, limit)


@ROUTER.get("/servers/{slug}")
def show_record(service: Asked, slug: str) -> ServerRecord:
    """Everything that is known of a server: identity, grade, posture, tools, history."""
    return service.record(slug)


@ROUTER.get("/servers/{slug}/tools/{tool:path}")
def show_tool_record(service: Asked, slug: str, tool: str) -> ToolRecord:
    """One tool: its class, why, and the recommended policy."""
    return service.tool_record(slug, tool)


@ROUTER.get("/search")
def search(
    service: Asked,
    q: Annotated[str, _SEARCH],
    risk: Annotated[Class | None, Query(alias="class", description="Tools of this class only.")] = None,
    severity: Annotated[Level | None, Query(description="Tools of this severity only.")] = None,
    server: Annotated[str | None, Query(max_length=SLUG_MAX, description="Tools of this server only, by slug.")] = None,
    limit: Annotated[int, Query(ge=1, le=HITS_MAX)] = HITS_MAX,
) -> Hits:
    """Servers and tools by name, the riskiest tools first."""
    return service.find_tools(q, risk, severity, server, limit)


@ROUTER.get("/changes")
def list_server_changes(
    service: Asked,
    server: Annotated[str | None, Query(max_length=SEARCH_MAX, description="Of this server only, by name or id.")] = None,
    severity: Annotated[Level | None, Query(description="Of this severity, or a graver one.")] = None,
    kind: Annotated[list[ChangeKind] | None, Query(description="Of these kinds only; may stand several times.")] = None,
    after: Annotated[
        str | None, Query(max_length=32, description="`cursor` of a page: oldest first from there; `0` for the beginning.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> ChangePage:
    """How servers changed: tools, grades, postures, identities. Newest first, or with `after` as a feed, oldest first."""
    return service.server_changes(server, severity, kind or (), after, limit)


@ROUTER.get("/export", response_class=StreamingResponse, responses={200: {"content": {LINES: {}}}})
def export_registry(service: Asked) -> StreamingResponse:
    """The record of every server, one JSON object a line."""
    records = service.export_records()

    def lines() -> Iterator[bytes]:
        for record in records:
            yield msgspec.json.encode(record) + b"\n"

    return StreamingResponse(lines(), media_type=LINES)
