"""The statements about members and invitations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.people import ADA, ADMIN, BOB, INVITATION, VIEWER, other, two_organisations
from tests.support.clock import START_NS
from yett.errors import StoreFault
from yett.stores.control.people_records import NamedMember


def test_a_member_is_found_by_id_and_by_address_whatever_its_case(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, _), store.transaction(first) as write:
        write.members.add(ADMIN)
        ada = NamedMember(ADMIN, ADA.email, ADA.name)
        assert write.members.find(ADA.id) == write.members.find("ADA@example.com") == ada
        assert write.members.find("nobody@example.com") is None


def test_members_are_listed_by_address_page_by_page_and_searched(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, _), store.transaction(first) as write:
        write.members.add(VIEWER)
        write.members.add(ADMIN)
        assert [one.email for one in write.members.listed()] == [ADA.email, BOB.email]
        assert [one.email for one in write.members.listed(limit=1)] == [ADA.email]
        assert [one.email for one in write.members.listed(after=ADA.email)] == [BOB.email]
        assert [one.email for one in write.members.listed(search="BOB@")] == [BOB.email]
        found = write.members.find(BOB.id)
        assert found is not None
        assert found.member.servers == ("s-1", "s-2")


def test_only_a_role_for_all_servers_counts_among_the_admins(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, _), store.transaction(first) as write:
        write.members.add(ADMIN)
        write.members.add(replace(VIEWER, role="admin"))
        assert write.members.count_with("admin") == 1
        write.members.replace(replace(VIEWER, role="admin", servers=None))
        assert write.members.count_with("admin") == 2
        write.members.remove(ADA.id)
        assert write.members.count_with("admin") == 1


def test_the_members_of_another_organisation_cannot_be_seen_or_changed(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, second):
        with store.transaction(first) as write:
            write.members.add(ADMIN)
            write.invitations.add(INVITATION)
        with store.transaction(second) as write:
            assert write.members.find(ADA.id) is None
            assert write.members.listed() == []
            assert write.members.count_with("admin") == 0
            assert write.invitations.find(INVITATION.id) is None
            assert write.invitations.open(START_NS) == []
            with pytest.raises(AssertionError):
                write.members.remove(ADA.id)
            with pytest.raises(AssertionError):
                write.members.replace(ADMIN)
            with pytest.raises(AssertionError):
                write.invitations.end(INVITATION.id, used_at_ns=1)


def test_nobody_is_a_member_twice(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, _), pytest.raises(StoreFault), store.transaction(first) as write:
        write.members.add(ADMIN)
        write.members.add(ADMIN)


def test_an_invitation_is_open_until_it_is_used_taken_back_or_over(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, _), store.transaction(first) as write:
        for number in (1, 2, 3):
            write.invitations.add(other(INVITATION, number))
        write.invitations.end("i-1", used_at_ns=START_NS)
        write.invitations.end("i-2", revoked_at_ns=START_NS)
        assert [one.id for one in write.invitations.open(START_NS)] == ["i-3"]
        assert write.invitations.open(START_NS + 10) == []
        used = write.invitations.find("i-1")
        assert used is not None
        assert not used.is_open(START_NS)
