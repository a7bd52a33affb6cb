"""The kill switch, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.remote import Remote
from yett.admin.stop_views import StopChanged, StopView, StopWanted


class RemoteStops(Remote):
    """The kill switch's part of `yett.admin.control.Control`."""

    __slots__ = ()

    def stops(self) -> list[StopView]:
        return self.get("/stops", list[StopView])

    def stop(self, wanted: StopWanted) -> StopChanged:
        return self.send("POST", "/stops", StopChanged, asdict(wanted))

    def resume(self, wanted: StopWanted) -> StopChanged:
        return self.send("POST", "/resumptions", StopChanged, asdict(wanted))
