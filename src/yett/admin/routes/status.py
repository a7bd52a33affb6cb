"""Routes that tell how things stand, and what was changed."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from yett.admin.listing import SEARCH_MAX
from yett.admin.routes.asked import Asked, router
from yett.admin.service import LOG_LINES_MAX
from yett.admin.views import ChangeLine, StatusView

ROUTER: Final = router("status")


@ROUTER.get("/status")
def status(service: Asked) -> StatusView:
    """Counts, connected data planes, and what is not as it was written."""
    return service.status()


@ROUTER.get("/changes")
def changes(
    service: Asked,
    limit: Annotated[int, Query(ge=1, le=LOG_LINES_MAX)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    search: Annotated[str, Query(max_length=SEARCH_MAX)] = "",
) -> list[ChangeLine]:
    """Lines of the admin log, newest first."""
    return service.changes(limit, before, search)
