"""Use cases about grants."""

from __future__ import annotations

import secrets
from dataclasses import replace

from yett.admin.cases import Cases
from yett.admin.checks import check_tags, check_text, expiry_ns
from yett.admin.lookup import find_grant, find_policy, find_server, live_grant
from yett.admin.records import ControlTransaction, Grant, Policy
from yett.admin.views import Attachment, GrantChanged, GrantMinted, GrantView, NewGrant
from yett.gateway.tokens import digest, mint


class GrantCases(Cases):
    """The grants part of `yett.admin.views.Control`."""

    __slots__ = ()

    def grants(self, server: str | None = None) -> list[GrantView]:
        def look(read: ControlTransaction) -> list[GrantView]:
            only = find_server(read, server).id if server is not None else None
            return self.show_grants(read, [grant for grant in read.grants() if only in (None, grant.server_id)])

        return self.desk.read(look)

    def grant(self, reference: str) -> GrantView:
        return self.desk.read(lambda read: self.show_grant(read, find_grant(read, reference)))

    def mint_grant(self, new: NewGrant) -> GrantMinted:
        token, now_ns = mint(), self.now_ns()
        label, tags = check_text("the label", new.label), check_tags(new.tags)
        owner = check_text("the owner", new.owner) if new.owner else None
        expires_at_ns = expiry_ns(new.expires, now_ns) if new.expires is not None else None

        def work(write: ControlTransaction) -> GrantView:
            server = find_server(write, new.server)
            grant = Grant(
                id=f"g-{secrets.token_hex(6)}",
                server_id=server.id,
                policy_id=find_policy(write, new.policy).id if new.policy is not None else None,
                digest=digest(token, self.desk.environment.token_key),
                label=label,
                owner=owner,
                tags=tags,
                created_at_ns=now_ns,
                expires_at_ns=expires_at_ns,
            )
            write.add_grant(grant)
            self.log(write, "grant.minted", grant.id, grant.label, server=server.name, policy=new.policy or "")
            return self.show_grant(write, grant)

        view, answer = self.desk.change(work)
        return GrantMinted(grant=view, token=token, applied=answer.applied, note=answer.note)

    def rotate_grant(self, reference: str) -> GrantMinted:
        token = mint()

        def work(write: ControlTransaction) -> GrantView:
            grant, now_ns = live_grant(write, reference), self.now_ns()
            write.replace_digest(grant.id, digest(token, self.desk.environment.token_key), now_ns)
            self.log(write, "grant.rotated", grant.id, grant.label)
            return self.show_grant(write, replace(grant, rotated_at_ns=now_ns))

        view, answer = self.desk.change(work)
        return GrantMinted(grant=view, token=token, applied=answer.applied, note=answer.note)

    def revoke_grant(self, reference: str) -> GrantChanged:
        def work(write: ControlTransaction) -> GrantView:
            grant, now_ns = live_grant(write, reference), self.now_ns()
            write.revoke_grant(grant.id, now_ns)
            self.log(write, "grant.revoked", grant.id, grant.label)
            return self.show_grant(write, replace(grant, revoked_at_ns=now_ns))

        view, answer = self.desk.change(work)
        return GrantChanged(grant=view, applied=answer.applied, note=answer.note)

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged:
        def work(write: ControlTransaction) -> GrantView:
            policy = find_policy(write, attachment.policy) if attachment.policy is not None else None
            return self.attach_within(write, reference, policy)

        view, answer = self.desk.change(work)
        return GrantChanged(grant=view, applied=answer.applied, note=answer.note)

    def attach_within(self, write: ControlTransaction, reference: str, policy: Policy | None) -> GrantView:
        """Give the grant `policy`, as part of a larger change."""
        grant = live_grant(write, reference)
        write.attach(grant.id, policy.id if policy else None)
        action = "grant.attached" if policy else "grant.detached"
        self.log(write, action, grant.id, grant.label, policy=policy.name if policy else "")
        return self.show_grant(write, replace(grant, policy_id=policy.id if policy else None))
