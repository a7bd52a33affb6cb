"""Grants for a while: asking, deciding, collecting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.admin.service import KEY, Office
from yett.admin.errors import AdminFault, Conflict, Forbidden, Invalid, NotFound
from yett.admin.grant_requests import OPEN_MAX
from yett.admin.grant_views import Approval, Denial, NewRequest, RequestView
from yett.admin.listing import Listing
from yett.admin.permissions import ALLOWED, Permission, Role
from yett.admin.service import Service
from yett.admin.views import NewRevision
from yett.gateway.tokens import digest
from yett.stores.control.people_records import Member, User
from yett.stores.control.transaction import Whole

HOUR_S = 3_600
ASKED = NewRequest(server="files", duration="2h", reason="an outage", policy="p", label="night shift")


def member(office: Office, name: str, role: Role = Role.VIEWER, server: str | None = None) -> Service:
    """The use cases for a new member."""
    user, organisation = f"u-{name}", office.service.principal.organisation
    servers = None if server is None else (office.service.server(server).id,)

    def work(whole: Whole) -> None:
        whole.people.add(User(id=user, email=f"{name}@example.com", created_at_ns=1))
        whole.of(organisation).members.add(Member(user_id=user, role=role, servers=servers, created_at_ns=1))

    office.service.desk.write(work)
    principal = replace(
        office.service.principal,
        kind="member",
        name=f"{name}@example.com",
        user_id=user,
        permissions=ALLOWED[role],
        servers=None if servers is None else frozenset(servers),
    )
    return Service(office.service.desk, principal)


@pytest.fixture
def ready(office: Office) -> Office:
    office.with_server().service.set_policy("p", NewRevision(document='{"version":"1","default":"deny"}'))
    return office


def waiting(service: Service) -> list[RequestView]:
    return service.request_page(Listing()).items


def test_who_asked_gets_a_token_once_when_another_approved(ready: Office) -> None:
    eve, ada = member(ready, "eve"), member(ready, "ada", Role.ADMIN)
    asked = eve.request_grant(ASKED)
    assert (asked.status, asked.requester, asked.mine, asked.duration_s) == ("open", "eve@example.com", True, 2 * HOUR_S)
    assert ready.publication.last.grants == []
    ready.clock.advance(60)
    approved = ada.approve_request(asked.id, Approval(note="take care"))
    assert (approved.request.status, approved.request.decided_by, approved.request.mine) == ("approved", "ada@example.com", False)
    (entry,) = ready.publication.last.grants
    assert entry.expires_at_ns == ready.clock.now_ns() + 2 * HOUR_S * 10**9
    assert (entry.id, entry.owner, entry.label) == (approved.request.grant, "eve@example.com", "night shift")
    collected = eve.collect_grant(asked.id)
    assert ready.publication.last.grants[0].digest == digest(collected.token, KEY)
    assert (collected.grant.id, collected.grant.owner_id, collected.grant.policy) == (entry.id, "u-eve", "p")
    assert collected.token not in repr((ready.service.changes(), ready.service.request_page(Listing(), "all")))
    with pytest.raises(Conflict, match=r"the token was shown once, at 2026-01-01T00:01:00Z"):
        eve.collect_grant(asked.id)
    ready.clock.advance(2 * HOUR_S)
    assert ready.service.grant(entry.id).status == "expired"


def test_nobody_but_the_requester_collects_and_not_before_it_is_approved(ready: Office) -> None:
    eve, mallory, ada = member(ready, "eve"), member(ready, "mallory"), member(ready, "ada", Role.ADMIN)
    asked = eve.request_grant(ASKED)
    with pytest.raises(Conflict, match="is open; there is no token to show"):
        eve.collect_grant(asked.id)
    ada.approve_request(asked.id, Approval())
    with pytest.raises(NotFound):
        mallory.collect_grant(asked.id)
    for one in (ada, ready.service):
        with pytest.raises(Forbidden, match="only the one who asked"):
            one.collect_grant(asked.id)
    assert eve.collect_grant(asked.id).token


@pytest.mark.parametrize("made_by", ["ada", None])
def test_an_api_token_collects_and_withdraws_what_it_asked_for_itself_and_nothing_else(
    ready: Office, made_by: str | None
) -> None:
    ada, bob = member(ready, "ada", Role.ADMIN), member(ready, "bob", Role.ADMIN)
    maker = ready.service if made_by is None else ada
    scopes = frozenset({Permission.VIEW, Permission.REQUEST_GRANTS})
    build, thief = (
        Service(ready.service.desk, replace(maker.principal, kind="token", name=f"token:{label}", permissions=scopes))
        for label in ("build", "thief")
    )
    own, another = maker.request_grant(ASKED), build.request_grant(ASKED)
    assert [one.id for one in waiting(build)] == [another.id]
    assert waiting(thief) == []
    for one in (own, another):
        with pytest.raises(NotFound):
            thief.withdraw_request(one.id)
        with pytest.raises(Forbidden, match="nobody approves what they asked for themselves"):
            maker.approve_request(one.id, Approval())
        bob.approve_request(one.id, Approval())
        with pytest.raises(NotFound):
            thief.collect_grant(one.id)
    assert build.collect_grant(another.id).token
    assert maker.collect_grant(own.id).token


def test_nobody_approves_their_own_unless_they_are_alone(ready: Office) -> None:
    ada = member(ready, "ada", Role.ADMIN)
    alone = ada.request_grant(ASKED)
    assert ada.approve_request(alone.id, Approval()).request.status == "approved"
    member(ready, "bob")
    asked = ada.request_grant(ASKED)
    with pytest.raises(Forbidden, match="nobody approves what they asked for themselves"):
        ada.approve_request(asked.id, Approval())
    assert waiting(ada)[0].status == "open"


def test_whoever_runs_the_installation_has_one_name_for_this_whatever_they_say(ready: Office) -> None:
    member(ready, "ada", Role.ADMIN)
    member(ready, "bob")
    asked = ready.service.request_grant(ASKED)
    other = Service(ready.service.desk, replace(ready.service.principal, name="api:somebody"))
    with pytest.raises(Forbidden):
        other.approve_request(asked.id, Approval())


def test_a_token_of_a_member_is_that_member(ready: Office) -> None:
    ada = member(ready, "ada", Role.ADMIN)
    member(ready, "bob")
    asked = ada.request_grant(ASKED)
    token = Service(ready.service.desk, replace(ada.principal, kind="token", name="token:ci"))
    with pytest.raises(Forbidden):
        token.approve_request(asked.id, Approval())


def test_a_request_names_a_reason_and_a_duration_that_is_not_too_long(ready: Office) -> None:
    for new, pointer in (
        (replace(ASKED, reason=" "), "/reason"),
        (replace(ASKED, reason="a\nb"), "/reason"),
        (replace(ASKED, duration=""), "/duration"),
        (replace(ASKED, duration="31d"), "/duration"),
        (replace(ASKED, duration="2027-01-01"), "/duration"),
    ):
        with pytest.raises(Invalid) as error:
            ready.service.request_grant(new)
        assert error.value.details[0]["pointer"] == pointer
    with pytest.raises(NotFound):
        ready.service.request_grant(replace(ASKED, server="none"))
    with pytest.raises(NotFound):
        ready.service.request_grant(replace(ASKED, policy="none"))
    assert waiting(ready.service) == []


def test_a_request_that_nobody_decides_is_over_after_a_day(ready: Office) -> None:
    asked = ready.service.request_grant(ASKED)
    ready.clock.advance(24 * HOUR_S)
    assert waiting(ready.service) == []
    assert ready.service.request_page(Listing(), "all").items[0].status == "expired"
    changes: list[Callable[[], object]] = [
        lambda: ready.service.approve_request(asked.id, Approval()),
        lambda: ready.service.deny_request(asked.id, Denial()),
        lambda: ready.service.withdraw_request(asked.id),
    ]
    for change in changes:
        with pytest.raises(Conflict, match="is expired already"):
            change()


def test_a_decided_request_stays_decided(ready: Office) -> None:
    asked = ready.service.request_grant(ASKED)
    denied = ready.service.deny_request(asked.id, Denial(note="not tonight"))
    assert (denied.request.status, denied.request.note) == ("denied", "not tonight")
    with pytest.raises(Conflict, match="is denied already"):
        ready.service.approve_request(asked.id, Approval())
    with pytest.raises(Conflict, match="is denied; there is no token"):
        ready.service.collect_grant(asked.id)


def test_a_request_is_taken_back_by_who_made_it_only(ready: Office) -> None:
    eve = member(ready, "eve")
    asked = eve.request_grant(ASKED)
    with pytest.raises(Forbidden):
        ready.service.withdraw_request(asked.id)
    assert eve.withdraw_request(asked.id).request.status == "withdrawn"


def test_the_approver_names_the_policy_where_none_was_asked_for_and_may_choose_another(ready: Office) -> None:
    ready.service.set_policy("q", NewRevision(document='{"version":"1","default":"deny"}'))
    ready.service.set_policy("draft", NewRevision(document='{"version":"1","default":"deny"}', draft=True))
    asked = ready.service.request_grant(replace(ASKED, policy=None))
    with pytest.raises(Invalid, match="name the policy that is to judge its calls"):
        ready.service.approve_request(asked.id, Approval())
    with pytest.raises(Conflict, match="is a draft"):
        ready.service.approve_request(asked.id, Approval(policy="draft"))
    approved = ready.service.approve_request(asked.id, Approval(policy="q", duration="30m"))
    grant = ready.service.grant(str(approved.request.grant))
    assert (grant.policy, grant.expires_at) == ("q", "2026-01-01T00:30:00Z")
    longer = ready.service.request_grant(ASKED)
    with pytest.raises(Invalid, match="longer than what was asked for"):
        ready.service.approve_request(longer.id, Approval(duration="3h"))


def test_a_grant_that_is_over_before_it_is_collected_gives_no_token(ready: Office) -> None:
    for end, message in (
        (lambda grant: ready.service.revoke_grant(grant), "is revoked"),
        (lambda _: ready.clock.advance(2 * HOUR_S), "has expired; ask for another one"),
    ):
        asked = ready.service.request_grant(ASKED)
        approved = ready.service.approve_request(asked.id, Approval())
        end(str(approved.request.grant))
        with pytest.raises(Conflict, match=message):
            ready.service.collect_grant(asked.id)


def test_somebody_who_left_or_no_longer_reaches_the_server_gets_nothing(ready: Office) -> None:
    ready.with_server("shop")
    eve, bob = member(ready, "eve"), member(ready, "bob")
    first, second = eve.request_grant(ASKED), bob.request_grant(ASKED)
    organisation, shop = ready.service.principal.organisation, ready.service.server("shop").id

    def work(whole: Whole) -> None:
        whole.of(organisation).members.remove("u-eve")
        confined = Member(user_id="u-bob", role="viewer", servers=(shop,), created_at_ns=1)
        whole.of(organisation).members.replace(confined)

    ready.service.desk.write(work)
    with pytest.raises(Conflict, match=r"eve@example\.com is no member any more"):
        ready.service.approve_request(first.id, Approval())
    with pytest.raises(Conflict, match=r"the role of bob@example\.com does not reach the server"):
        ready.service.approve_request(second.id, Approval())
    assert ready.publication.last.grants == []


def test_requests_of_others_are_seen_by_who_may_decide_and_within_reach(ready: Office) -> None:
    ready.with_server("shop")
    eve, bob = member(ready, "eve"), member(ready, "bob")
    shopkeeper = member(ready, "shopkeeper", Role.ADMIN, "shop")
    mine, other = eve.request_grant(ASKED), bob.request_grant(replace(ASKED, server="shop"))
    assert [view.id for view in waiting(eve)] == [mine.id]
    assert [view.id for view in waiting(shopkeeper)] == [other.id]
    assert {view.id for view in waiting(ready.service)} == {mine.id, other.id}
    with pytest.raises(NotFound, match=f"there is no request `{mine.id}`"):
        shopkeeper.approve_request(mine.id, Approval())
    with pytest.raises(NotFound):
        shopkeeper.request_grant(ASKED)


def test_requests_are_paged_and_searched(ready: Office) -> None:
    for number in range(3):
        ready.service.request_grant(replace(ASKED, reason=f"reason {number}"))
        ready.clock.advance(1)
    page = ready.service.request_page(Listing(limit=2))
    assert [view.reason for view in page.items] == ["reason 0", "reason 1"]
    assert page.next is not None
    rest = ready.service.request_page(Listing(limit=2, after=page.next))
    assert ([view.reason for view in rest.items], rest.next) == (["reason 2"], None)
    assert [view.reason for view in ready.service.request_page(Listing(search="REASON 1")).items] == ["reason 1"]


def test_nobody_has_too_many_that_wait(ready: Office) -> None:
    eve = member(ready, "eve")
    for _ in range(OPEN_MAX):
        last = eve.request_grant(ASKED)
    with pytest.raises(Conflict, match="20 of your requests wait already"):
        eve.request_grant(ASKED)
    assert ready.service.request_grant(ASKED).mine
    eve.withdraw_request(last.id)
    assert eve.request_grant(ASKED).mine


def test_each_step_stands_in_the_admin_log(ready: Office) -> None:
    eve = member(ready, "eve")
    asked = eve.request_grant(ASKED)
    ready.service.approve_request(asked.id, Approval())
    eve.collect_grant(asked.id)
    lines = ready.service.changes()[:4]
    assert [(line.action, line.actor) for line in lines] == [
        ("request.collected", "eve@example.com"),
        ("request.approved", "local:ada"),
        ("grant.minted", "local:ada"),
        ("request.made", "eve@example.com"),
    ]
    assert lines[1].before is not None and lines[1].after is not None
    assert (lines[1].before["status"], lines[1].after["status"]) == ("open", "approved")
    assert lines[2].detail["request"] == asked.id
    assert lines[0].before is not None and lines[0].after is not None
    assert (lines[0].before["collected_at"], lines[0].after["collected_at"]) == (None, "2026-01-01T00:00:00Z")


def test_an_unknown_request_is_told_alike_for_everybody(ready: Office) -> None:
    eve, bob = member(ready, "eve"), member(ready, "bob")
    theirs = bob.request_grant(ASKED)
    told = []
    for request in ("r-000000000000", theirs.id):
        with pytest.raises(AdminFault) as error:
            eve.withdraw_request(request)
        told.append((type(error.value), str(error.value).replace(request, "X")))
    assert told[0] == told[1]


def test_a_policy_that_was_asked_for_and_is_gone_is_named(ready: Office) -> None:
    asked = ready.service.request_grant(ASKED)
    ready.service.remove_policy("p")
    with pytest.raises(Conflict, match="the policy `p` that was asked for is gone; name another one"):
        ready.service.approve_request(asked.id, Approval())
