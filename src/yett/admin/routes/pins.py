"""Routes to pins: which tools are as they were accepted, and accepting those that are not."""

from __future__ import annotations

from typing import Final

from yett.admin.pin_views import AcceptPins, NewPinMode, PinList, PinsChanged
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("catalogue")


@ROUTER.get("/servers/{server}/pins")
def list_pins(service: Asked, server: str) -> PinList:
    """The tools of a server as they were accepted, beside what it listed when it was last asked."""
    return service.pins(server)


@ROUTER.post("/servers/{server}/pins/accepted")
def accept_pins(service: Asked, server: str, wanted: AcceptPins) -> PinsChanged:
    """Let definitions count, each named by the fingerprint that was shown; refused where one is another by now."""
    return service.accept_pins(server, wanted)


@ROUTER.put("/servers/{server}/pins/mode")
def set_pin_mode(service: Asked, server: str, new: NewPinMode) -> PinsChanged:
    """Say how strictly a server is held to its pins."""
    return service.set_pin_mode(server, new)
