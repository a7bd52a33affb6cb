"""The statements about people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.people import ADA, ADMIN, BOB, INVITATION, VIEWER, two_organisations
from tests.support.clock import START_NS
from yett.errors import StoreFault
from yett.stores.control.people_records import Membership, PlacedInvitation


def test_a_person_is_found_by_id_by_address_and_by_what_a_provider_calls_them(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        whole.people.add_identity(ADA.id, "https://issuer.example", "42", START_NS)
        people = whole.people
        assert people.find(ADA.id) == people.with_email("Ada@Example.com") == ADA
        assert people.with_identity("https://issuer.example", "42") == ADA
        assert people.with_identity("https://other.example", "42") is None


def test_two_people_never_have_one_address(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), pytest.raises(StoreFault), store.whole() as whole:
        whole.people.add(replace(ADA, id="u-3"))


def test_a_changed_person_is_kept(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        changed = replace(ADA, name="Ada L.", password="hash", proven_at_ns=START_NS)
        whole.people.replace(changed)
        assert whole.people.find(ADA.id) == changed
        with pytest.raises(AssertionError):
            whole.people.replace(replace(ADA, id="nobody"))


def test_memberships_are_those_of_one_person_everywhere(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, second), store.whole() as whole:
        assert not whole.people.has_member("admin")
        whole.of(second).members.add(replace(ADMIN, role="viewer"))
        whole.of(first).members.add(ADMIN)
        whole.of(first).members.add(VIEWER)
        assert whole.people.memberships(ADA.id) == [
            Membership(first, "default", ADMIN),
            Membership(second, "other", replace(ADMIN, role="viewer")),
        ]
        assert whole.people.has_member("admin")
        assert whole.people.memberships(BOB.id)[0].member.servers == ("s-1", "s-2")


def test_an_invitation_is_found_by_its_link_and_by_its_address(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, _, second), store.whole() as whole:
        whole.of(second).invitations.add(INVITATION)
        placed = PlacedInvitation(second, "other", INVITATION)
        assert whole.people.invitation(INVITATION.digest) == placed
        assert whole.people.invitation("another") is None
        assert whole.people.open_invitations("EVE@example.com", START_NS) == [placed]
        assert whole.people.open_invitations("eve@example.com", START_NS + 10) == []
