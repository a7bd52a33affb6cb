"""Routes to policies."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.views import NewRevision, PolicyChanged, PolicyPage, PolicyText

ROUTER: Final = router("policies")
Number = Annotated[int, Query(ge=1, le=2**31 - 1)]


@ROUTER.get("/policies")
def list_policies(service: Asked, wanted: Wanted, server: str | None = None) -> PolicyPage:
    """Policies by name: all, or those that grants of one server may have."""
    return service.policy_page(wanted, server)


@ROUTER.get("/policies/{policy}")
def show_policy(service: Asked, policy: str, revision: Number | None = None) -> PolicyText:
    """One policy with the text that judges, or with the text of one revision."""
    return service.policy(policy, revision)


@ROUTER.put("/policies/{policy}")
def set_policy(service: Asked, policy: str, new: NewRevision) -> PolicyChanged:
    """Save a text, and have it judge unless it is a draft. It is a new revision if it means something else than the last one."""
    return service.set_policy(policy, new)
