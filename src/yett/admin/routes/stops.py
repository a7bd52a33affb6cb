"""Routes to the kill switch."""

from __future__ import annotations

from typing import Final

from yett.admin.routes.asked import Asked, router
from yett.admin.stop_views import StopChanged, StopView, StopWanted

ROUTER: Final = router("kill switch")


@ROUTER.get("/stops")
def list_stops(service: Asked) -> list[StopView]:
    """What is stopped, the widest first."""
    return service.stops()


@ROUTER.post("/stops")
def stop(service: Asked, wanted: StopWanted) -> StopChanged:
    """Refuse every call of a grant, to a server, of the organisation, or all; open streams end."""
    return service.stop(wanted)


@ROUTER.post("/resumptions")
def resume(service: Asked, wanted: StopWanted) -> StopChanged:
    """Let it go on."""
    return service.resume(wanted)
