"""The use cases of the control plane.

Each is one transaction, writes one line of the admin log for each thing it changes, and tells the data planes.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

from yett import __version__
from yett.admin.apply import ApplyCases
from yett.admin.approvals import ApprovalCases
from yett.admin.approvals_standing import ApprovalStandingCases
from yett.admin.cases import ELSEWHERE
from yett.admin.credentials.cases import CredentialCases
from yett.admin.drift import DriftCases
from yett.admin.errors import Invalid
from yett.admin.grant_edits import GrantEditCases
from yett.admin.grant_requests import GrantRequestCases
from yett.admin.issuers import IssuerCases
from yett.admin.permissions import Permission
from yett.admin.pins import PinCases
from yett.admin.policy_history import PolicyHistoryCases
from yett.admin.policy_uses import PolicyUseCases
from yett.admin.registry_cases import RegistryCases
from yett.admin.server_imports import ImportCases
from yett.admin.server_steps import StepCases
from yett.admin.showing import change_line
from yett.admin.stop import StopCases
from yett.admin.views import ChangeLine, StatusView
from yett.admin.webhooks import WebhookCases
from yett.stores.control.transaction import Whole

LOG_LINES_MAX: Final = 1_000
UNWELL_MAX: Final = 100


class Service(
    ApprovalCases,
    ApprovalStandingCases,
    CredentialCases,
    ImportCases,
    StepCases,
    GrantEditCases,
    GrantRequestCases,
    PolicyHistoryCases,
    PolicyUseCases,
    ApplyCases,
    RegistryCases,
    WebhookCases,
    DriftCases,
    PinCases,
    IssuerCases,
    StopCases,
):
    """Implements `yett.admin.control.Control` where the store is."""

    __slots__ = ()

    def status(self) -> StatusView:
        """Counts, connected data planes, and what is not as it was written."""
        self.require(Permission.VIEW)

        def look(whole: Whole) -> tuple[int, int, int, int, list[str]]:
            read, reach = whole.of(self.principal.organisation), self.principal.servers
            live = sum(read.grants.live_by_server(self.now_ns(), reach).values())
            unwell = read.servers.unwell(UNWELL_MAX, reach)
            if reach is None:
                return whole.revision(), read.servers.count(), live, read.policies.count(), unwell
            servers, policies = read.servers.listed(only=reach), read.policies.listed(only=reach)
            return whole.revision(), len(servers), live, len(policies), unwell

        revision, servers, grants, policies, unwell = self.desk.look(look)
        problems, planes = self.desk.problems(), self.desk.data_planes()
        if self.is_one_of_several():
            problems = [ELSEWHERE] if problems else []
            planes = [replace(plane, problems=[ELSEWHERE] if plane.problems else []) for plane in planes]
        return StatusView(
            version=__version__,
            pid=os.getpid(),
            revision=revision,
            servers=servers,
            grants=grants,
            policies=policies,
            data_planes=planes,
            problems=problems,
            unwell=unwell,
        )

    def changes(self, limit: int = 100, before: int | None = None, search: str = "") -> list[ChangeLine]:
        """Lines of the admin log, newest first: the last ones, or those before the line numbered `before`."""
        self.principal.require_everywhere(Permission.SEE_ADMIN_LOG)
        if not 1 <= limit <= LOG_LINES_MAX:
            raise Invalid(f"the number of lines must be from 1 to {LOG_LINES_MAX:,}", pointer="/limit")
        found = self.read(lambda read: read.log.listed(limit=limit, before=before, search=search))
        return [change_line(change) for change in found]
