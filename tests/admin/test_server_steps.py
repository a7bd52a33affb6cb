"""The quick-start strip."""

from __future__ import annotations

from tests.admin.service import Office
from yett.admin.server_views import StepList
from yett.admin.views import NewGrant, NewRevision, NewServer

POLICY = NewRevision(document='{"version":"1","default":"deny"}')


def done(steps: StepList) -> dict[str, bool]:
    return {step.step: step.done for step in steps.items}


def next_of(office: Office) -> str | None:
    return next((step.next for step in office.service.server_steps("shop").items if not step.done), None)


def test_the_steps_are_walked_one_by_one(office: Office) -> None:
    office.lookout.problem = "cannot connect"
    server = office.service.add_server(NewServer(name="shop", url="http://127.0.0.1:9/mcp")).server
    steps = office.service.server_steps("shop")
    assert [step.step for step in steps.items] == ["added", "reachable", "credential", "policy", "grant", "first_call"]
    assert done(steps) == {
        **{"added": True, "reachable": False, "credential": False},
        **{"policy": False, "grant": False, "first_call": False},
    }
    assert next_of(office) == "cannot connect; then `yett server look shop`"

    office.lookout.problem = "it wants a credential: it answered with HTTP status 401"
    office.service.look_server("shop")
    assert done(office.service.server_steps("shop")) | {"reachable": True} == done(office.service.server_steps("shop"))
    assert "wants a credential" in (next_of(office) or "")

    office.lookout.problem = None
    office.service.look_server("shop")
    assert "publish a policy" in (next_of(office) or "")
    office.service.set_policy("reads", POLICY)
    assert "mint a grant" in (next_of(office) or "")
    office.service.mint_grant(NewGrant(server="shop", label="ci"))
    assert "no grant has a policy" in (next_of(office) or "")
    office.service.mint_grant(NewGrant(server="shop", policy="reads"))
    assert "yett connect shop" in (next_of(office) or "")
    office.lookout.called.add(server.id)
    assert next_of(office) is None
    assert all(done(office.service.server_steps("shop")).values())


def test_a_draft_is_no_policy_yet_and_an_expired_grant_no_grant(office: Office) -> None:
    office.with_server("shop").service.set_policy("reads", NewRevision(document=POLICY.document, draft=True))
    office.service.mint_grant(NewGrant(server="shop", expires="1h"))
    office.clock.advance(3_601)
    steps = done(office.service.server_steps("shop"))
    assert (steps["policy"], steps["grant"]) == (False, False)


def test_a_credential_that_the_server_refuses_is_not_done(office: Office) -> None:
    office.lookout.problem = "it wants a credential: it answered with HTTP status 401"
    office.service.add_server(NewServer(name="shop", url="http://127.0.0.1:9/mcp", credential="env:KEY"))
    steps = office.service.server_steps("shop")
    assert not done(steps)["credential"]
    assert "refuses its credential" in (next_of(office) or "")
