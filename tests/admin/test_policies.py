"""Use cases about policies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.admin.service import Office
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound, PolicyRefused
from yett.admin.permissions import Permission
from yett.admin.service import Service
from yett.admin.views import NewGrant, NewRevision

DENY = '{"version":"1","default":"deny"}'
ALLOW = '{"version":"1","default":"allow"}'


def test_a_changed_text_is_a_new_revision_and_the_old_one_stays(office: Office) -> None:
    office.service.set_policy("strict", NewRevision(document=DENY, message="first"))
    changed = office.service.set_policy("strict", NewRevision(document=ALLOW, message="second"))
    assert changed.changed
    assert changed.policy.number == 2
    assert changed.policy.author == "local:ada"
    (entry,) = office.publication.last.policies
    assert (entry.document, entry.revision) == (ALLOW, changed.policy.revision)
    assert entry.revision.startswith("2-")
    assert office.service.policy("strict", 1).document == DENY
    assert office.service.policy("strict").document == ALLOW
    assert [line.message for line in office.service.policy("strict").revisions] == ["second", "first"]


def test_the_same_meaning_is_no_new_revision(office: Office) -> None:
    office.service.set_policy("strict", NewRevision(document=DENY))
    again = office.service.set_policy("strict", NewRevision(document="default: deny\nversion: '1'\n", yaml=True))
    assert not again.changed
    assert again.policy.number == 1
    assert [line.action for line in office.service.changes()] == ["policy.published", "policy.set"]


def test_every_error_of_a_refused_policy_is_told_and_nothing_changes(office: Office) -> None:
    with pytest.raises(PolicyRefused, match="the policy `strict` has 2 errors") as error:
        office.service.set_policy("strict", NewRevision(document='{"version":"1","defualt":"deny"}'))
    assert {detail["pointer"] for detail in error.value.details} == {"/default", "/defualt"}
    assert office.service.policies() == []
    assert office.publication.snapshots == []


def test_a_text_with_a_lone_surrogate_is_refused(office: Office) -> None:
    with pytest.raises(PolicyRefused):
        office.service.set_policy("strict", NewRevision(document='{"version":"1","default":"deny","description":"\ud800"}'))


def test_a_policy_is_attached_in_the_same_step_or_not_at_all(office: Office) -> None:
    grant = office.with_server().service.mint_grant(NewGrant(server="files", label="ci")).grant
    with pytest.raises(NotFound, match="no grant `nobody`"):
        office.service.set_policy("strict", NewRevision(document=DENY, grants=["ci", "nobody"]))
    assert office.service.policies() == []
    changed = office.service.set_policy("strict", NewRevision(document=DENY, grants=["ci"]))
    assert [view.id for view in changed.attached] == [grant.id]
    assert changed.policy.grants == 1
    assert office.publication.last.grants[0].policy == changed.policy.id


def test_who_may_only_write_policies_gives_none_to_grants_on_the_way(office: Office) -> None:
    grant = office.with_server().service.mint_grant(NewGrant(server="files")).grant
    alone = replace(office.service.principal, kind="token", permissions=frozenset({Permission.EDIT_POLICIES}))
    writer = Service(office.service.desk, alone)
    assert writer.set_policy("p", NewRevision(document=ALLOW)).changed
    with pytest.raises(Forbidden, match="policies:attach"):
        writer.set_policy("p", NewRevision(document=DENY, grants=[grant.id]))
    assert office.service.grant(grant.id).policy is None
    assert office.service.policy("p").policy.number == 1


def test_a_policy_or_revision_that_is_not_there_is_named(office: Office) -> None:
    with pytest.raises(NotFound, match="there is no policy `strict`"):
        office.service.policy("strict")
    office.service.set_policy("strict", NewRevision(document=DENY))
    with pytest.raises(NotFound, match="has no revision 2; the last one is 1"):
        office.service.policy("strict", 2)


def test_a_name_that_cannot_stand_in_a_url_is_refused(office: Office) -> None:
    with pytest.raises(Invalid, match="is no name for a policy"):
        office.service.set_policy("a/b", NewRevision(document=DENY))


def test_a_policy_that_follows_a_file_is_changed_there_only(office: Office) -> None:
    assert office.service.follow_file("strict", "/etc/p.json", DENY.encode(), yaml=False)
    assert not office.service.follow_file("strict", "/etc/p.json", DENY.encode() + b"\n", yaml=False)
    with pytest.raises(Conflict, match=r"follows the file `/etc/p.json`; edit that"):
        office.service.set_policy("strict", NewRevision(document=ALLOW))
    assert office.service.follow_file("strict", "/etc/p.json", ALLOW.encode(), yaml=False)
    assert office.service.policy("strict").document == ALLOW


def test_a_policy_whose_file_left_the_settings_is_free_again(office: Office) -> None:
    office.service.follow_file("strict", "/etc/p.json", DENY.encode(), yaml=False)
    office.service.unfollow_except({"strict"})
    assert office.service.policy("strict").policy.source == "/etc/p.json"
    office.service.unfollow_except(set())
    assert office.service.set_policy("strict", NewRevision(document=ALLOW)).changed


def test_a_file_that_is_no_text_is_refused(office: Office) -> None:
    with pytest.raises(PolicyRefused):
        office.service.follow_file("strict", "/etc/p.json", b"\xff\xfe", yaml=False)


def test_no_more_grants_are_attached_at_once_than_is_sane(office: Office) -> None:
    with pytest.raises(Invalid, match="at most 1,000 grants"):
        office.service.set_policy("strict", NewRevision(document=DENY, grants=["g"] * 1_001))
    assert office.service.policies() == []
