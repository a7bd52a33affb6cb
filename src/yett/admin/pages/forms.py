"""What browsers post: read one way, small, and only from our own pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.requests import Request

from yett.admin.errors import Forbidden, Invalid, TooLarge
from yett.admin.people.doors import check_same_site, doors_of
from yett.admin.people.entrance import Entrance
from yett.admin.people.handles import is_handle, same

FORM_BYTES_MAX: Final = 512 * 1024
"""A form may hold a policy."""
FIELDS_MAX: Final = 128
"""A form may name each argument of a call."""
STALE: Final = "this page was open for too long, or cookies are off; try again"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form."""

    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """What was written there; empty where there is no such field."""
        return self.fields.get(name, "")


async def read_form(request: Request) -> Form:
    """The form that was posted, from a page of this site. Whose page, `check_form` or the session's token says.

    Errors: `Forbidden`, `Invalid`, `TooLarge`.
    """
    check_same_site(request, doors_of(request).rules)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Invalid("a form is posted as `application/x-www-form-urlencoded`")
    body = await request.body()
    if len(body) > FORM_BYTES_MAX:
        raise TooLarge(f"the form is longer than {FORM_BYTES_MAX:,} bytes")
    try:
        pairs = parse_qsl(body.decode("ascii"), True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise Invalid("the form cannot be read") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Invalid("the form names a field twice")
    return Form(fields)


Posted = Annotated[Form, Depends(read_form)]


def anonymous_token(entrance: Entrance, cookie: str) -> str:
    """What the forms of a browser that nobody is signed in with carry."""
    return entrance.digest("form", cookie)


def check_form(request: Request, form: Form) -> None:
    """Errors: `Forbidden` for a form of a page that was not given to this browser."""
    doors = doors_of(request)
    cookie = doors.cookie(request, "form")
    if not is_handle(cookie) or not same(form.get("csrf"), anonymous_token(doors.entrance, cookie)):
        raise Forbidden(STALE)
