"""Revisions of policies: looking back, comparing, restoring, and which one judges."""

from __future__ import annotations

import json

import pytest

from tests.admin.service import Office
from yett.admin.errors import Conflict, Invalid, NotFound
from yett.admin.listing import Listing
from yett.admin.policy_views import PolicyEdit, Publishing, Restoring, Unpublishing
from yett.admin.views import Attachment, NewGrant, NewRevision

DENY = '{"version":"1","default":"deny"}'
ALLOW = '{"version":"1","default":"allow"}'
NAMED = '{"version":"1","default":"deny","tools":{"read":{}}}'


def with_revisions(office: Office, *documents: str) -> None:
    for number, document in enumerate(documents, 1):
        office.service.set_policy("p", NewRevision(document=document, message=f"m{number}"))
        office.clock.advance(60)


def judging(office: Office) -> str | None:
    """The text by which data planes judge."""
    return next((entry.document for entry in office.publication.last.policies), None)


def test_a_draft_is_kept_and_does_not_judge_until_it_is_published(office: Office) -> None:
    with_revisions(office, DENY)
    drafted = office.service.set_policy("p", NewRevision(document=ALLOW, draft=True))
    assert (drafted.changed, drafted.policy.number, drafted.policy.draft) == (True, 1, 2)
    assert judging(office) == DENY
    published = office.service.publish_policy("p", Publishing())
    assert (published.changed, published.policy.number, published.policy.draft) == (True, 2, None)
    assert judging(office) == ALLOW
    assert not office.service.publish_policy("p", Publishing(number=2)).changed


def test_an_older_revision_may_be_published_again(office: Office) -> None:
    with_revisions(office, DENY, ALLOW)
    assert office.service.publish_policy("p", Publishing(number=1)).policy.number == 1
    assert judging(office) == DENY
    with pytest.raises(NotFound, match="has no revision 3; the last one is 2"):
        office.service.publish_policy("p", Publishing(number=3))


def test_a_policy_of_drafts_alone_judges_nothing_and_no_grant_may_have_it(office: Office) -> None:
    office.with_server().service.set_policy("p", NewRevision(document=DENY, draft=True))
    assert judging(office) is None
    grant = office.service.mint_grant(NewGrant(server="files")).grant
    with pytest.raises(Conflict, match="the policy `p` is a draft; publish it first"):
        office.service.attach(grant.id, Attachment(policy="p"))


def test_restoring_makes_a_new_revision_of_the_old_text(office: Office) -> None:
    with_revisions(office, DENY, ALLOW)
    restored = office.service.restore_policy("p", 1, Restoring())
    assert (restored.changed, restored.policy.number, restored.policy.message) == (True, 3, "restores revision 1")
    assert judging(office) == DENY
    drafted = office.service.restore_policy("p", 2, Restoring(draft=True, message="maybe"))
    assert (drafted.policy.number, drafted.policy.draft) == (3, 4)
    assert judging(office) == DENY
    assert [line.message for line in office.service.policy("p").revisions] == ["maybe", "restores revision 1", "m2", "m1"]
    with pytest.raises(NotFound):
        office.service.restore_policy("p", 9, Restoring())


def test_a_save_that_does_not_know_of_the_newest_revision_is_refused_and_says_whose_it_is(office: Office) -> None:
    with_revisions(office, DENY, ALLOW)
    with pytest.raises(Conflict, match=r"was changed meanwhile: local:ada made revision 2 at 2026-01-01T00:01:00Z"):
        office.service.set_policy("p", NewRevision(document=NAMED, base=1))
    with pytest.raises(Conflict) as error:
        office.service.restore_policy("p", 1, Restoring(base=1))
    assert error.value.details[0]["pointer"] == "/base"
    assert judging(office) == ALLOW
    assert office.service.set_policy("p", NewRevision(document=NAMED, base=2)).policy.number == 3


def test_a_draft_of_another_is_not_overwritten_either(office: Office) -> None:
    with_revisions(office, DENY)
    office.service.set_policy("p", NewRevision(document=ALLOW, draft=True))
    with pytest.raises(Conflict, match="changed meanwhile"):
        office.service.set_policy("p", NewRevision(document=NAMED, base=1))


