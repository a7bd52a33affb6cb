"""A call that people must approve, from a real client to a real server, decided by members over the page and the API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.admin.people.house import PASSWORD, Browser
from tests.integration.test_servers import wait_until
from tests.support.real_clients import PythonClient, Seen, Step
from tests.support.real_gateway import Gateway, running_gateway
from tests.support.real_server import Witness, running_witness

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.timeout(180)]

POLICY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "tools": {
        "refund": {
            "require_approval": [{"conditions": [], "on_deny": "Refunds need a person."}],
            "limits": [{"counter": "refunds", "window": "day", "max": 3}],
        },
        "drop_everything": {"require_approval": [{"conditions": [], "quorum": 2, "approvers": ["vic@example.com", "admin"]}]},
    },
}


@dataclass
class Town:
    """A running gateway with people in it: `ann` and `bob` are admins, `vic` may only look."""

    gateway: Gateway
    witness: Witness
    people: dict[str, Browser]
    grant: str
    token: str

    def call(self, tool: str = "refund", **arguments: Any) -> Seen:
        """What a client with the grant of `ann` sees."""
        said = arguments or {"order": "A-1", "amount": 20}
        steps = [Step("call", tool, said if tool == "refund" else {})]
        endpoint = self.gateway.endpoint("witness", None)
        there = type(endpoint)(url=endpoint.url, headers={"Authorization": f"Bearer {self.token}"})
        return PythonClient().run(there, "2025-11-25", steps).seen[0]

    def asked(self, tool: str = "refund", **arguments: Any) -> str:
        """A call is denied; the id of its request."""
        seen = self.call(tool, **arguments)
        decision = seen.meta["dev.yett/decision"]
        assert (seen.is_error, decision["code"]) == (True, "approval_required")
        id: str = decision["approval"]["id"]
        where = self.people["bob"].origin
        assert decision["approval"]["url"] == f"{where}/approvals/{id}"
        return id

    def show(self, who: str, id: str) -> Any:
        """What one sees of a request; what came of its call is written with the next group of records."""
        until = time.monotonic() + 5
        while (view := self.people[who].api("GET", f"/approvals/{id}").json()).get("state") == "running":
            assert time.monotonic() < until, "nothing is heard of the call"
            time.sleep(0.02)
        return view

    def decide(self, who: str, id: str, act: str = "approve", **said: Any) -> int:
        return self.people[who].api("POST", f"/approvals/{id}/{act}", said).status_code

    @property
    def ran(self) -> int:
        return len(self.witness.calls())


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    directory = tmp_path_factory.mktemp("approving")
    with running_witness() as witness, running_gateway(directory) as gateway:
        gateway.yett("server", "add", "witness", "--url", witness.url)
        gateway.publish("careful", POLICY, directory)
        people = {name: joined(gateway, name, role) for name, role in (("ann", "admin"), ("bob", "admin"), ("vic", "viewer"))}
        yield Town(gateway, witness, people, "", "")
        for one in people.values():
            one.client.close()


@pytest.fixture
def town(founded: Town, request: pytest.FixtureRequest) -> Town:
    """The town, with a grant that no other test has asked, counted or revoked with: tests come in any order."""
    owned = ("--label", request.node.name[:60], "--owner", "ann@example.com")
    minted = founded.gateway.yett("grant", "mint", "--server", "witness", "--policy", "careful", *owned)
    return replace(founded, grant=request.node.name[:60], token=minted["token"])


def joined(gateway: Gateway, name: str, role: str) -> Browser:
    """Somebody who was invited and came; their browser."""
    link = urlsplit(gateway.yett("member", "invite", f"{name}@example.com", "--role", role)["link"])
    origin = f"{link.scheme}://{link.netloc}"
    browser = Browser(httpx2.Client(base_url=origin, follow_redirects=False, timeout=20), origin)
    answer = browser.fill(link.path, {"name": name, "password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 303, answer.text
    return browser


def test_the_first_call_leads_to_a_page_where_another_member_says_yes_and_the_same_call_passes_once(town: Town) -> None:
    id, before = town.asked(), town.ran
    page = town.people["bob"].get(f"/approvals/{id}").text
    assert "Refunds need a person." in page
    assert "A-1" in page
    assert town.people["bob"].fill(f"/approvals/{id}", {}, f"/approvals/{id}/approve").status_code == 303
    seen = town.call()
    assert (seen.is_error, seen.text) == (False, "refunded 20.0 for A-1")
    assert town.ran == before + 1
    view = town.show("bob", id)
    assert (view["state"], view["call"]["result"], view["votes"][0]["via"]) == ("done", "ok", "page")
    assert [(one["decision"], one["result"]) for one in view["history"]][:2] == [("allow", "ok"), ("approval", None)]
    limit = view["limits"][0]
    assert (limit["counter"], limit["used"], limit["maximum"]) == ("refunds", "1", "3")
    assert town.asked() != id
    assert town.ran == before + 1


def test_the_owner_of_the_grant_cannot_say_yes_and_a_viewer_whom_no_rule_names_neither(town: Town) -> None:
    id, before = town.asked(order="A-2", amount=1), town.ran
    assert [town.decide(who, id) for who in ("ann", "vic")] == [403, 403]
    assert town.call(order="A-2", amount=1).is_error
    assert town.ran == before
    assert town.decide("ann", id, "withdraw") == 200
    assert town.asked(order="A-2", amount=1) != id


def test_what_was_denied_does_not_run_and_its_caller_reads_why(town: Town) -> None:
    id, before = town.asked(order="A-3", amount=1), town.ran
    assert town.decide("bob", id, "deny", reason="") == 422
    assert town.decide("bob", id, "deny", reason="not this one") == 200
    seen = town.call(order="A-3", amount=1)
    assert (seen.is_error, seen.meta["dev.yett/decision"]["code"]) == (True, "approval_denied")
    assert "not this one" in seen.text
    assert town.ran == before


def test_a_quorum_of_two_is_a_viewer_who_is_named_and_an_admin(town: Town) -> None:
    id, before = town.asked("drop_everything"), town.ran
    assert town.decide("vic", id) == 200
    assert town.asked("drop_everything") == id, "one of two is not enough"
    assert town.decide("vic", id) == 409
    assert town.decide("bob", id) == 200
    assert town.call("drop_everything").text == "gone"
    assert town.ran == before + 1


def test_an_exemption_lets_the_call_pass_unasked_until_it_is_ended_and_only_what_was_freed_differs(town: Town) -> None:
    id, before = town.asked(order="A-4", amount=1), town.ran
    assert town.decide("bob", id, exempt_for="1h", free=["amount"]) == 200
    assert not town.call(order="A-4", amount=2).is_error
    town.asked(order="A-5", amount=1)
    shown = town.gateway.yett("policy", "show", "careful")["exemptions"]
    assert [(one["tool"], one["free"]) for one in shown] == [("refund", ["amount"])]
    assert town.people["bob"].api("DELETE", f"/exemptions/{shown[0]['id']}").status_code == 200
    assert town.show("bob", id)["state"] == "approved", "the exemption ended; the call itself may still pass once"
    town.asked(order="A-4", amount=3)
    assert town.ran == before + 1


def test_an_approved_call_that_its_policy_refuses_when_it_comes_tells_the_approver_why(town: Town, tmp_path: Path) -> None:
    id, before = town.asked(order="A-6", amount=9), town.ran
    assert town.decide("bob", id) == 200
    refusing = json.loads(json.dumps(POLICY))
    refusing["tools"]["refund"]["deny_if"] = [{"path": "args.amount", "op": "gt", "value": 5, "on_deny": "too much"}]
    town.gateway.publish("careful", refusing, tmp_path)
    assert town.call(order="A-6", amount=9).is_error
    assert town.ran == before
    wait_until(lambda: town.show("bob", id)["note"] == "denied when it came: too much")
    assert "denied when it came: too much" in town.people["bob"].get(f"/approvals/{id}").text
    town.gateway.publish("careful", POLICY, tmp_path)


def test_the_host_decides_by_command_as_the_account_that_runs_it(town: Town) -> None:
    id = town.asked(order="A-7", amount=1)
    assert town.gateway.yett("approvals", "show", id)["id"] == id
    town.gateway.yett("approvals", "deny", id, "--reason", "no")
    vote = town.show("bob", id)["votes"][0]
    assert (vote["via"], vote["approve"]) == ("cli", False)


def test_revoking_the_grant_withdraws_what_waits(town: Town) -> None:
    id = town.asked(order="A-8", amount=1)
    town.gateway.yett("grant", "revoke", town.grant)
    view = town.show("bob", id)
    assert view["state"] == "withdrawn"
    assert view["note"].startswith("its grant was revoked by ")
