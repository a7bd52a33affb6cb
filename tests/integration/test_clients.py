"""The official clients before a server that remembers: what they see, and what it saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest

from tests.support.real_clients import CLIENTS, REVISIONS, Conversation, RealClient, Step
from tests.support.real_gateway import Gateway
from tests.support.real_server import Witness

pytestmark = pytest.mark.xdist_group("gateway")

POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "deny",
    "hide": ["drop_*"],
    "tools": {
        "add": {"limits": [{"counter": "sums", "window": "day", "max": 2}]},
        "count": {},
        "refund": {"deny_if": [{"path": "args.amount", "op": "gt", "value": 50, "on_deny": "refunds over 50 need a person"}]},
    },
}
ADD: Final = Step("call", "add", {"a": 1, "b": 2})
STEPS: Final = (
    Step("list"),
    ADD,
    Step("call", "refund", {"order": "A-1", "amount": 51}),
    Step("call", "drop_everything"),
    ADD,
    ADD,
    Step("call", "count", {"to": 3}),
)
LIST, ALLOWED, DENIED, HIDDEN, _SECOND, LIMITED, COUNTED = range(len(STEPS))


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation through the gate, and the requests of it that reached the server."""

    revision: str
    conversation: Conversation
    reached: list[dict[str, Any]]
    calls: list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def policy(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the published policy."""
    gateway.publish("careful", POLICY, tmp_path_factory.mktemp("policy"))
    return "careful"


@pytest.fixture(
    scope="module",
    params=[(client, revision) for client in CLIENTS for revision in REVISIONS],
    ids=lambda p: f"{p[0].name}-{p[1]}",
)
def case(request: pytest.FixtureRequest, gateway: Gateway, witness: Witness, policy: str) -> Iterator[Case]:
    client: RealClient
    client, revision = request.param
    before, calls_before = len(witness.requests()), len(witness.calls())
    conversation = client.run(gateway.endpoint("witness", policy), revision, STEPS)
    yield Case(revision, conversation, witness.requests()[before:], witness.calls()[calls_before:])


def test_the_revision_that_was_asked_for_is_spoken(case: Case) -> None:
    assert case.conversation.revision == case.revision


def test_a_hidden_tool_is_not_listed(case: Case) -> None:
    assert case.conversation.seen[LIST].tools == ("add", "refund", "count")


def test_an_allowed_call_gets_the_servers_answer(case: Case) -> None:
    seen = case.conversation.seen[ALLOWED]
    assert (seen.text, seen.is_error) == ("3", False)


def test_a_call_denied_by_an_argument_is_a_result_that_the_model_can_read(case: Case) -> None:
    seen = case.conversation.seen[DENIED]
    assert (seen.text, seen.is_error) == ("[POLICY DENIED] refunds over 50 need a person", True)
    decision = seen.meta["dev.yett/decision"]
    assert (decision["code"], decision["rule"]) == ("deny_if_matched", "/tools/refund/deny_if/args.amount-gt")


def test_a_hidden_tool_answers_as_an_unknown_one(case: Case) -> None:
    seen = case.conversation.seen[HIDDEN]
    assert seen.error_code == -32602
    assert "Unknown tool: drop_everything" in seen.error_message


def test_a_call_over_its_limit_is_denied_and_says_when_to_come_back(case: Case) -> None:
    seen = case.conversation.seen[LIMITED]
    decision = seen.meta["dev.yett/decision"]
    assert (seen.is_error, decision["code"], decision["rule"]) == (True, "limit_exceeded", "/tools/add/limits/sums")
    assert 0 < decision["retry_after_s"] <= 86_400


def test_progress_is_relayed_while_the_call_runs(case: Case) -> None:
    seen = case.conversation.seen[COUNTED]
    assert (seen.text, seen.progress) == ("counted to 3", (1, 2, 3))


def test_only_allowed_calls_reach_the_server(case: Case) -> None:
    sums = ("add", {"a": 1, "b": 2})
    assert case.calls == [sums, sums, ("count", {"to": 3})]


def test_neither_the_grants_token_nor_a_cookie_reaches_the_server(case: Case) -> None:
    names = {name for entry in case.reached for name, _ in entry["headers"]}
    assert not names & {"authorization", "cookie", "proxy-authorization"}
    assert "yett_" not in str(case.reached)


def test_a_stranger_is_turned_away_before_the_server_hears_of_it(gateway: Gateway, witness: Witness) -> None:
    before = len(witness.requests())
    for headers in ({}, {"Authorization": "Bearer yett_wrong"}):
        answer = httpx2.post(
            f"{gateway.url}/mcp/witness", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len(witness.requests()) == before


def test_a_grant_without_a_policy_sees_no_tool_and_calls_none(gateway: Gateway, witness: Witness) -> None:
    before = len(witness.calls())
    conversation = CLIENTS[0].run(gateway.endpoint("witness", None), REVISIONS[-1], (Step("list"), ADD))
    assert conversation.seen[0].tools == ()
    assert conversation.seen[1].meta["dev.yett/decision"]["code"] == "no_policy"
    assert len(witness.calls()) == before


def test_a_revoked_grant_is_refused_from_the_next_call_on(gateway: Gateway, witness: Witness, policy: str) -> None:
    minted = gateway.mint("witness", policy)
    url, bearer = f"{gateway.url}/mcp/witness", {"Authorization": f"Bearer {minted['token']}"}
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    assert httpx2.post(url, json=call, headers={**accept, **bearer}).status_code == 200
    gateway.yett("grant", "revoke", minted["grant"]["id"])
    assert httpx2.post(url, json=call, headers={**accept, **bearer}).status_code == 401
