"""Who may do what in the control plane: the one place where that is decided.

Roles are a ladder; each includes those below. A role, and an API token, may be confined to some servers. Roles govern the
control plane only: agents have grants.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from yett.admin.errors import Forbidden, NotFound


class Role(StrEnum):
    """What a member is in an organisation, the mightiest first."""

    ADMIN = "admin"
    POLICY_MANAGER = "policy_manager"
    VIEWER = "viewer"


class Permission(StrEnum):
    """One thing that somebody may be allowed; also the scope of an API token."""

    VIEW = "view"
    """See servers, policies, labels of grants, decisions."""
    EDIT_POLICIES = "policies:edit"
    """Create, edit, publish and delete policies."""
    ATTACH_POLICIES = "policies:attach"
    """Give existing grants another policy, or none."""
    REQUEST_GRANTS = "grants:request"
    """Ask for a grant for a while, which an admin approves or denies."""
    DECIDE_APPROVALS = "approvals:decide"
    """Say yes or no to calls that wait for people, where one is an approver: any member may be named as one by a rule. What
    else it takes is in `yett.approvals.who`."""
    MANAGE_GRANTS = "grants:manage"
    """Mint, rotate, reveal, revoke, edit; approve and deny what was asked for."""
    MANAGE_SERVERS = "servers:manage"
    """Add, edit and remove servers."""
    MANAGE_CREDENTIALS = "credentials:manage"
    """Upstream addresses' headers, OAuth, sealed values; nobody sees the values again."""
    MANAGE_MEMBERS = "members:manage"
    """Invite and remove members, change roles, make API tokens."""
    MANAGE_ORGANISATION = "organisation:manage"
    """Issuers of access tokens, and what else concerns the organisation as a whole."""
    STOP = "stop"
    """The kill switch: stop a grant, a server, or everything, and let it go on."""
    SEE_ADMIN_LOG = "log:admin"
    """Who changed what."""


_VIEWER: Final = frozenset({Permission.VIEW, Permission.REQUEST_GRANTS, Permission.DECIDE_APPROVALS})
_POLICY_MANAGER: Final = _VIEWER | {Permission.EDIT_POLICIES, Permission.ATTACH_POLICIES}
ALLOWED: Final = {Role.VIEWER: _VIEWER, Role.POLICY_MANAGER: _POLICY_MANAGER, Role.ADMIN: frozenset(Permission)}
"""The matrix."""

Kind = Literal["operator", "member", "token", "settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, in which organisation, and what they are allowed there."""

    kind: Kind
    """`operator`: whoever holds the admin token or runs commands on this host; `settings`: the configuration file."""
    name: str
    """Stands in the admin log."""
    organisation: str
    """Id."""
    permissions: frozenset[Permission]
    servers: frozenset[str] | None = None
    """Ids of the servers that these permissions reach; None for all."""
    user_id: str | None = None
    address: str | None = None
    """Where the request came from; None for a command on this host."""

    def may(self, permission: Permission) -> bool:
        """Whether this is allowed at all."""
        return permission in self.permissions

    def reaches(self, server_id: str | None) -> bool:
        """Whether this server is within reach; None is what concerns every server."""
        return self.servers is None or (server_id is not None and server_id in self.servers)

    def require(self, permission: Permission) -> None:
        """Errors: `Forbidden`, naming who has the permission."""
        if permission not in self.permissions:
            holders = [role.value for role in Role if permission in ALLOWED[role]]
            raise Forbidden(f"`{permission}` is not allowed to {self.name}; it takes the role {' or '.join(holders)}")

    def require_everywhere(self, permission: Permission) -> None:
        """For what concerns all servers. Errors: `Forbidden`."""
        self.require(permission)
        if self.servers is not None:
            raise Forbidden(f"`{permission}` for the whole organisation is not allowed to {self.name}, confined to some servers")

    def require_reach(self, server_id: str | None, what: str) -> None:
        """What lies out of reach is answered like what is not there. Errors: `NotFound`."""
        if not self.reaches(server_id):
            raise NotFound(what)


def operator(name: str, organisation: str, *, kind: Kind = "operator", address: str | None = None) -> Principal:
    """Whoever runs this installation: all permissions."""
    return Principal(kind=kind, name=name, organisation=organisation, permissions=ALLOWED[Role.ADMIN], address=address)
