"""The official clients and real servers: resources, templates, prompts and completions through the gateway, in both eras.

Rows of the reference: `resources/list`, `resources/templates/list`, `resources/read`, `resources/subscribe`, `prompts/list`,
`prompts/get`, `completion/complete`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.programs import node_command, require_program
from tests.support.real_clients import CLIENTS, HANDSHAKE, STATELESS, Endpoint, RealClient, Seen, Step
from tests.support.real_gateway import YETT, Gateway
from tests.support.real_server import Witness, running_everything

pytestmark = pytest.mark.xdist_group("gateway")

DOCUMENTS: Final = "demo://resource/static/document/"
TEXT: Final = "demo://resource/dynamic/text/"
POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "deny",
    "resources": {
        f"{DOCUMENTS}architecture.md": {},
        f"{DOCUMENTS}features.md": {"deny_if": [{"conditions": [], "on_deny": "not this one"}]},
        f"{TEXT}*": {"limits": [{"counter": "texts", "window": "day", "max": 1}]},
    },
    "prompts": {
        "simple-prompt": {},
        "args-prompt": {"require": [{"path": "args.city", "op": "in", "value": ["Ulm"], "on_deny": "only of Ulm"}]},
        "completable-prompt": {
            "deny_if": [{"path": "args.department", "op": "eq", "value": "Sales", "on_deny": "not of sales"}],
            "limits": [{"counter": "promotions", "window": "day", "max": 0}],
        },
    },
}
EVERYTHING: Final = {
    "resources": Step("resources"),
    "templates": Step("templates"),
    "read": Step("read", f"{DOCUMENTS}architecture.md"),
    "denied": Step("read", f"{DOCUMENTS}features.md"),
    "hidden": Step("read", f"{DOCUMENTS}startup.md"),
    "generated": Step("read", f"{TEXT}1"),
    "limited": Step("read", f"{TEXT}2"),
    "not normal": Step("read", f"{TEXT}../text/1"),
    "subscribed": Step("subscribe", f"{DOCUMENTS}architecture.md"),
    "unsubscribed": Step("unsubscribe", f"{DOCUMENTS}architecture.md"),
    "not subscribed": Step("subscribe", f"{DOCUMENTS}startup.md"),
    "prompts": Step("prompts"),
    "got": Step("get", "simple-prompt"),
    "admitted": Step("get", "args-prompt", {"city": "Ulm"}),
    "refused": Step("get", "args-prompt", {"city": "Rome"}),
    "unlisted": Step("get", "resource-prompt"),
    "completed": Step("complete", "completable-prompt", {"department": "S"}),
    "in context": Step("complete", "completable-prompt", {"department": "Engineering", "name": "A"}),
    "out of context": Step("complete", "completable-prompt", {"department": "Sales", "name": ""}),
    "no completion": Step("complete", "resource-prompt", {"resourceId": "1"}),
    "of a template": Step("complete", f"{TEXT}{{resourceId}}", {"resourceId": "7"}),
    "of another": Step("complete", "demo://resource/dynamic/blob/{resourceId}", {"resourceId": "7"}),
}
"""What is asked of server-everything."""


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation through the gate: what came of each step, and what was written down."""

    client: str
    revision: str
    seen: dict[str, Seen]
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def unknown(self) -> set[int]:
        """The codes for a resource that does not exist. The TypeScript client calls the old one by its new name."""
        if self.revision == STATELESS:
            return {-32602}
        return {-32002} if self.client == "python" else {-32002, -32602}


def converse(client: RealClient, endpoint: Endpoint, revision: str, steps: dict[str, Step]) -> Case:
    conversation = client.run(endpoint, revision, tuple(steps.values()))
    assert conversation.revision == revision
    return Case(client.name, revision, dict(zip(steps, conversation.seen, strict=True)))