def test_what_is_to_be_new_must_not_be_there_and_what_is_known_must(office: Office) -> None:
    assert office.service.set_policy("p", NewRevision(document=DENY, base=0)).changed
    with pytest.raises(Conflict, match="changed meanwhile"):
        office.service.set_policy("p", NewRevision(document=ALLOW, base=0))
    with pytest.raises(Conflict, match="has no revision 4; the last one is 0"):
        office.service.set_policy("q", NewRevision(document=DENY, base=4))
    assert [policy.name for policy in office.service.policies()] == ["p"]


def test_what_judges_is_compared_with_the_newest_unless_others_are_named(office: Office) -> None:
    with_revisions(office, DENY, NAMED)
    office.service.set_policy("p", NewRevision(document=ALLOW, draft=True))
    found = office.service.policy_diff("p")
    assert found.earlier is not None
    assert (found.earlier.number, found.later.number) == (2, 3)
    assert [(change.kind, change.path) for change in found.changes] == [("changed", "/default"), ("removed", "/tools/read")]
    assert f"--- {found.earlier.revision}\n+++ {found.later.revision}\n" in found.text
    assert [change.path for change in office.service.policy_diff("p", 1, 2).changes] == ["/tools/read"]
    assert [change.kind for change in office.service.policy_diff("p", 2, 1).changes] == ["removed"]
    first = office.service.policy_diff("p", later=1)
    assert (first.earlier, [change.kind for change in first.changes]) == (None, ["added", "added"])
    assert office.service.policy_diff("p", 0, 1).text == first.text
    with pytest.raises(NotFound):
        office.service.policy_diff("p", 1, 7)


def test_revisions_are_paged_newest_first(office: Office) -> None:
    with_revisions(office, DENY, ALLOW, NAMED)
    page = office.service.policy_revisions("p", Listing(limit=2))
    assert ([line.number for line in page.items], page.next) == ([3, 2], "2")
    assert [line.published for line in page.items] == [True, False]
    rest = office.service.policy_revisions("p", Listing(limit=2, after="2"))
    assert ([line.number for line in rest.items], rest.next) == ([1], None)
    with pytest.raises(Invalid):
        office.service.policy_revisions("p", Listing(after="x"))


def test_a_policy_that_grants_have_is_unpublished_only_by_force(office: Office) -> None:
    with_revisions(office.with_server(), DENY)
    grant = office.service.mint_grant(NewGrant(server="files", label="ci", policy="p")).grant
    with pytest.raises(Conflict, match=rf"live grants have the policy `p`: {grant.id} \(ci\); every call of theirs would"):
        office.service.unpublish_policy("p", Unpublishing())
    forced = office.service.unpublish_policy("p", Unpublishing(force=True))
    assert (forced.changed, forced.policy.status) == (True, "draft")
    assert forced.note == "1 live grant has it: every call of theirs is denied"
    assert judging(office) is None
    assert office.service.grant("ci").policy == "p"
    assert not office.service.unpublish_policy("p", Unpublishing()).changed
    office.service.publish_policy("p", Publishing())
    assert judging(office) == DENY


def test_a_policy_that_follows_a_file_is_changed_in_no_other_way(office: Office) -> None:
    office.service.follow_file("p", "/etc/p.json", DENY.encode(), yaml=False)
    for change in (
        lambda: office.service.restore_policy("p", 1, Restoring()),
        lambda: office.service.publish_policy("p", Publishing()),
        lambda: office.service.unpublish_policy("p", Unpublishing(force=True)),
        lambda: office.service.edit_policy("p", PolicyEdit(name="q")),
        lambda: office.service.remove_policy("p"),
    ):
        with pytest.raises(Conflict, match="follows the file"):
            change()


def test_each_step_stands_in_the_admin_log_with_what_was_and_what_is(office: Office) -> None:
    with_revisions(office, DENY)
    office.service.restore_policy("p", 1, Restoring(message="same"))
    office.service.set_policy("p", NewRevision(document=ALLOW, message="open"))
    office.service.unpublish_policy("p", Unpublishing())
    lines = office.service.changes()
    assert [line.action for line in lines] == [
        *("policy.unpublished", "policy.published", "policy.set", "policy.published", "policy.set"),
    ]
    assert lines[1].before is not None and lines[1].after is not None
    assert json.loads(lines[1].before["document"])["default"] == "deny"
    assert json.loads(lines[1].after["document"])["default"] == "allow"
    assert (lines[0].before, lines[0].after) == (lines[1].after, None)
    assert lines[2].detail == {"revision": lines[1].after["revision"], "message": "open"}
