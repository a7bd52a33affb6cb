"""Every use case of the control plane as a Protocol, whether it runs here or is asked over HTTP."""

from __future__ import annotations

from typing import Protocol

from yett.admin.apply_views import ApplyResult, ApplyWanted, Exported
from yett.admin.control_policies import PolicyControl
from yett.admin.issuer_views import IssuerChanged, IssuerView, NewIssuer
from yett.admin.stop_views import StopChanged, StopView, StopWanted
from yett.admin.views import (
    Attachment,
    ChangeLine,
    GrantChanged,
    GrantMinted,
    GrantView,
    NewGrant,
    NewServer,
    ServerChanged,
    ServerView,
    StatusView,
)


class StopControl(Protocol):
    """The kill switch."""

    def stops(self) -> list[StopView]: ...

    def stop(self, wanted: StopWanted) -> StopChanged: ...

    def resume(self, wanted: StopWanted) -> StopChanged: ...


class ApplyControl(Protocol):
    """Policy as code."""

    def apply(self, wanted: ApplyWanted) -> ApplyResult: ...

    def export(self) -> Exported: ...


class IssuerControl(Protocol):
    """Issuers of access tokens."""

    def issuers(self) -> list[IssuerView]: ...

    def issuer(self, reference: str) -> IssuerView: ...

    def add_issuer(self, new: NewIssuer) -> IssuerChanged: ...

    def change_issuer(self, reference: str, new: NewIssuer) -> IssuerChanged: ...

    def remove_issuer(self, reference: str) -> IssuerChanged: ...


class Control(IssuerControl, StopControl, ApplyControl, PolicyControl, Protocol):
    """Every use case of the control plane, whether it runs here or is asked over HTTP.

    Errors: `AdminFault` for what is refused, `OperatorFault` for what cannot be done.
    """

    def status(self) -> StatusView: ...

    def changes(self, limit: int = 100, before: int | None = None, search: str = "") -> list[ChangeLine]: ...

    def servers(self, search: str = "") -> list[ServerView]: ...

    def server(self, reference: str) -> ServerView: ...

    def add_server(self, new: NewServer) -> ServerChanged: ...

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged: ...

    def grants(self, server: str | None = None, search: str = "") -> list[GrantView]: ...

    def grant(self, reference: str) -> GrantView: ...

    def mint_grant(self, new: NewGrant) -> GrantMinted: ...

    def rotate_grant(self, reference: str) -> GrantMinted: ...

    def revoke_grant(self, reference: str) -> GrantChanged: ...

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged: ...
