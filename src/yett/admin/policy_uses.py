"""Use cases about who has a policy, what it is called and whose it is, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from yett.admin.checks import check_name
from yett.admin.errors import Conflict, Invalid
from yett.admin.listing import Listing, grant_place, read_grant_place
from yett.admin.permissions import Permission
from yett.admin.policies import PolicyCases
from yett.admin.policy_views import REFERENCES_MAX, GrantList, GrantsChanged, PolicyEdit, PolicyRemoved
from yett.admin.views import GrantPage, GrantView, PolicyChanged, PolicyView
from yett.stores.control.grants import live
from yett.stores.control.records import Policy
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction


class PolicyUseCases(PolicyCases):
    """The part of `yett.admin.control.Control` for what stands around a policy's text."""

    __slots__ = ()

    def policy_uses(self, reference: str, listing: Listing) -> GrantPage:
        """Some of the live grants that have it, oldest first."""
        self.require(Permission.VIEW)
        after = read_grant_place(listing.after)

        def look(read: Transaction) -> GrantPage:
            having = grants.c.policy_id == self.find_policy(read, reference).id, live(self.now_ns())
            only, limit = self.principal.servers, listing.limit + 1
            found = read.grants.listed(*having, search=listing.search, after=after, limit=limit, only=only)
            shown = found[: listing.limit]
            following = grant_place(shown[-1].grant) if len(found) > len(shown) else None
            return GrantPage(items=[self.show_grant(one) for one in shown], next=following)

        return self.read(look)

    def attach_all(self, reference: str, wanted: GrantList) -> GrantsChanged:
        """Have these grants judged by it from their next call on: all of them, or none if one cannot be."""
        self.require(Permission.ATTACH_POLICIES)
        references = _references(wanted)

        def work(write: Transaction) -> list[GrantView]:
            policy = self.find_policy(write, reference)
            return [self.attach_within(write, grant, policy) for grant in references]

        views, answer = self.change(work)
        return GrantsChanged(grants=views, applied=answer.applied, note=answer.note)

    def detach_all(self, reference: str, wanted: GrantList) -> GrantsChanged:
        """Take it away from these grants, whose every call is denied then.

        Errors: `Conflict` where one of them has another policy: nothing happens then.
        """
        self.require(Permission.ATTACH_POLICIES)
        references = _references(wanted)

        def work(write: Transaction) -> list[GrantView]:
            policy = self.find_policy(write, reference)
            for grant in references:
                found = self.find_live_grant(write, grant)
                if found.grant.policy_id != policy.id:
                    raise Conflict(f"the grant `{grant}` does not have the policy `{policy.name}`", pointer="/grants")
            return [self.attach_within(write, grant, None) for grant in references]

        views, answer = self.change(work)
        return GrantsChanged(grants=views, applied=answer.applied, note=answer.note)

    def edit_policy(self, reference: str, edit: PolicyEdit) -> PolicyChanged:
        """Give it another name, or bind it to a server or to none."""
        self.require(Permission.EDIT_POLICIES)

        def work(write: Transaction) -> tuple[PolicyView, bool]:
            policy = self.editable_policy(write, reference, followed=edit.name is None)
            after = policy if edit.server is None else self.bind_within(write, policy, edit.server)
            if edit.name is not None and edit.name != after.name:
                after = self._rename(write, after, edit.name)
            return self.show_policy(write, after), after != policy

        (view, changed), answer = self.change(work)
        return PolicyChanged(policy=view, changed=changed, attached=[], applied=answer.applied, note=answer.note)

    def remove_policy(self, reference: str) -> PolicyRemoved:
        """Take it away. Errors: `Conflict` where a live grant has it."""
        self.require(Permission.EDIT_POLICIES)

        def work(write: Transaction) -> PolicyView:
            policy = self.editable_policy(write, reference)
            return self.remove_policy_within(write, policy)

        view, answer = self.change(work)
        return PolicyRemoved(policy=view, applied=answer.applied, note=answer.note)

    def _rename(self, write: Transaction, policy: Policy, name: str) -> Policy:
        check_name("policy", name)
        if write.policies.find(name) is not None:
            raise Conflict(f"there is a policy `{name}` already; choose another name", pointer="/name")
        before, renamed = self.show_policy(write, policy), replace(policy, name=name)
        write.policies.replace(renamed)
        after = self.show_policy(write, renamed)
        self.log(write, "policy.renamed", (policy.id, name), before=before, after=after, was=policy.name)
        return renamed


def _references(wanted: GrantList) -> Sequence[str]:
    """Each grant once. Errors: `Invalid`."""
    if not 1 <= len(wanted.grants) <= REFERENCES_MAX:
        raise Invalid(f"name 1 to {REFERENCES_MAX:,} grants", pointer="/grants")
    return list(dict.fromkeys(wanted.grants))
