"""The use cases about people from the outside, by the same way as all others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from yett.admin.listing import PAGE_MAX, Listing
from yett.admin.people.client import RemotePeople
from yett.admin.people.control import PeopleControl
from yett.admin.people.views import MemberView
from yett.admin.remote import Remote
from yett.app.control import connect
from yett.errors import OperatorFault
from yett.settings import Settings


@contextmanager
def connect_people(settings: Settings, organisation: str | None = None) -> Iterator[PeopleControl]:
    """As `yett.app.control.connect`, for people, in the organisation of this name or id; in the oldest one by default.

    Errors: `OperatorFault`; `NotFound` for an unknown organisation.
    """
    with connect(settings) as control:
        if isinstance(control, Remote):
            same = {field.name: getattr(control, field.name) for field in fields(Remote)}
            yield RemotePeople(**{**same, "organisation": organisation or control.organisation})
            return
        # SQLAlchemy and what hashes passwords: only where no control plane runs.
        from yett.admin.organisation import organisation_named  # noqa: PLC0415 - as said above
        from yett.admin.people.service import PeopleService  # noqa: PLC0415 - as said above
        from yett.admin.service import Service  # noqa: PLC0415 - as said above

        if not isinstance(control, Service):
            raise OperatorFault("the control plane cannot be asked about people here")
        principal = control.principal
        if organisation is not None:
            principal = replace(principal, organisation=organisation_named(control.desk, organisation))
        yield PeopleService(control.desk, principal)


def all_members(people: PeopleControl) -> list[MemberView]:
    """Every page of them."""
    found: list[MemberView] = []
    after: str | None = ""
    while after is not None:
        page = people.members(Listing(limit=PAGE_MAX, after=after))
        found += page.items
        after = page.next
    return found
