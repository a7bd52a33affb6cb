"""How our pages are made and sent: templates that escape everything, and fields that keep scripts, frames and caches out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from yett.admin.pages.forms import anonymous_token
from yett.admin.people.doors import doors_of
from yett.admin.people.handles import is_handle, new_handle

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    # Not `no-referrer`: browsers then send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_HERE: Final = Path(__file__).parent
STYLE: Final = (_HERE / "style.css").read_bytes()
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(request: Request, template: str, *, status: int = 200, csrf: str | None = None, **values: Any) -> Response:
    """The page from this template. Its forms carry `csrf`; without one, a token that only this browser has."""
    doors, given = doors_of(request), None
    if csrf is None:
        shown = doors.cookie(request, "form")
        given = None if is_handle(shown) else new_handle()
        csrf = anonymous_token(doors.entrance, given or shown)
    text = _TEMPLATES.get_template(f"{template}.html").render({"error": None, "csrf": csrf, **values})
    response = HTMLResponse(text, status, HEADERS)
    if given is not None:
        doors.cookies.give(response, "form", given)
    return response


def see_other(path: str) -> Response:
    """Have the browser ask for another page of ours."""
    return RedirectResponse(path, 303, HEADERS)
