"""Routes to policies."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Query

from yett.admin.policy_views import (
    GrantList,
    GrantsChanged,
    PolicyDiff,
    PolicyEdit,
    PolicyRemoved,
    Publishing,
    Restoring,
    RevisionPage,
    Unpublishing,
)
from yett.admin.routes.asked import Asked, Wanted, router
from yett.admin.views import GrantPage, NewRevision, PolicyChanged, PolicyPage, PolicyText

ROUTER: Final = router("policies")
NUMBER_MAX: Final = 2**31 - 1
Number = Annotated[int, Query(ge=1, le=NUMBER_MAX)]


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


@ROUTER.patch("/policies/{policy}")
def edit_policy(service: Asked, policy: str, edit: PolicyEdit) -> PolicyChanged:
    """Rename a policy, or bind it to a server, so that only grants of that one may have it."""
    return service.edit_policy(policy, edit)


@ROUTER.delete("/policies/{policy}")
def remove_policy(service: Asked, policy: str) -> PolicyRemoved:
    """Remove a policy that no live grant has."""
    return service.remove_policy(policy)


@ROUTER.get("/policies/{policy}/revisions")
def list_revisions(service: Asked, policy: str, wanted: Wanted) -> RevisionPage:
    """Its revisions, newest first."""
    return service.policy_revisions(policy, wanted)


@ROUTER.post("/policies/{policy}/revisions/{number}/restore")
def restore_revision(
    service: Asked, policy: str, number: Annotated[int, Path(ge=1, le=NUMBER_MAX)], wanted: Restoring
) -> PolicyChanged:
    """Have an old text as a new revision, which judges unless it is to be a draft."""
    return service.restore_policy(policy, number, wanted)


@ROUTER.get("/policies/{policy}/diff")
def diff_revisions(
    service: Asked,
    policy: str,
    earlier: Annotated[int | None, Query(alias="from", ge=0, le=NUMBER_MAX, description="0 is nothing.")] = None,
    later: Annotated[int | None, Query(alias="to", ge=1, le=NUMBER_MAX)] = None,
) -> PolicyDiff:
    """How two revisions differ; left out, what judges and the newest one."""
    return service.policy_diff(policy, earlier, later)


@ROUTER.post("/policies/{policy}/publish")
def publish_policy(service: Asked, policy: str, wanted: Publishing) -> PolicyChanged:
    """Have a revision judge, from the next call on."""
    return service.publish_policy(policy, wanted)


@ROUTER.post("/policies/{policy}/unpublish")
def unpublish_policy(service: Asked, policy: str, wanted: Unpublishing) -> PolicyChanged:
    """Have no revision judge. Refused while live grants have the policy, unless forced: they are denied everything then."""
    return service.unpublish_policy(policy, wanted)


@ROUTER.get("/policies/{policy}/uses")
def list_uses(service: Asked, policy: str, wanted: Wanted) -> GrantPage:
    """The live grants that have it, oldest first."""
    return service.policy_uses(policy, wanted)


@ROUTER.post("/policies/{policy}/attach")
def attach_to_grants(service: Asked, policy: str, wanted: GrantList) -> GrantsChanged:
    """Have it judge the calls of several grants: of all of them, or of none if one cannot have it."""
    return service.attach_all(policy, wanted)


@ROUTER.post("/policies/{policy}/detach")
def detach_from_grants(service: Asked, policy: str, wanted: GrantList) -> GrantsChanged:
    """Take it away from several grants, whose every call is denied then."""
    return service.detach_all(policy, wanted)
