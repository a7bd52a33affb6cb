"""Who has a policy, what it is called and whose it is, and its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.admin.service import Office
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.grant_views import GrantEdit
from yett.admin.listing import Listing
from yett.admin.permissions import ALLOWED, Role
from yett.admin.policy_views import REFERENCES_MAX, GrantList, PolicyEdit
from yett.admin.service import Service
from yett.admin.views import Attachment, NewGrant, NewRevision

DENY = NewRevision(document='{"version":"1","default":"deny"}')
EVERY = Listing()


def minted(office: Office, *labels: str, server: str = "files", policy: str | None = None) -> list[str]:
    ids = []
    for label in labels:
        ids.append(office.service.mint_grant(NewGrant(server=server, label=label, policy=policy)).grant.id)
        office.clock.advance(1)
    return ids


def confined(office: Office, server: str, role: Role = Role.ADMIN) -> Service:
    """The use cases for a member whose role reaches one server."""
    reach = frozenset({office.service.server(server).id})
    principal = replace(office.service.principal, name="bob", servers=reach, permissions=ALLOWED[role])
    return Service(office.service.desk, principal)


def test_many_grants_get_a_policy_at_once_or_none_does(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    ids = minted(office, "a", "b", "c")
    with pytest.raises(NotFound):
        office.service.attach_all("p", GrantList(grants=["a", "b", "nobody"]))
    assert office.service.policy_uses("p", EVERY).items == []
    before = len(office.publication.snapshots)
    changed = office.service.attach_all("p", GrantList(grants=["a", "b", ids[2], "a"]))
    assert [view.id for view in changed.grants] == ids
    assert len(office.publication.snapshots) == before + 1
    assert [view.id for view in office.service.policy_uses("p", EVERY).items] == ids
    detached = office.service.detach_all("p", GrantList(grants=["a", "b"]))
    assert {view.policy for view in detached.grants} == {None}
    assert [view.label for view in office.service.policy_uses("p", EVERY).items] == ["c"]


def test_a_grant_that_has_another_policy_does_not_lose_it(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    office.service.set_policy("q", DENY)
    minted(office, "a", policy="p")
    minted(office, "b", policy="q")
    with pytest.raises(Conflict, match="the grant `b` does not have the policy `p`"):
        office.service.detach_all("p", GrantList(grants=["a", "b"]))
    assert office.service.grant("a").policy == "p"


@pytest.mark.parametrize("grants", [[], ["x"] * (REFERENCES_MAX + 1)])
def test_a_list_of_grants_has_at_least_one_and_no_end_of_them(office: Office, grants: list[str]) -> None:
    office.service.set_policy("p", DENY)
    for change in (office.service.attach_all, office.service.detach_all):
        with pytest.raises(Invalid, match="name 1 to 1,000 grants"):
            change("p", GrantList(grants=grants))


def test_uses_are_live_grants_page_by_page(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    ids = minted(office, "one", "two", "three", policy="p")
    page = office.service.policy_uses("p", Listing(limit=2))
    assert [view.id for view in page.items] == ids[:2]
    assert page.next is not None
    assert [view.id for view in office.service.policy_uses("p", Listing(after=page.next)).items] == ids[2:]
    office.service.revoke_grant("one")
    assert [view.label for view in office.service.policy_uses("p", Listing(search="TWO")).items] == ["two"]
    assert len(office.service.policy_uses("p", EVERY).items) == 2


def test_a_bound_policy_is_for_grants_of_its_server_only(office: Office) -> None:
    office.with_server().with_server("shop")
    bound = office.service.set_policy("p", replace(DENY, server="files"))
    assert bound.policy.server == "files"
    minted(office, "a")
    minted(office, "b", server="shop")
    office.service.attach("a", Attachment(policy="p"))
    with pytest.raises(Conflict, match="the policy `p` is for another server than `shop`"):
        office.service.attach_all("p", GrantList(grants=["a", "b"]))
    with pytest.raises(Conflict, match="is for another server"):
        office.service.mint_grant(NewGrant(server="shop", policy="p"))
    assert [policy.name for policy in office.service.policies(server="shop")] == []
    assert office.service.edit_policy("p", PolicyEdit(server="")).policy.server is None
    office.service.attach("b", Attachment(policy="p"))
    with pytest.raises(Conflict, match=r"cannot be for `files` alone: g-\w+ \(b\) of other servers have it"):
        office.service.edit_policy("p", PolicyEdit(server="files"))


def test_a_renamed_policy_keeps_its_id_its_grants_and_its_revisions(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    minted(office, "a", policy="p")
    before = office.service.policy("p").policy
    renamed = office.service.edit_policy("p", PolicyEdit(name="q"))
    assert renamed.policy == replace(before, name="q")
    assert office.service.grant("a").policy == "q"
    assert [entry.name for entry in office.publication.last.policies] == ["q"]
    with pytest.raises(NotFound):
        office.service.policy("p")
    office.service.set_policy("p", DENY)
    with pytest.raises(Conflict, match="there is a policy `p` already"):
        office.service.edit_policy("q", PolicyEdit(name="p"))
    with pytest.raises(Invalid):
        office.service.edit_policy("q", PolicyEdit(name="not a name"))
    assert not office.service.edit_policy("q", PolicyEdit()).changed


def test_a_policy_is_removed_only_when_no_live_grant_has_it(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    (grant,) = minted(office, "a", policy="p")
    with pytest.raises(Conflict, match=rf"the policy `p` is in use: {grant} \(a\) has it; detach it first"):
        office.service.remove_policy("p")
    office.service.revoke_grant("a")
    assert office.service.remove_policy("p").policy.name == "p"
    assert office.publication.last.policies == []
    assert office.service.policies() == []
    assert office.service.set_policy("p", DENY).policy.number == 1


def test_a_grant_that_expired_loses_a_removed_policy_and_says_so_when_its_end_is_put_off(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    grant = office.service.mint_grant(NewGrant(server="files", policy="p", expires="1h")).grant
    office.clock.advance(3_600)
    office.service.remove_policy("p")
    assert office.service.edit_grant(grant.id, GrantEdit(expires="1h")).grant.policy is None
    assert office.publication.last.grants[0].policy is None


def test_the_log_says_what_was_and_what_is(office: Office) -> None:
    office.with_server().service.set_policy("p", DENY)
    office.service.edit_policy("p", PolicyEdit(name="q", server="files"))
    office.service.remove_policy("q")
    removed, renamed, bound = office.service.changes()[:3]
    assert (removed.action, renamed.action, bound.action) == ("policy.removed", "policy.renamed", "policy.bound")
    assert renamed.before is not None and renamed.after is not None and removed.before is not None and bound.after is not None
    assert (renamed.before["name"], renamed.after["name"]) == ("p", "q")
    assert bound.after["server"] == "files"
    assert (removed.before["name"], removed.after) == ("q", None)


def test_somebody_confined_to_a_server_sees_and_changes_what_is_bound_to_it_only(office: Office) -> None:
    office.with_server().with_server("shop")
    office.service.set_policy("all", DENY)
    office.service.set_policy("shops", replace(DENY, server="shop"))
    minted(office, "mine", policy="all")
    minted(office, "theirs", server="shop", policy="all")
    mine = confined(office, "files")
    assert [policy.name for policy in mine.policies()] == ["all"]
    assert [view.label for view in mine.policy_uses("all", EVERY).items] == ["mine"]
    with pytest.raises(NotFound):
        mine.policy("shops")
    with pytest.raises(NotFound):
        mine.attach_all("all", GrantList(grants=["mine", "theirs"]))
    for change in (
        lambda: mine.set_policy("all", DENY),
        lambda: mine.edit_policy("all", PolicyEdit(server="files")),
        lambda: mine.remove_policy("all"),
        lambda: mine.set_policy("new", DENY),
    ):
        with pytest.raises(Forbidden):
            change()
    assert mine.set_policy("own", replace(DENY, server="files")).policy.server == "files"
    with pytest.raises(Forbidden):
        mine.edit_policy("own", PolicyEdit(server=""))
    with pytest.raises(NotFound):
        mine.edit_policy("own", PolicyEdit(server="shop"))
    assert mine.remove_policy("own").policy.name == "own"
