"""Routes to policy as code."""

from __future__ import annotations

from typing import Final

from yett.admin.apply_views import ApplyResult, ApplyWanted, Exported
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("policy as code")


@ROUTER.post("/apply")
def apply(service: Asked, wanted: ApplyWanted) -> ApplyResult:
    """Make things as the documents say, all or nothing; or tell what would change."""
    return service.apply(wanted)


@ROUTER.get("/export")
def export(service: Asked) -> Exported:
    """Everything as documents."""
    return service.export()
