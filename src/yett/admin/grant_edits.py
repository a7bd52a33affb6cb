"""Use cases about what stands around a grant's token: its name, owner, tags and end; and seeing the token again."""

from __future__ import annotations

from dataclasses import replace

from yett.admin.checks import check_tags, check_text, expiry_ns
from yett.admin.errors import Conflict
from yett.admin.grant_views import GrantEdit, GrantToken
from yett.admin.grants import GrantCases
from yett.admin.kept_tokens import kept_token, token_vault
from yett.admin.permissions import Permission
from yett.admin.views import GrantChanged, GrantView
from yett.stores.control.records import Grant
from yett.stores.control.transaction import Transaction

NEVER = "never"


class GrantEditCases(GrantCases):
    """The part of `yett.admin.control.Control` for editing and revealing grants."""

    __slots__ = ()

    def edit_grant(self, reference: str, edit: GrantEdit) -> GrantChanged:
        """Change what is said of it, or its end, from the next call on. One that expired lives again if its end is put off."""
        self.require(Permission.MANAGE_GRANTS)

        def work(write: Transaction) -> GrantView:
            found = self.find_live_grant(write, reference)
            after = self._edited_grant(write, found.grant, edit)
            return self.show_grant(found) if after == found.grant else self.replace_within(write, found, "grant.edited", after)

        view, answer = self.change(work)
        return GrantChanged(grant=view, applied=answer.applied, note=answer.note)

    def reveal_grant(self, reference: str) -> GrantToken:
        """Its token again, which the admin log then tells of. Errors: `Conflict` where it is not kept, or opens nothing more."""
        self.require(Permission.MANAGE_GRANTS)
        vault = token_vault(self.desk)

        def work(write: Transaction) -> GrantToken:
            found = self.find_live_grant(write, reference)
            if not found.grant.is_live(self.now_ns()):
                raise Conflict(f"the grant `{reference}` has expired: its token opens nothing")
            token, view = kept_token(write, vault, found.grant.id), self.show_grant(found)
            self.log(write, "grant.revealed", (found.grant.id, found.grant.label), server=found.server)
            return GrantToken(grant=view, token=token)

        return self.change(work)[0]

    def _edited_grant(self, read: Transaction, grant: Grant, edit: GrantEdit) -> Grant:
        if edit.label is not None:
            grant = replace(grant, label=check_text("the label", edit.label, "/label"))
        if edit.owner is not None:
            owner, owner_id = self.owner_of(read, edit.owner)
            grant = replace(grant, owner=owner, owner_id=owner_id)
        if edit.tags is not None:
            grant = replace(grant, tags=check_tags(edit.tags))
        if edit.reason is not None:
            grant = replace(grant, reason=check_text("the reason", edit.reason, "/reason"))
        if edit.expires is not None:
            ends = None if edit.expires == NEVER else expiry_ns(edit.expires, self.now_ns())
            grant = replace(grant, expires_at_ns=ends)
        return grant