def log_of(gateway: Gateway, grant: str) -> list[dict[str, Any]]:
    """What was written down of a grant."""
    command = [YETT, "--json", "log", "--grant", grant, "--limit", "100"]
    done = subprocess.run(command, env=gateway.environment, capture_output=True, text=True, timeout=30, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def over_http(gateway: Gateway) -> Iterator[str]:
    """The name of the reference server's HTTP half."""
    require_program("server-everything")
    with running_everything() as url:
        gateway.yett("server", "add", "documents", "--url", url)
        yield "documents"


@pytest.fixture(scope="module")
def policy(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> str:
    gateway.publish("documents", POLICY, tmp_path_factory.mktemp("policy"))
    return "documents"


@pytest.fixture(scope="module", params=["http", "stdio", "run"])
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes an endpoint with a fresh grant: an HTTP server behind the gateway, a program behind it, one behind `yett run`."""
    require_program("server-everything")
    directory: Path = tmp_path_factory.mktemp("run")
    if request.param == "run":
        path = directory / "policy.json"
        path.write_text(json.dumps(POLICY), encoding="utf-8")
        command = (YETT, "run", "--policy", str(path), "--", *node_command("server-everything", "stdio"))
        states = iter(range(100))
        return lambda: Endpoint(command=command, env={"YETT_STATE_DIRECTORY": str(directory / f"state-{next(states)}")})
    gateway, name = request.getfixturevalue("gateway"), request.getfixturevalue("policy")
    server = request.getfixturevalue("over_http") if request.param == "http" else "everything"
    return lambda: gateway.endpoint(server, name)


@pytest.fixture(
    scope="module",
    params=[(client, revision) for client in CLIENTS for revision in HANDSHAKE],
    ids=lambda p: f"{p[0].name}-{p[1]}",
)
def case(request: pytest.FixtureRequest, endpoint: Any) -> Case:
    client, revision = request.param
    return converse(client, endpoint(), revision, EVERYTHING)


def test_lists_show_what_the_policy_lists(case: Case) -> None:
    assert set(case.seen["resources"].tools) == {f"{DOCUMENTS}architecture.md", f"{DOCUMENTS}features.md"}
    assert case.seen["templates"].tools == (f"{TEXT}{{resourceId}}",)
    assert sorted(case.seen["prompts"].tools) == ["args-prompt", "completable-prompt", "simple-prompt"]


def test_what_is_admitted_is_served(case: Case) -> None:
    assert "Architecture" in case.seen["read"].text
    assert case.seen["generated"].text.startswith("Resource 1:")
    assert case.seen["got"].text.startswith("This is a simple prompt")
    assert case.seen["admitted"].text == "What's weather in Ulm?"
    for name in ("subscribed", "unsubscribed"):
        assert case.seen[name].error_code is None


def test_what_is_denied_is_an_error_that_says_why(case: Case) -> None:
    reasons = {"denied": ("not this one", "deny_if_matched"), "refused": ("only of Ulm", "require_failed")}
    for name, (text, code) in reasons.items():
        seen = case.seen[name]
        assert seen.error_code in (case.unknown if name == "denied" else {-32602})
        assert f"[POLICY DENIED] {text}" in seen.error_message
        assert seen.error_data["dev.yett/decision"]["code"] == code


@pytest.mark.parametrize("name", ["hidden", "not normal", "not subscribed"])
def test_a_resource_that_is_not_listed_reads_as_an_unknown_one(case: Case, name: str) -> None:
    seen = case.seen[name]
    assert seen.error_code in case.unknown
    assert "Resource not found" in seen.error_message
    assert seen.error_data == {"uri": EVERYTHING[name].name}


def test_a_prompt_that_is_not_listed_reads_as_an_unknown_one(case: Case) -> None:
    for name in ("unlisted", "no completion"):
        assert case.seen[name].error_code == -32602
        assert "Unknown prompt: resource-prompt" in case.seen[name].error_message


def test_a_read_over_its_limit_is_denied_and_says_when_to_come_back(case: Case) -> None:
    decision = case.seen["limited"].error_data["dev.yett/decision"]
    assert decision["code"] == "limit_exceeded"
    assert 0 < decision["retry_after_s"] <= 86_400


def test_completions_follow_what_they_refer_to_and_cost_nothing(case: Case) -> None:
    assert case.seen["completed"].tools == ("Sales", "Support")
    assert case.seen["in context"].tools == ("Alice",)
    assert "not of sales" in case.seen["out of context"].error_message
    assert case.seen["of a template"].tools == ("7",)
    assert case.seen["of another"].error_code == -32602


# --- the stateless era ----------------------------------------------------------------------------------------------------

NOTES: Final = {
    "resources": Step("resources"),
    "templates": Step("templates"),
    "read": Step("read", "notes://public/plan"),
    "generated": Step("read", "notes://public/x"),
    "hidden": Step("read", "notes://private/key"),
    "prompts": Step("prompts"),
    "got": Step("get", "summary", {"topic": "bees"}),
    "refused": Step("get", "summary", {"topic": "wasps"}),
    "unlisted": Step("get", "confession"),
    "completed": Step("complete", "summary", {"topic": "b"}),
    "of a template": Step("complete", "notes://public/{name}", {"name": "b"}),
    "of another": Step("complete", "notes://private/{name}", {"name": "b"}),
}
OF_NOTES: Final[dict[str, Any]] = {
    "version": "1",
    "default": "deny",
    "resources": {"notes://public/*": {}},
    "prompts": {"summary": {"deny_if": [{"path": "args.topic", "op": "eq", "value": "wasps", "on_deny": "no wasps"}]}},
}


@pytest.fixture(
    scope="module",
    params=[
        *((client, revision, "http") for client in CLIENTS for revision in (*HANDSHAKE, STATELESS)),
        *((client, STATELESS, "connect") for client in CLIENTS),
    ],
    ids=lambda p: f"{p[0].name}-{p[1]}-{p[2]}",
)
def notes_case(
    request: pytest.FixtureRequest, gateway: Gateway, witness: Witness, tmp_path_factory: pytest.TempPathFactory
) -> Case:
    client, revision, way = request.param
    gateway.publish("of-notes", OF_NOTES, tmp_path_factory.mktemp("policy"))
    minted = gateway.mint("witness", "of-notes")
    endpoint = Endpoint(f"{gateway.url}/mcp/witness", {"Authorization": f"Bearer {minted['token']}"})
    if way == "connect":
        command = (YETT, "connect", "witness", "--url", gateway.url)
        endpoint = Endpoint(command=command, env={**gateway.environment, "YETT_TOKEN": minted["token"]})
    case = converse(client, endpoint, revision, NOTES)
    return replace(case, log=log_of(gateway, minted["grant"]["id"]))


def test_a_server_of_every_revision_serves_what_is_admitted(notes_case: Case) -> None:
    seen = notes_case.seen
    assert seen["resources"].tools == ("notes://public/plan",)
    assert seen["templates"].tools == ("notes://public/{name}",)
    assert seen["prompts"].tools == ("summary",)
    assert (seen["read"].text, seen["generated"].text, seen["got"].text) == ("the plan", "note x", "Summarise bees.")
    assert seen["completed"].tools == seen["of a template"].tools == ("b1", "b2")


def test_a_server_of_every_revision_hears_nothing_of_the_rest(notes_case: Case, witness: Witness) -> None:
    seen = notes_case.seen
    assert seen["hidden"].error_code in notes_case.unknown
    assert seen["hidden"].error_data == {"uri": "notes://private/key"}
    assert "no wasps" in seen["refused"].error_message
    assert {seen[name].error_code for name in ("refused", "unlisted", "of another")} == {-32602}
    reached = str(witness.requests())
    assert not any(word in reached for word in ("notes://private", "wasps", "confession"))


def test_the_log_names_method_and_target(notes_case: Case) -> None:
    found = {(line["method"], line["target"], line["decision"]) for line in notes_case.log}
    assert ("resources/read", "notes://public/plan", "allow") in found
    assert ("resources/read", "notes://private/key", "deny") in found
    assert ("prompts/get", "summary", "deny") in found
    assert ("completion/complete", "notes://private/{name}", "deny") in found
