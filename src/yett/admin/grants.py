"""Use cases about grants: minting, listing, new tokens, ending, and which policy judges."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_

from yett.admin.cases import Cases
from yett.admin.checks import check_tags, check_text, duration_ns, expiry_ns
from yett.admin.errors import Conflict
from yett.admin.grant_views import GrantFilter, Rotation
from yett.admin.kept_tokens import keep_token, token_vault
from yett.admin.listing import Listing, grant_place, read_grant_place
from yett.admin.permissions import Permission
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantPage, GrantView, NewGrant
from yett.gateway.tokens import digest, mint
from yett.sealing.vault import Vault
from yett.stores.control.grants import PURPOSE, live
from yett.stores.control.records import Grant, NamedGrant, Policy, Server
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction

OVERLAP_NS_MAX: Final = 30 * 86_400 * 10**9
"""How long an old token may stay good beside the new one."""
EVERY: Final = GrantFilter()


class GrantCases(Cases):
    """The grants part of `yett.admin.control.Control`."""

    __slots__ = ()

    def grants(self, server: str | None = None, search: str = "", wanted: GrantFilter = EVERY) -> list[GrantView]:
        """All within reach, or those of one server, oldest first."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[GrantView]:
            where = self._grants_where(read, replace(wanted, server=server or wanted.server))
            return [self.show_grant(found) for found in read.grants.listed(*where, search=search, only=self.principal.servers)]

        return self.read(look)

    def grant_page(self, listing: Listing, wanted: GrantFilter = EVERY) -> GrantPage:
        """Some of them."""
        self.require(Permission.VIEW)
        after = read_grant_place(listing.after)

        def look(read: Transaction) -> GrantPage:
            where, limit, only = self._grants_where(read, wanted), listing.limit + 1, self.principal.servers
            found = read.grants.listed(*where, search=listing.search, after=after, limit=limit, only=only)
            shown = found[: listing.limit]
            following = grant_place(shown[-1].grant) if len(found) > len(shown) else None
            return GrantPage(items=[self.show_grant(one) for one in shown], next=following)

        return self.read(look)

    def grant(self, reference: str) -> GrantView:
        """One, by id or label."""
        self.require(Permission.VIEW)
        return self.read(lambda read: self.show_grant(self.find_grant(read, reference)))

    def mint_grant(self, new: NewGrant) -> GrantMinted:
        """Mint one; the answer holds its token."""
        self.require(Permission.MANAGE_GRANTS)
        vault = token_vault(self.desk)
        (view, token), answer = self.change(lambda write: self.mint_within(write, new, vault))
        return GrantMinted(grant=view, token=token, applied=answer.applied, note=answer.note)

    def mint_within(self, write: Transaction, new: NewGrant, vault: Vault | None, **detail: str) -> tuple[GrantView, str]:
        """Mint one as part of a larger change; its token is kept if there is a vault."""
        token = mint()
        server = self.find_server(write, new.server)
        policy = self.find_policy(write, new.policy) if new.policy is not None else None
        if policy is not None:
            fits(policy, server)
        grant = self._checked_grant(new, server, policy, token)
        owner, owner_id = self.owner_of(write, new.owner)
        grant = replace(grant, owner=owner, owner_id=owner_id)
        write.grants.add(grant)
        keep_token(write, vault, grant.id, token, self.now_ns())
        view = self.show_stored_grant(write, grant)
        said = {"server": server.name, "policy": view.policy or "", **detail}
        self.log(write, "grant.minted", (grant.id, grant.label), after=view, **said)
        return view, token

    def rotate_grant(self, reference: str, rotation: Rotation | None = None) -> GrantMinted:
        """Give one a new token. The old one is over at once, or after the overlap that is asked for."""
        self.require(Permission.MANAGE_GRANTS)
        overlap_ns = 0
        if rotation is not None and rotation.overlap is not None:
            overlap_ns = duration_ns("overlap", rotation.overlap, OVERLAP_NS_MAX)
        vault, token = token_vault(self.desk), mint()

        def work(write: Transaction) -> GrantView:
            found, now_ns = self.find_live_grant(write, reference), self.now_ns()
            after = replace(
                found.grant,
                digest=digest(token, self.desk.environment.token_key),
                previous_digest=found.grant.digest if overlap_ns else None,
                previous_until_ns=now_ns + overlap_ns if overlap_ns else None,
                rotated_at_ns=now_ns,
            )
            keep_token(write, vault, after.id, token, now_ns)
            said = rotation.overlap if rotation is not None and overlap_ns else None
            return self.replace_within(write, found, "grant.rotated", after, overlap=said or "")

        view, answer = self.change(work)
        return GrantMinted(grant=view, token=token, applied=answer.applied, note=answer.note)

    def revoke_grant(self, reference: str) -> GrantChanged:
        """End one, for its next call."""
        self.require(Permission.MANAGE_GRANTS)
        view, answer = self.change(lambda write: self.revoke_within(write, self.find_live_grant(write, reference)))
        return GrantChanged(grant=view, applied=answer.applied, note=answer.note)

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged:
        """Give one another policy, or none."""
        self.require(Permission.ATTACH_POLICIES)

        def work(write: Transaction) -> GrantView:
            policy = self.find_policy(write, attachment.policy) if attachment.policy is not None else None
            return self.attach_within(write, reference, policy)

        view, answer = self.change(work)
        return GrantChanged(grant=view, applied=answer.applied, note=answer.note)

    def attach_within(self, write: Transaction, reference: str, policy: Policy | None) -> GrantView:
        """Give the grant `policy`, as part of a larger change."""
        found = self.find_live_grant(write, reference)
        if policy is not None:
            fits(policy, self.find_server(write, found.grant.server_id))
        action = "grant.attached" if policy else "grant.detached"
        after = replace(found.grant, policy_id=policy.id if policy else None)
        return self.replace_within(write, found, action, after, policy=policy.name if policy else "")

    def revoke_within(self, write: Transaction, found: NamedGrant, **detail: str) -> GrantView:
        """Revoke a grant, as part of a larger change. Its token is kept no longer."""
        after = replace(found.grant, revoked_at_ns=self.now_ns(), previous_digest=None, previous_until_ns=None)
        write.secrets.drop(after.id, PURPOSE)
        return self.replace_within(write, found, "grant.revoked", after, **detail)

    def replace_within(self, write: Transaction, found: NamedGrant, action: str, after: Grant, **detail: str) -> GrantView:
        """Write what a grant is now, and the line of the log that tells of it."""
        before = self.show_grant(found)
        write.grants.replace(after)
        view = self.show_stored_grant(write, after)
        self.log(write, action, (after.id, after.label), before=before, after=view, **detail)
        return view

    def owner_of(self, read: Transaction, text: str | None) -> tuple[str | None, str | None]:
        """What is written as owner, and the member's id if it is the address or id of one; nobody for no text."""
        if not text:
            return None, None
        member = read.members.find(text)
        return (check_text("the owner", text, "/owner"), None) if member is None else (member.email, member.member.user_id)

    def _grants_where(self, read: Transaction, wanted: GrantFilter) -> list[ColumnElement[bool]]:
        where: list[ColumnElement[bool]] = []
        if wanted.server is not None:
            where.append(grants.c.server_id == self.find_server(read, wanted.server).id)
        if wanted.policy is not None:
            where.append(grants.c.policy_id == self.find_policy(read, wanted.policy).id)
        if wanted.owner is not None:
            where.append(or_(grants.c.owner_id == wanted.owner, func.lower(grants.c.owner) == wanted.owner.lower()))
        if wanted.status is not None:
            where.append(_standing(wanted.status, self.now_ns()))
        return where

    def _checked_grant(self, new: NewGrant, server: Server, policy: Policy | None, token: str) -> Grant:
        """The row that `new` asks for."""
        now_ns = self.now_ns()
        return Grant(
            id=f"g-{secrets.token_hex(6)}",
            server_id=server.id,
            policy_id=None if policy is None else policy.id,
            digest=digest(token, self.desk.environment.token_key),
            label=check_text("the label", new.label, "/label"),
            owner=check_text("the owner", new.owner, "/owner") if new.owner else None,
            tags=check_tags(new.tags),
            reason=check_text("the reason", new.reason, "/reason"),
            created_at_ns=now_ns,
            expires_at_ns=expiry_ns(new.expires, now_ns) if new.expires is not None else None,
        )


def _standing(status: str, now_ns: int) -> Any:
    """Whether a grant stands so."""
    if status == "revoked":
        return grants.c.revoked_at_ns.is_not(None)
    if status == "expired":
        return and_(grants.c.revoked_at_ns.is_(None), grants.c.expires_at_ns <= now_ns)
    is_stopped = grants.c.stopped_at_ns.is_not(None) if status == "stopped" else grants.c.stopped_at_ns.is_(None)
    return and_(live(now_ns), is_stopped)


def fits(policy: Policy, server: Server) -> None:
    """Errors: `Conflict` where the policy is bound to another server, or judges nothing yet."""
    if policy.server_id not in (None, server.id):
        raise Conflict(f"the policy `{policy.name}` is for another server than `{server.name}`", pointer="/policy")
    if policy.published is None:
        raise Conflict(f"the policy `{policy.name}` is a draft; publish it first", pointer="/policy")
