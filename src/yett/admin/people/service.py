"""All use cases about people that ask for a permission."""

from __future__ import annotations

from yett.admin.people.links import LinkCases
from yett.admin.people.offboarding import OffboardingCases
from yett.admin.people.organisations import OrganisationCases
from yett.admin.people.tokens import TokenCases


class PeopleService(OffboardingCases, OrganisationCases, TokenCases, LinkCases):
    """Implements `yett.admin.people.control.PeopleControl` where the store is."""

    __slots__ = ()
