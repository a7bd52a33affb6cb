"""A refusal as a page, where a browser asked for one. Programs get problem details, and so does whoever asks the API."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from yett.admin.pages.looks import page

_FOR_PROGRAMS: Final = ("/api/", "/v0/", "/mcp", "/healthz")


def refusal_page(request: Request, problem: Mapping[str, Any]) -> Response | None:
    """The page that says `problem`; None where it is to be JSON."""
    wanted = "text/html" in request.headers.get("accept", "")
    if not wanted or request.method not in {"GET", "HEAD"} or request.url.path.startswith(_FOR_PROGRAMS):
        return None
    status: int = problem["status"]
    title = "There is nothing here" if status == HTTPStatus.NOT_FOUND else problem["title"]
    return page(request, "refusal", status=status, csrf="", title=title, error=problem["detail"])
