"""From the name of an organisation to its id."""

from __future__ import annotations

from yett.admin.desk import Desk
from yett.admin.errors import NotFound
from yett.stores.control.transaction import Whole


def organisation_named(desk: Desk, reference: str | None) -> str:
    """The id of the organisation of this name or id; of the oldest one, for None. Errors: `NotFound`."""

    def look(whole: Whole) -> str:
        found = whole.organisations()
        for one in found:
            if reference is None or reference in {one.id, one.name}:
                return one.id
        raise NotFound(f"there is no organisation `{reference}`")

    return desk.look(look)
