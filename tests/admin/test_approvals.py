"""Members decide on calls, over the real API and on the real store."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.admin.approving import Bank, approve, asks, bank_in, deny, show
from tests.admin.people.conftest import house as house
from tests.admin.people.house import House
from yett.admin.people.views import RoleName
from yett.protocol.strict_json import JsonValue


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


def test_a_yes_is_recorded_with_who_gave_it_in_both_logs(bank: Bank) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked()
    status, view = approve(ann, id, reason="it is the rent")
    assert (status, view["state"], view["decidable"]) == (200, "approved", True)
    assert view["next"].startswith("The same call passes once")
    assert (view["votes"][0]["name"], view["votes"][0]["via"], view["votes"][0]["reason"]) == (
        "ann@example.com",
        "api",
        "it is the rent",
    )
    event = bank.events("approval_given")[0]
    member = bank.house.people.member("ann@example.com").id
    assert (event.more["actor"], event.more["detail"]["approver"]) == (member, "ann@example.com")
    line = bank.house.log()[0]
    assert (line.action, line.actor, line.subject) == ("approval.given", "ann@example.com", id)
    assert line.detail["reason"] == "it is the rent"


def test_a_no_needs_a_reason_and_takes_back_a_yes(bank: Bank) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked()
    for reason in ("", "   ", "\u00a0"):
        status, problem = deny(ann, id, reason)
        assert (status, problem["errors"][0]["pointer"]) == (422, "/reason")
    assert approve(ann, id)[0] == 200
    status, view = deny(ann, id, "not this month")
    assert (status, view["state"]) == (200, "denied")
    assert bank.events("approval_denied")[0].more["detail"]["reason"] == "not this month"
    assert bank.house.log()[0].action == "approval.denied"


def test_what_is_decided_is_not_decided_again(bank: Bank) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked()
    deny(ann, id)
    status, problem = approve(ann, id)
    assert (status, problem["code"], problem["detail"]) == (409, "conflict", "it is denied already")
    assert bank.events("approval_refused")[0].more["detail"]["why"] == "it is denied already"


def test_an_expired_request_takes_no_vote(bank: Bank) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked(timeout_s=60)
    bank.house.clock.advance(60)
    assert approve(ann, id)[0] == 409
    assert show(ann, id)["state"] == "expired"
    assert [one["id"] for one in ann.api("GET", "/approvals?state=expired").json()["items"]] == [id]
    assert ann.api("GET", "/approvals?state=pending").json()["items"] == []


# --- who ----------------------------------------------------------------------------------------------------------------------


def test_where_a_rule_names_nobody_admins_and_policy_managers_decide(bank: Bank) -> None:
    cases: list[tuple[RoleName, int]] = [("viewer", 403), ("policy_manager", 200), ("admin", 200)]
    for role, expected in cases:
        who, id = bank.house.with_member(f"{role}@example.com", role), bank.asked()
        assert approve(who, id)[0] == expected
    refused = bank.events("approval_refused")
    assert [one.more["detail"]["act"] for one in refused] == ["approve"]


def test_a_viewer_whom_a_rule_names_decides_and_an_admin_whom_it_does_not_name_does_not(bank: Bank) -> None:
    vic, ann = bank.house.with_member("vic@example.com"), bank.house.with_member("ann@example.com", "admin")
    id = bank.asked(owner="somebody", asks=(asks("vic@example.com"),))
    status, problem = approve(ann, id)
    assert (status, problem["detail"]) == (403, "you are not an approver of it; vic@example.com may decide")
    assert show(ann, id)["why_not"] == problem["detail"]
    assert approve(vic, id)[1]["state"] == "approved"


def test_nobody_decides_on_their_own_grant_from_the_second_member_on(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    for alone in (bank.asked(owner="ann@example.com"), bank.asked({"n": 1}, owner="ann@example.com", asks=(asks("viewer"),))):
        assert approve(ann, alone)[1]["state"] == "approved"
    bank.house.with_member("bob@example.com")
    id = bank.asked(owner="ann@example.com")
    for status, problem in (approve(ann, id), deny(ann, id)):
        assert (status, problem["detail"]) == (403, "it is your own grant that asks; somebody else must decide")
    assert show(ann, id)["mine"] is True
    assert bank.standing(id).votes == ()


def test_two_people_must_say_yes_where_a_rule_wants_two_and_the_same_one_counts_once(bank: Bank) -> None:
    ann, bob = (bank.house.with_member(f"{name}@example.com", "admin") for name in ("ann", "bob"))
    id = bank.asked(asks=(asks(quorum=2),))
    assert show(ann, id)["next"] == "2 more people must say yes. Until then the call is not run."
    status, view = approve(ann, id)
    assert (status, view["state"], view["asks"][0]["approved_by"], view["asks"][0]["missing"]) == (
        200,
        "pending",
        ["ann@example.com"],
        1,
    )
    assert bank.house.log()[0].action == "approval.voted"
    assert approve(ann, id)[0] == 409
    assert show(ann, id)["why_not"] == "you have said yes already; another one is needed"
    assert approve(bob, id)[1]["state"] == "approved"


def test_of_two_who_decide_at_once_one_is_told_that_it_is_decided(bank: Bank) -> None:
    people = [bank.house.with_member(f"{name}@example.com", "admin") for name in ("ann", "bob")]
    for one in people:
        one.api("POST", "/approvals/none/approve", {})  # so that each has its token
    for _ in range(5):
        id = bank.asked()
        with ThreadPoolExecutor(2) as pool:
            answers = sorted(status for status, _ in pool.map(approve, people, [id, id]))
        assert answers == [200, 409]
        assert len(bank.standing(id).votes) == 1
    assert len(bank.events("approval_given")) == 5


def test_a_role_for_some_servers_decides_on_their_calls_only_and_sees_no_others(bank: Bank) -> None:
    other = bank.house.with_server("other")
    eve = bank.house.with_member("eve@example.com", "admin", servers=[other])
    hidden, hers = bank.asked(), bank.asked(server_id=other, server_name="other")
    assert [one["id"] for one in eve.api("GET", "/approvals").json()["items"]] == [hers]
    status, problem = approve(eve, hidden)
    assert (status, problem["code"]) == (404, "not_found")
    assert approve(eve, hers)[0] == 200


def test_somebody_who_stands_in_votes_in_the_others_place_and_not_where_either_asks(bank: Bank) -> None:
    ann, vic = bank.house.with_member("ann@example.com", "admin"), bank.house.with_member("vic@example.com")
    bank.house.with_member("bob@example.com", "admin")
    before, asks_of_ann = bank.asked(), bank.asked(owner="ann@example.com")
    assert approve(vic, before)[0] == 403
    given = ann.api("POST", "/delegations", {"to": "vic@example.com", "duration": "8h"})
    assert (given.status_code, given.json()["by"], given.json()["to"]) == (201, "ann@example.com", "vic@example.com")
    assert approve(vic, asks_of_ann)[0] == 403
    view = approve(vic, before)[1]
    assert (view["votes"][0]["name"], view["votes"][0]["on_behalf"]) == ("vic@example.com", "ann@example.com")
    assert bank.events("approval_given")[0].more["detail"]["on_behalf"] == "ann@example.com"
    assert bank.house.log()[0].detail["on_behalf"] == "ann@example.com"
    both = bank.asked({"amount": 2}, asks=(asks(quorum=2),))
    assert approve(vic, both)[0] == 200
    assert approve(ann, both)[0] == 409, "it was said in her place already"


def test_whoever_runs_the_installation_decides_as_an_admin_by_the_name_of_the_account(bank: Bank) -> None:
    bank.house.with_member("ann@example.com", "admin")
    root, id = bank.house.program(**{"yett-actor": "root"}), bank.asked(owner="ann@example.com")
    vote = approve(root, id)[1]["votes"][0]
    assert (vote["name"], vote["via"]) == ("root", "cli")
    assert bank.events("approval_given")[0].more["actor"] == "local:root"


def test_a_token_decides_only_with_the_scope_for_it_and_in_the_place_of_who_made_it(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    bank.house.with_member("bob@example.com")
    made = [
        ann.api("POST", "/tokens", {"label": f"t{number}", "scopes": scopes}).json()["token"]
        for number, scopes in enumerate((["view"], ["view", "approvals:decide"]))
    ]
    looking, deciding = (bank.house.program(token) for token in made)
    own, id = bank.asked(owner="ann@example.com"), bank.asked()
    assert approve(looking, id)[0] == 403
    assert approve(deciding, own)[0] == 403, "it is the grant of who made the token"
    vote = approve(deciding, id)[1]["votes"][0]
    assert (vote["name"], vote["via"]) == ("ann@example.com", "api")
    nobodys = bank.house.with_token("view", "approvals:decide", label="ci")
    status, problem = approve(nobodys, bank.asked())
    assert (status, problem["code"]) == (403, "forbidden")


# --- what is shown ------------------------------------------------------------------------------------------------------------


def test_a_request_shows_its_arguments_in_full_and_nothing_in_them_acts(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    hostile: dict[str, JsonValue] = {
        "to": "\x1b[2Jann\u202egnp.exe",
        "note": "<script>alert(1)</script>",
        "token": "***",
        "text": "x" * 200_000,
    }
    id = bank.asked(hostile, target="pay\u202e", grant_label="agent\x1b[31m", asks=(asks(message="why\u2066?"),))
    view = show(ann, id)
    assert all(line.isprintable() for line in view["arguments"].split("\n"))
    assert json.loads(view["arguments"]) == hostile
    assert (view["tool"], view["grant_label"], view["asks"][0]["message"]) == ("pay\\u202e", "agent\\u001b[31m", "why\\u2066?")
    assert view["names"] == ["note", "text", "to", "token"]
    assert "\\u202e is RIGHT-TO-LEFT OVERRIDE" in view["marks"]
    assert (view["risk"], view["policy"], view["asks"][0]["rule"]) == ("Financial", "careful", "/tools/pay/require_approval/0")
    assert view["page"] == f"{bank.house.url}/approvals/{id}"


def test_the_list_goes_page_by_page_and_by_state(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    ids = [bank.asked({"n": number}) for number in range(5)]
    approve(ann, ids[1])
    deny(ann, ids[2])
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = ann.api("GET", f"/approvals?limit=2&after={after}").json()
        found += [one["id"] for one in page["items"]]
        after = page["next"]
    assert found == ids[::-1]
    for state, expected in (("pending", [ids[4], ids[3], ids[0]]), ("approved", [ids[1]]), ("denied", [ids[2]])):
        assert [one["id"] for one in ann.api("GET", f"/approvals?state={state}").json()["items"]] == expected
    assert ann.api("GET", "/approvals?state=lost").status_code == 422
    assert ann.api("GET", "/approvals?after=x").status_code == 422


# --- what is not there ---------------------------------------------------------------------------------------------------------


def test_ids_that_are_forged_or_of_another_organisation_are_refused_alike_and_recorded(bank: Bank) -> None:
    people = bank.house.elsewhere()
    stranger = bank.house.with_member("sam@other.example", "admin", people=people)
    foreign, forged = bank.asked(), "ap_" + "a" * 16
    answers = []
    for id in (foreign, forged):
        told = [
            (answer.status_code, answer.text.replace(id, "ID"))
            for answer in (
                stranger.api("GET", f"/approvals/{id}"),
                stranger.api("POST", f"/approvals/{id}/approve", {}),
                stranger.api("POST", f"/approvals/{id}/deny", {"reason": "x"}),
                stranger.api("POST", f"/approvals/{id}/withdraw", {}),
            )
        ]
        answers.append(told)
    assert answers[0] == answers[1]
    assert {status for status, _ in answers[0]} == {404}
    written = [(one.more["detail"]["act"], one.more["detail"]["approval"]) for one in bank.events("approval_refused")]
    acts = ("show", "approve", "deny", "withdraw")
    assert written == [(act, id) for id in (foreign, forged) for act in acts]
    assert bank.standing(foreign).votes == ()


def test_who_tries_again_and_again_does_not_fill_the_log(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    for number in range(25):
        approve(ann, f"ap_{number}")
    assert len(bank.events("approval_refused")) == 20
    bank.house.clock.advance(61)
    approve(ann, "ap_x")
    assert bank.events("approval_refused")[-1].more["detail"]["unwritten_before"] == 5


# --- withdrawing --------------------------------------------------------------------------------------------------------------


def test_who_asks_withdraws_and_so_does_who_manages_grants(bank: Bank) -> None:
    vic, ann = bank.house.with_member("vic@example.com"), bank.house.with_member("ann@example.com", "admin")
    bob = bank.house.with_member("bob@example.com", "policy_manager")
    for who, expected in ((bob, 403), (vic, 200), (ann, 200)):
        id = bank.asked(owner="vic@example.com")
        answer = who.api("POST", f"/approvals/{id}/withdraw", {"reason": "not needed"})
        assert answer.status_code == expected, answer.text
    view = answer.json()
    assert (view["state"], view["note"]) == ("withdrawn", "withdrawn by ann@example.com: not needed")
    assert bank.house.log()[0].action == "approval.withdrawn"
    assert len(bank.events("approval_withdrawn")) == 2
