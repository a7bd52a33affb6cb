"""Use cases about the revisions of a policy: looking back, comparing, restoring, and which one judges."""

from __future__ import annotations

import json
from dataclasses import replace

from yett.admin.checks import check_text
from yett.admin.errors import Conflict
from yett.admin.listing import Listing, read_number
from yett.admin.permissions import Permission
from yett.admin.policies import GRANTS_NAMED_MAX, PolicyCases, check_base, find_revision, judging, named, parsed
from yett.admin.policy_diff import differences, unified
from yett.admin.policy_views import PolicyDiff, Publishing, Restoring, RevisionPage, Unpublishing
from yett.admin.showing import revision_line
from yett.admin.views import PolicyChanged, PolicyView
from yett.stores.control.grants import live
from yett.stores.control.records import Policy, Revision
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction


class PolicyHistoryCases(PolicyCases):
    """The part of `yett.admin.control.Control` for revisions."""

    __slots__ = ()

    def policy_revisions(self, reference: str, listing: Listing) -> RevisionPage:
        """Some of them, newest first."""
        self.require(Permission.VIEW)
        before = read_number(listing.after)

        def look(read: Transaction) -> RevisionPage:
            policy = self.find_policy(read, reference)
            found = read.policies.revisions(policy.id, before=before, limit=listing.limit + 1)
            shown = found[: listing.limit]
            return RevisionPage(
                items=[revision_line(one, policy.published) for one in shown],
                next=str(shown[-1].number) if len(found) > len(shown) else None,
            )

        return self.read(look)

    def policy_diff(self, reference: str, earlier: int | None = None, later: int | None = None) -> PolicyDiff:
        """How revision `later` differs from `earlier`, 0 for nothing.

        `later` is the newest by default, `earlier` the one that judges, or the one before `later` where that is not older.
        """
        self.require(Permission.VIEW)

        def look(read: Transaction) -> tuple[Policy, Revision | None, Revision]:
            policy = self.find_policy(read, reference)
            last = read.policies.last_revision(policy.id)
            assert last is not None, "a policy with no text"
            new = last if later is None else find_revision(read, policy, later)
            judges = policy.published if policy.published is not None and policy.published < new.number else new.number - 1
            number = judges if earlier is None else earlier
            return policy, find_revision(read, policy, number) if number else None, new

        policy, old, new = self.read(look)
        before = None if old is None else old.document
        return PolicyDiff(  # made once the store is free again
            earlier=None if old is None else revision_line(old, policy.published),
            later=revision_line(new, policy.published),
            changes=differences(None if before is None else json.loads(before), json.loads(new.document)),
            text=unified(before, new.document, ("nothing" if old is None else old.name, new.name)),
        )

    def restore_policy(self, reference: str, number: int, wanted: Restoring) -> PolicyChanged:
        """Have an old text as a new revision, which judges unless it is to be a draft."""
        self.require(Permission.EDIT_POLICIES)
        message = check_text("the message", wanted.message, "/message") or f"restores revision {number}"

        def work(write: Transaction) -> tuple[PolicyView, bool]:
            policy = self.editable_policy(write, reference)
            check_base(write, policy, wanted.base)
            old = find_revision(write, policy, number)
            checked = parsed(policy.name, old.document.encode(), yaml=False)
            changed = self.revise(write, policy, checked, message, publish=not wanted.draft)
            return self.show_policy(write, self.find_policy(write, policy.id)), changed

        (view, changed), answer = self.change(work)
        return PolicyChanged(policy=view, changed=changed, attached=[], applied=answer.applied, note=answer.note)

    def publish_policy(self, reference: str, wanted: Publishing) -> PolicyChanged:
        """Have a revision judge from the next call on; the newest by default."""
        self.require(Permission.EDIT_POLICIES)

        def work(write: Transaction) -> tuple[PolicyView, bool]:
            policy = self.editable_policy(write, reference)
            last = write.policies.last_revision(policy.id)
            assert last is not None, "a policy with no text"
            revision = last if wanted.number is None else find_revision(write, policy, wanted.number)
            changed = policy.published != revision.number
            if changed:
                self.publish_within(write, policy, revision)
            return self.show_policy(write, self.find_policy(write, policy.id)), changed

        (view, changed), answer = self.change(work)
        return PolicyChanged(policy=view, changed=changed, attached=[], applied=answer.applied, note=answer.note)

    def unpublish_policy(self, reference: str, wanted: Unpublishing) -> PolicyChanged:
        """Have no revision judge: grants that have the policy are denied everything.

        Errors: `Conflict` while live grants have it, unless that is forced.
        """
        self.require(Permission.EDIT_POLICIES)

        def work(write: Transaction) -> tuple[PolicyView, bool]:
            policy = self.editable_policy(write, reference)
            if policy.published is None:
                return self.show_policy(write, policy), False
            if not wanted.force:
                self._refuse_while_used(write, policy)
            before = write.policies.revision(policy.id, policy.published)
            drafted = replace(policy, published=None)
            write.policies.replace(drafted)
            self.log(write, "policy.unpublished", (policy.id, policy.name), before=judging(before))
            return self.show_policy(write, drafted), True

        (view, changed), answer = self.change(work)
        note = answer.note
        if view.grants:
            told = f"{view.grants} live {'grant has' if view.grants == 1 else 'grants have'} it: every call of theirs is denied"
            note = told if note is None else f"{told}; {note}"
        return PolicyChanged(policy=view, changed=changed, attached=[], applied=answer.applied, note=note)

    def _refuse_while_used(self, read: Transaction, policy: Policy) -> None:
        users = read.grants.listed(grants.c.policy_id == policy.id, live(self.now_ns()), limit=GRANTS_NAMED_MAX + 1)
        if users:
            raise Conflict(
                f"live grants have the policy `{policy.name}`: {named(users)}; every call of theirs would be denied; "
                f"attach another one first, or say that this is meant (`force`)"
            )
