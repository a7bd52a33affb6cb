"""Use cases about grants."""

from __future__ import annotations

import secrets
from dataclasses import replace

from yett.admin.cases import Cases
from yett.admin.checks import check_tags, check_text, expiry_ns
from yett.admin.errors import Conflict
from yett.admin.listing import Listing, grant_place, read_grant_place
from yett.admin.permissions import Permission
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantPage, GrantView, NewGrant
from yett.gateway.tokens import digest, mint
from yett.stores.control.records import Grant, NamedGrant, Policy, Server
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction


class GrantCases(Cases):
    """The grants part of `yett.admin.control.Control`."""

    __slots__ = ()

    def grants(self, server: str | None = None, search: str = "") -> list[GrantView]:
        """All within reach, or those of one server, oldest first."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[GrantView]:
            where = [] if server is None else [grants.c.server_id == self.find_server(read, server).id]
            return [self.show_grant(found) for found in read.grants.listed(*where, search=search, only=self.principal.servers)]

        return self.read(look)

    def grant_page(self, listing: Listing, server: str | None = None) -> GrantPage:
        """Some of them."""
        self.require(Permission.VIEW)
        after = read_grant_place(listing.after)

        def look(read: Transaction) -> GrantPage:
            where = [] if server is None else [grants.c.server_id == self.find_server(read, server).id]
            found = read.grants.listed(
                *where, search=listing.search, after=after, limit=listing.limit + 1, only=self.principal.servers
            )
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
        token = mint()

        def work(write: Transaction) -> GrantView:
            server = self.find_server(write, new.server)
            policy = self.find_policy(write, new.policy) if new.policy is not None else None
            if policy is not None:
                fits(policy, server)
            grant = self._checked_grant(new, server, policy, token)
            write.grants.add(grant)
            view = self.show_stored_grant(write, grant)
            self.log(write, "grant.minted", (grant.id, grant.label), after=view, server=server.name, policy=view.policy or "")
            return view

        view, answer = self.change(work)
        return GrantMinted(grant=view, token=token, applied=answer.applied, note=answer.note)

    def rotate_grant(self, reference: str) -> GrantMinted:
        """Give one a new token."""
        self.require(Permission.MANAGE_GRANTS)
        token = mint()

        def work(write: Transaction) -> GrantView:
            found = self.find_live_grant(write, reference)
            new = digest(token, self.desk.environment.token_key)
            return self.replace_within(
                write, found, "grant.rotated", replace(found.grant, digest=new, rotated_at_ns=self.now_ns())
            )

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
        """Revoke a grant, as part of a larger change."""
        return self.replace_within(write, found, "grant.revoked", replace(found.grant, revoked_at_ns=self.now_ns()), **detail)

    def replace_within(self, write: Transaction, found: NamedGrant, action: str, after: Grant, **detail: str) -> GrantView:
        """Write what a grant is now, and the line of the log that tells of it."""
        before = self.show_grant(found)
        write.grants.replace(after)
        view = self.show_stored_grant(write, after)
        self.log(write, action, (after.id, after.label), before=before, after=view, **detail)
        return view

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


def fits(policy: Policy, server: Server) -> None:
    """Errors: `Conflict` where the policy is bound to another server, or judges nothing yet."""
    if policy.server_id not in (None, server.id):
        raise Conflict(f"the policy `{policy.name}` is for another server than `{server.name}`", pointer="/policy")
    if policy.published is None:
        raise Conflict(f"the policy `{policy.name}` is a draft; publish it first", pointer="/policy")
