"""Use cases about organisations: several in one installation, which share nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace

from yett.admin.checks import check_name, show_moment
from yett.admin.errors import Conflict, Forbidden
from yett.admin.people.members import MemberCases
from yett.admin.people.views import NewInvitation, NewOrganisation, OrganisationAdded, OrganisationView
from yett.admin.permissions import operator
from yett.stores.control.records import Organisation
from yett.stores.control.transaction import Whole


class OrganisationCases(MemberCases):
    """The part of `yett.admin.people.control.PeopleControl` about organisations."""

    __slots__ = ()

    def organisations(self) -> list[OrganisationView]:
        """Those that one belongs to; for the operator all."""
        principal = self.principal

        def look(whole: Whole) -> list[OrganisationView]:
            found = whole.organisations()
            if principal.kind in {"operator", "settings"}:
                return [show_organisation(one, None) for one in found]
            if principal.kind == "token" or principal.user_id is None:
                return [show_organisation(one, None) for one in found if one.id == principal.organisation]
            roles = {one.organisation_id: one.member.role for one in whole.people.memberships(principal.user_id)}
            return [show_organisation(one, roles[one.id]) for one in found if one.id in roles]

        return self.desk.look(look)

    def organisation_name(self) -> str:
        """Of the one that is worked in."""
        return self.desk.look(lambda whole: whole.organisation(self.principal.organisation).name)

    def add_organisation(self, new: NewOrganisation) -> OrganisationAdded:
        """Add one, and invite its first admin. For the operator only. Errors: `Forbidden`, `Conflict`."""
        if self.principal.kind != "operator":
            raise Forbidden("organisations are added by whoever runs this installation")
        name = check_name("organisation", new.name)
        added = Organisation(id=str(uuid.uuid4()), name=name, created_at_ns=self.now_ns())

        def work(whole: Whole) -> OrganisationView:
            if any(one.name == name for one in whole.organisations()):
                raise Conflict(f"there is an organisation `{name}` already; choose another name", pointer="/name")
            whole.add_organisation(added)
            view = show_organisation(added, None)
            self.log(whole.of(added.id), "organisation.added", (added.id, name), after=view)
            return view

        view = self.desk.write(work)
        if new.admin is None:
            return OrganisationAdded(organisation=view, invitation=None)
        there = operator(self.principal.name, added.id, address=self.principal.address)
        invitation = replace(self, principal=there).invite(NewInvitation(email=new.admin, role="admin"))
        return OrganisationAdded(organisation=view, invitation=invitation)


def show_organisation(organisation: Organisation, role: str | None) -> OrganisationView:
    """The view of one."""
    return OrganisationView(
        id=organisation.id, name=organisation.name, created_at=show_moment(organisation.created_at_ns), role=role
    )


def free_name(whole: Whole, wanted: str) -> str:
    """`wanted` as the name of an organisation, with a number if it is taken."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in wanted.lower())
    base = kept.strip("-_.")[:48] or "organisation"
    taken, number = {one.name for one in whole.organisations()}, 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return check_name("organisation", name)
