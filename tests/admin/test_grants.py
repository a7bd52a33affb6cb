"""Use cases about grants."""

from __future__ import annotations

import pytest

from tests.admin.service import KEY, Office
from yett.admin.errors import Conflict, Invalid, NotFound
from yett.admin.views import Attachment, NewGrant, NewRevision
from yett.gateway.tokens import digest, is_well_formed

POLICY = NewRevision(document='{"version":"1","default":"deny"}')


def test_a_minted_token_is_shown_once_and_kept_as_a_digest(office: Office) -> None:
    minted = office.with_server().service.mint_grant(
        NewGrant(server="files", label="ci", owner="ada@example.com", tags={"team": "ops"}, expires="30d")
    )
    assert is_well_formed(minted.token)
    assert minted.token not in repr(minted)
    (entry,) = office.publication.last.grants
    assert entry.digest == digest(minted.token, KEY)
    assert (entry.label, entry.owner, entry.tags, entry.policy) == ("ci", "ada@example.com", {"team": "ops"}, None)
    assert minted.grant.expires_at == "2026-01-31T00:00:00Z"
    assert minted.grant.endpoint.endswith("/mcp/files")
    assert minted.token not in repr((office.publication.last, office.service.changes(), office.service.grants()))


def test_a_rotated_grant_keeps_its_id_and_forgets_its_old_token(office: Office) -> None:
    first = office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    second = office.service.rotate_grant("ci")
    assert second.grant.id == first.grant.id
    assert second.grant.rotated_at is not None
    assert [entry.digest for entry in office.publication.last.grants] == [digest(second.token, KEY)]


def test_a_revoked_grant_is_not_published_and_stays_revoked(office: Office) -> None:
    grant = office.with_server().service.mint_grant(NewGrant(server="files")).grant
    assert office.service.revoke_grant(grant.id).grant.status == "revoked"
    assert office.publication.last.grants == []
    for change in (office.service.revoke_grant, office.service.rotate_grant):
        with pytest.raises(Conflict, match="is revoked; mint another one"):
            change(grant.id)
    with pytest.raises(Conflict, match="is revoked"):
        office.service.attach(grant.id, Attachment(policy=None))


def test_an_expired_grant_is_not_published_any_more(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="short", expires="90m"))
    office.clock.advance(90 * 60 - 1)
    assert office.service.grant("short").status == "live"
    office.clock.advance(1)
    assert office.service.grant("short").status == "expired"
    office.service.desk.begin()
    assert office.publication.last.grants == []


def test_a_grant_has_at_most_one_policy_and_may_lose_it(office: Office) -> None:
    office.with_server().service.set_policy("strict", POLICY)
    office.service.set_policy("loose", NewRevision(document='{"version":"1","default":"allow"}'))
    grant = office.service.mint_grant(NewGrant(server="files", policy="strict")).grant
    ids = {policy.name: policy.id for policy in office.service.policies()}
    assert office.publication.last.grants[0].policy == ids["strict"]
    assert office.service.attach(grant.id, Attachment(policy="loose")).grant.policy == "loose"
    assert office.publication.last.grants[0].policy == ids["loose"]
    assert office.service.attach(grant.id, Attachment(policy=None)).grant.policy is None
    assert office.publication.last.grants[0].policy is None


def test_a_grant_of_an_unknown_server_or_policy_is_refused_whole(office: Office) -> None:
    with pytest.raises(NotFound, match="no server `files`"):
        office.service.mint_grant(NewGrant(server="files"))
    office.with_server()
    with pytest.raises(NotFound, match="no policy `strict`; publish one with `yett policy set strict FILE`"):
        office.service.mint_grant(NewGrant(server="files", policy="strict"))
    assert office.service.grants() == []


def test_a_label_stands_for_a_grant_only_if_one_live_grant_has_it(office: Office) -> None:
    first = office.with_server().service.mint_grant(NewGrant(server="files", label="ci")).grant
    office.clock.advance(1)
    second = office.service.mint_grant(NewGrant(server="files", label="ci")).grant
    with pytest.raises(Conflict, match=f"2 grants are labelled `ci`; name one by its id: {first.id}, {second.id}"):
        office.service.revoke_grant("ci")
    office.service.revoke_grant(first.id)
    assert office.service.grant("ci").id == second.id
    with pytest.raises(NotFound):
        office.service.grant("")


def test_grants_are_listed_by_server(office: Office) -> None:
    for name in ("one", "two"):
        office.with_server(name).service.mint_grant(NewGrant(server=name))
        office.clock.advance(1)
    assert [grant.server for grant in office.service.grants()] == ["one", "two"]
    assert [grant.server for grant in office.service.grants("two")] == ["two"]


@pytest.mark.parametrize(
    "new",
    [
        NewGrant(server="files", label="a\nb"),
        NewGrant(server="files", tags={"": "x"}),
        NewGrant(server="files", expires="yesterday"),
        NewGrant(server="files", expires=""),
        NewGrant(server="files", expires="2025-12-31"),
    ],
)
def test_a_grant_with_unreadable_attributes_is_refused(office: Office, new: NewGrant) -> None:
    office.with_server()
    with pytest.raises(Invalid):
        office.service.mint_grant(new)
    assert office.service.grants() == []
