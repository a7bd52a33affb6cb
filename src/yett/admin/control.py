"""Every use case of the control plane as a Protocol, whether it runs here or is asked over HTTP."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from yett.admin.apply_views import ApplyResult, ApplyWanted, Exported
from yett.admin.catalogue_views import NewToolClass, ServerVerdict, ToolClassChanged
from yett.admin.control_approvals import ApprovalControl
from yett.admin.control_grants import GrantControl
from yett.admin.control_policies import PolicyControl
from yett.admin.credentials.views import (
    ConnectStarted,
    CredentialChanged,
    CredentialView,
    NewCredential,
    SecretsRotated,
    SecretsView,
)
from yett.admin.drift_views import ToolChangePage
from yett.admin.issuer_views import IssuerChanged, IssuerView, NewIssuer
from yett.admin.listing import PAGE
from yett.admin.pin_views import AcceptPins, NewPinMode, PinList, PinsChanged
from yett.admin.registry_views import ChangePage, Hits, RecordPage, ToolRecord
from yett.admin.server_views import CommandList, Import, KnownList, RegistryPage, ServerChanges, StepList, ToolList
from yett.admin.stop_views import StopChanged, StopView, StopWanted
from yett.admin.views import (
    ChangeLine,
    NewServer,
    ServerChanged,
    ServerView,
    StatusView,
)
from yett.admin.webhook_views import NewWebhook, WebhookMade, WebhookView
from yett.catalog.record import ServerRecord


class CredentialControl(Protocol):
    """How the gateway proves itself to servers, and what seals that."""

    def credential(self, server: str) -> CredentialView: ...

    def set_credential(self, server: str, new: NewCredential) -> CredentialChanged: ...

    def connect(self, server: str) -> ConnectStarted: ...

    def secrets(self) -> SecretsView: ...

    def rotate_secrets(self) -> SecretsRotated: ...


class StopControl(Protocol):
    """The kill switch."""

    def stops(self) -> list[StopView]: ...

    def stop(self, wanted: StopWanted) -> StopChanged: ...

    def resume(self, wanted: StopWanted) -> StopChanged: ...


class ServerControl(Protocol):
    """Editing servers, looking at them, finding them."""

    def edit_server(self, reference: str, changes: ServerChanges, revision: str | None = None) -> ServerChanged: ...

    def look_server(self, reference: str) -> ToolList: ...

    def server_tools(self, reference: str) -> ToolList: ...

    def server_steps(self, reference: str) -> StepList: ...

    def commands(self) -> CommandList: ...

    def known_servers(self, search: str = "") -> KnownList: ...

    def registry_servers(self, search: str = "", cursor: str = "") -> RegistryPage: ...

    def import_server(self, wanted: Import) -> ServerChanged: ...


class ApplyControl(Protocol):
    """Policy as code."""

    def apply(self, wanted: ApplyWanted) -> ApplyResult: ...

    def export(self) -> Exported: ...


class CatalogueControl(Protocol):
    """What tools can do."""

    def catalogue(self, reference: str) -> ServerVerdict: ...

    def set_tool_class(self, reference: str, tool: str, new: NewToolClass) -> ToolClassChanged: ...

    def clear_tool_class(self, reference: str, tool: str) -> ToolClassChanged: ...


class DriftControl(Protocol):
    """How tools change."""

    def tool_changes(
        self, server: str | None = None, severity: str | None = None, after: str | None = None, limit: int = PAGE
    ) -> ToolChangePage: ...


class PinControl(Protocol):
    """Tools as they were accepted."""

    def pins(self, reference: str) -> PinList: ...

    def accept_pins(self, reference: str, wanted: AcceptPins) -> PinsChanged: ...

    def set_pin_mode(self, reference: str, new: NewPinMode) -> PinsChanged: ...


class RegistryControl(Protocol):
    """What is known of servers."""

    def records(self, search: str = "", after: str = "", limit: int = PAGE) -> RecordPage: ...

    def record(self, slug: str) -> ServerRecord: ...

    def tool_record(self, slug: str, tool: str) -> ToolRecord: ...

    def find_tools(
        self, search: str, risk: str | None = None, severity: str | None = None, server: str | None = None, limit: int = PAGE
    ) -> Hits: ...

    def server_changes(
        self,
        server: str | None = None,
        severity: str | None = None,
        kinds: Collection[str] = (),
        after: str | None = None,
        limit: int = PAGE,
    ) -> ChangePage: ...


class WebhookControl(Protocol):
    """Who is told of changes."""

    def webhooks(self) -> list[WebhookView]: ...

    def add_webhook(self, new: NewWebhook) -> WebhookMade: ...

    def remove_webhook(self, webhook: str) -> WebhookView: ...

    def resume_webhook(self, webhook: str) -> WebhookView: ...


class IssuerControl(Protocol):
    """Issuers of access tokens."""

    def issuers(self) -> list[IssuerView]: ...

    def issuer(self, reference: str) -> IssuerView: ...

    def add_issuer(self, new: NewIssuer) -> IssuerChanged: ...

    def change_issuer(self, reference: str, new: NewIssuer) -> IssuerChanged: ...

    def remove_issuer(self, reference: str) -> IssuerChanged: ...


class Control(
    ApprovalControl,
    CatalogueControl,
    DriftControl,
    PinControl,
    RegistryControl,
    WebhookControl,
    ServerControl,
    CredentialControl,
    IssuerControl,
    StopControl,
    ApplyControl,
    PolicyControl,
    GrantControl,
    Protocol,
):
    """Every use case of the control plane, whether it runs here or is asked over HTTP.

    Errors: `AdminFault` for what is refused, `OperatorFault` for what cannot be done.
    """

    def status(self) -> StatusView: ...

    def changes(self, limit: int = 100, before: int | None = None, search: str = "") -> list[ChangeLine]: ...

    def servers(self, search: str = "") -> list[ServerView]: ...

    def server(self, reference: str) -> ServerView: ...

    def add_server(self, new: NewServer) -> ServerChanged: ...

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged: ...
