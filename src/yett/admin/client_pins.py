"""Pins, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.client_servers import LOOK_S
from yett.admin.pin_views import AcceptPins, NewPinMode, PinList, PinsChanged
from yett.admin.remote import Remote, step


class RemotePins(Remote):
    """The part of `yett.admin.control.Control` for pins."""

    __slots__ = ()

    def pins(self, reference: str) -> PinList:
        return self.get(f"/servers/{step(reference)}/pins", PinList)

    def accept_pins(self, reference: str, wanted: AcceptPins) -> PinsChanged:
        return self.send("POST", f"/servers/{step(reference)}/pins/accepted", PinsChanged, asdict(wanted), timeout_s=LOOK_S)

    def set_pin_mode(self, reference: str, new: NewPinMode) -> PinsChanged:
        return self.send("PUT", f"/servers/{step(reference)}/pins/mode", PinsChanged, asdict(new))
