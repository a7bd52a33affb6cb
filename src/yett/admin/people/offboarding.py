"""Use cases of somebody's leaving: their grants are listed, and it must be said what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from yett.admin.errors import Conflict, Invalid
from yett.admin.grants import GrantCases
from yett.admin.people.members import MemberCases
from yett.admin.people.views import MemberRemoved, MemberView
from yett.admin.permissions import Permission
from yett.admin.views import GrantView
from yett.stores.control.grants import live
from yett.stores.control.people_records import NamedMember
from yett.stores.control.records import NamedGrant
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction, Whole

TRANSFER: Final = "transfer:"
SHOWN_MAX: Final = 100
"""Grants that an answer lists."""


class OffboardingCases(MemberCases, GrantCases):
    """The part of `yett.admin.people.control.PeopleControl` about leaving."""

    __slots__ = ()

    def remove_member(self, reference: str, grants: str | None = None) -> MemberRemoved:
        """Take a member out. `grants` says what becomes of their live grants: `keep`, `revoke` or `transfer:MEMBER`.

        Errors: `Conflict` for the last admin, and, with a list, where there are grants and nothing is said of them.
        """
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)
        if grants is not None and grants not in {"keep", "revoke"} and not grants.startswith(TRANSFER):
            raise Invalid("`grants` is `keep`, `revoke` or `transfer:MEMBER`", pointer="/grants")
        if grants is not None and grants != "keep":
            self.principal.require_everywhere(Permission.MANAGE_GRANTS)

        def work(write: Transaction) -> tuple[MemberView, list[GrantView], int]:
            found = self.find_member(write, reference)
            self.check_gives(found.member.role)
            self.keep_an_admin(write, found)
            before = self.show_member(write, found)
            left = self._settle(write, found, grants)
            tokens = self._revoke_tokens(write, found)
            write.members.remove(found.member.user_id)
            self._sign_out(write, found.member.user_id)
            self.log(write, "member.removed", (before.id, before.email), before=before, grants=grants or "", tokens=str(tokens))
            return before, left, tokens

        (view, left, tokens), answer = self.change(work)
        return MemberRemoved(member=view, grants=left, tokens=tokens, applied=answer.applied, note=answer.note)

    def _settle(self, write: Transaction, leaver: NamedMember, answer: str | None) -> list[GrantView]:
        """Do with the leaver's live grants what was said; those grants, as they are now."""
        owned = self._owned(write, leaver)
        if answer is None and owned:
            raise _unanswered(leaver, owned)
        if answer == "revoke":
            return [self.revoke_within(write, one, member=leaver.email) for one in owned]
        if answer is not None and answer.startswith(TRANSFER):
            heir = self.find_member(write, answer.removeprefix(TRANSFER))
            if heir.member.user_id == leaver.member.user_id:
                raise Invalid("grants are transferred to somebody who stays", pointer="/grants")
            return [self._hand_over(write, one, heir) for one in owned]
        return [self.show_grant(one) for one in owned]

    def _owned(self, read: Transaction, leaver: NamedMember) -> list[NamedGrant]:
        """The live grants of a member, also those that only name the address."""
        theirs = grants.c.owner_id == leaver.member.user_id
        named = grants.c.owner_id.is_(None) & (grants.c.owner == leaver.email)
        return read.grants.listed(theirs | named, live(self.now_ns()))

    def _hand_over(self, write: Transaction, found: NamedGrant, heir: NamedMember) -> GrantView:
        after = replace(found.grant, owner=heir.email, owner_id=heir.member.user_id)
        return self.replace_within(write, found, "grant.transferred", after, to=heir.email)

    def _revoke_tokens(self, write: Transaction, leaver: NamedMember) -> int:
        """What the leaver made for programs opens nothing any more; how many those were."""
        mine = [token for token in write.api_tokens.listed(leaver.member.user_id) if token.is_live(self.now_ns())]
        for token in mine:
            write.api_tokens.revoke(token.id, self.now_ns())
            self.log(write, "token.revoked", (token.id, token.label), member=leaver.email)
        return len(mine)

    def _sign_out(self, write: Transaction, user_id: str) -> None:
        """End the leaver's sessions, unless they still belong somewhere: then only what they do here ends."""
        whole = Whole(write.connection)
        if not whole.people.memberships(user_id):
            whole.sign_ins.end_sessions(user_id)


def _unanswered(leaver: NamedMember, owned: list[NamedGrant]) -> Conflict:
    count = "1 live grant" if len(owned) == 1 else f"{len(owned)} live grants"
    details = [
        {
            "pointer": "/grants",
            "message": f"{one.grant.id} ({one.grant.label or 'no label'}) opens {one.server}",
            "hint": "keep, revoke or transfer it",
        }
        for one in owned[:SHOWN_MAX]
    ]
    return Conflict(f"`{leaver.email}` has {count}; say `grants=keep`, `grants=revoke` or `grants=transfer:MEMBER`", details)
