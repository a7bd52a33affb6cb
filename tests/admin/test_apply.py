"""Policy as code: documents, plans, and one transaction that makes things so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office, open_office
from yett.admin.apply_plan import name_of
from yett.admin.apply_views import ApplyWanted, Document, GrantDocument, PolicyDocument, ServerDocument
from yett.admin.client import RemoteControl
from yett.admin.control import Control
from yett.admin.credentials.alone import Alone
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound, PolicyRefused
from yett.admin.permissions import ALLOWED, Principal, Role
from yett.admin.pin_views import NewPinMode
from yett.admin.service import Service
from yett.admin.views import NewGrant, NewRevision, NewServer
from yett.gateway.tokens import is_well_formed
from yett.sealing.box import Place
from yett.stores.control.credentials import StoredCredential
from yett.stores.control.transaction import Transaction

DENY = '{"version":"1","default":"deny"}'
ALLOW = '{"version":"1","default":"allow"}'
SERVER = ServerDocument(kind="server", name="files", url="http://127.0.0.1:9/mcp", notes="two\nlines")
POLICY = PolicyDocument(kind="policy", name="strict", server="files", document=DENY)
GRANT = GrantDocument(kind="grant", server="files", label="ci", policy="strict", tags={"team": "ops"}, expires="2030-01-01")
ALL: list[Document] = [GRANT, POLICY, SERVER]


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, office: Office) -> Control:
    if request.param == "here":
        return office.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteControl("127.0.0.1", listener.port, TOKEN, "ada")


class Told(Alone):
    """Keeps of which servers it was told that their credential is another one now."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self.servers: list[str] = []

    def changed(self, organisation: str, server_id: str) -> str | None:
        self.servers.append(server_id)
        return None


def kinds(result: object) -> list[tuple[str, str]]:
    return [(step.action, step.name) for step in result.steps]  # type: ignore[attr-defined]  # an ApplyResult


def test_documents_in_any_order_become_servers_then_policies_then_grants(control: Control, office: Office) -> None:
    done = control.apply(ApplyWanted(documents=ALL))
    assert kinds(done) == [("create", "files"), ("create", "strict"), ("create", "files/ci")]
    (token,) = done.tokens
    assert is_well_formed(token.token)
    assert done.applied
    first = office.publication.snapshots[0]
    assert [len(part) for part in (first.servers, first.policies, first.grants)] == [1, 1, 1], "one change, not three"
    assert (control.grant("ci").policy, control.policy("strict").policy.server) == ("strict", "files")


def test_a_new_server_is_asked_for_its_tools_and_one_that_leads_elsewhere_again(control: Control, office: Office) -> None:
    office.lookout.said = {"name": "files", "tools": [{"name": "get_file"}]}
    assert control.apply(ApplyWanted(documents=ALL, dry_run=True)).remarks == []
    assert office.lookout.asked == []
    assert control.apply(ApplyWanted(documents=ALL)).remarks == []
    assert [tool.name for tool in control.catalogue("files").tools] == ["get_file"]
    control.apply(ApplyWanted(documents=[replace(SERVER, notes="other"), POLICY, GRANT]))
    assert len(office.lookout.asked) == 1, "it is the same server"
    office.lookout.problem = "away"
    moved = control.apply(ApplyWanted(documents=[replace(SERVER, url="http://127.0.0.1:10/mcp"), POLICY, GRANT]))
    assert moved.remarks == ["the server `files` did not tell its tools: away"]
    assert control.catalogue("files").tools == []


def test_how_a_server_is_held_to_its_pins_is_part_of_its_document(control: Control, office: Office) -> None:
    office.lookout.said = {"name": "files", "tools": [{"name": "get_file"}]}
    loose = replace(SERVER, pins="grave")
    control.apply(ApplyWanted(documents=[loose]))
    assert control.pins("files").mode == "grave"
    assert control.export().documents == [loose]
    assert control.apply(ApplyWanted(documents=[loose])).steps == []
    control.set_pin_mode("files", NewPinMode(mode="off"))
    drift = control.apply(ApplyWanted(documents=[loose], dry_run=True))
    assert [(step.action, step.before, step.after) for step in drift.steps] == [("update", {"pins": "off"}, {"pins": "grave"})]
    assert control.pins("files").mode == "off", "nothing was done"
    control.apply(ApplyWanted(documents=[SERVER]))
    assert control.pins("files").mode == "strict", "what a document does not say is as it is without one"
    lines = [(line.before, line.after) for line in control.changes() if line.action == "server.pins_set"]
    assert [after for _, after in lines] == [{"mode": "strict"}, {"mode": "off"}, {"mode": "grave"}]
    assert [line.action for line in control.changes()].count("server.edited") == 0


def test_of_many_new_servers_some_are_asked_at_once_and_the_others_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.admin.apply.LOOKS_MAX", 2)
    servers: list[Document] = [replace(SERVER, name=f"s{number}") for number in range(5)]
    done = office.service.apply(ApplyWanted(documents=servers))
    assert sorted(entry.name for entry in office.lookout.asked) == ["s0", "s1"]
    assert done.remarks == ["3 more servers are asked for their tools in the next round of health"]


def test_a_server_that_is_pruned_or_moved_leaves_no_credential_behind(office: Office) -> None:
    service = office.service
    vault = service.desk.environment.vault
    assert vault is not None
    told = service.desk.credentials = Told(service.desk, vault)
    service.apply(ApplyWanted(documents=[SERVER]))
    id = service.server("files").id

    def with_credential() -> None:
        sealed = told.vault.seal(Place(service.principal.organisation, id, "headers"), b"x")
        stored = StoredCredential(server_id=id, kind="headers", state="ready", changed_at_ns=1)

        def work(write: Transaction) -> None:
            write.credentials.put(stored)
            write.secrets.put(id, "headers", sealed, 1)

        service.change(work)

    def kept() -> tuple[object, object]:
        return service.read(lambda read: (read.credentials.find(id), read.secrets.get(id, "headers")))

    with_credential()
    service.apply(ApplyWanted(documents=[replace(SERVER, notes="other")]))
    assert (kept()[0] is None, told.servers) == (False, [])
    service.apply(ApplyWanted(documents=[replace(SERVER, url="https://elsewhere.example/mcp")]))
    assert (kept(), told.servers) == ((None, None), [id])
    with_credential()
    service.apply(ApplyWanted(documents=[replace(SERVER, name="other")], prune=True))
    assert (kept()[1], told.servers) == (None, [id, id])


def test_what_is_so_already_is_left_alone(control: Control, office: Office) -> None:
    control.apply(ApplyWanted(documents=ALL))
    before = len(office.publication.snapshots)
    again = control.apply(ApplyWanted(documents=ALL))
    assert (again.steps, again.unchanged, again.tokens) == ([], 3, [])
    assert len(office.publication.snapshots) == before


def test_what_is_exported_is_found_unchanged(control: Control) -> None:
    control.apply(ApplyWanted(documents=ALL))
    exported = control.export()
    assert sorted(document.kind for document in exported.documents) == ["grant", "policy", "server"]
    again = control.apply(ApplyWanted(documents=exported.documents, dry_run=True, prune=True))
    assert (again.steps, again.unchanged) == ([], 3)


def test_a_dry_run_tells_what_differs_and_changes_nothing(control: Control, office: Office) -> None:
    control.apply(ApplyWanted(documents=ALL))
    before = len(office.publication.snapshots)
    wanted: list[Document] = [replace(SERVER, notes="other"), replace(POLICY, document=ALLOW), replace(GRANT, policy=None)]
    planned = control.apply(ApplyWanted(documents=wanted, dry_run=True))
    assert [(step.before, step.after) for step in planned.steps] == [
        ({"notes": "two\nlines"}, {"notes": "other"}),
        ({"document": json.loads(DENY)}, {"document": json.loads(ALLOW)}),
        ({"policy": "strict"}, {"policy": None}),
    ]
    assert not planned.done
    assert control.policy("strict").document == DENY
    assert len(office.publication.snapshots) == before
    control.apply(ApplyWanted(documents=wanted, plan=planned.plan, message="loosen"))
    assert control.policy("strict").document == ALLOW
    assert control.policy("strict").revision.message == "loosen"
    assert control.grant("ci").policy is None


def test_a_plan_that_things_have_left_behind_is_refused(control: Control) -> None:
    planned = control.apply(ApplyWanted(documents=ALL, dry_run=True))
    control.apply(ApplyWanted(documents=[SERVER]))
    with pytest.raises(Conflict, match="things have changed since the plan was made"):
        control.apply(ApplyWanted(documents=ALL, plan=planned.plan))
    assert control.policies() == []


def test_what_no_document_names_is_told_and_goes_only_if_that_is_said(control: Control) -> None:
    control.apply(ApplyWanted(documents=ALL))
    assert kinds(control.apply(ApplyWanted(documents=[SERVER]))) == [("unmanaged", "files/ci"), ("unmanaged", "strict")]
    assert control.grant("ci").status == "live"
    pruned = control.apply(ApplyWanted(documents=[SERVER], prune=True))
    assert kinds(pruned) == [("remove", "files/ci"), ("remove", "strict")]
    assert control.grant("ci").status == "revoked"
    assert control.policies() == []
    assert [line.action for line in control.changes(2)] == ["policy.removed", "grant.revoked"]


def test_a_grant_that_no_document_can_name_keeps_its_server(control: Control) -> None:
    control.apply(ApplyWanted(documents=[SERVER]))
    grant = control.mint_grant(NewGrant(server="files")).grant
    with pytest.raises(Conflict, match="it has 1 live grants"):
        control.apply(ApplyWanted(documents=[], prune=True))
    assert control.export().left_out == [f"the grant {grant.id} of `files` has no label"]


def test_a_grant_that_was_edited_keeps_its_token(control: Control, office: Office) -> None:
    control.apply(ApplyWanted(documents=ALL))
    digest = office.publication.last.grants[0].digest
    done = control.apply(ApplyWanted(documents=[SERVER, POLICY, replace(GRANT, owner="ada", expires=None)]))
    assert (done.tokens, office.publication.last.grants[0].digest) == ([], digest)
    assert (control.grant("ci").owner, control.grant("ci").expires_at) == ("ada", None)


@pytest.mark.parametrize(
    ("documents", "kind", "message"),
    [
        ([SERVER, SERVER], Invalid, "two documents are about the server `files`"),
        ([replace(GRANT, label="")], Invalid, "needs a label"),
        ([SERVER, replace(GRANT, policy=None, expires="30d")], Invalid, "`30d` is a duration; write a day or a moment"),
        ([SERVER, replace(GRANT, policy="none")], NotFound, "there is no policy `none`"),
        ([POLICY], NotFound, "there is no server `files`"),
        ([replace(POLICY, server=None, document="{}")], PolicyRefused, "the policy `strict` has "),
        ([replace(SERVER, url=None, command="rm")], Invalid, "the host lists no command `rm`"),
        ([SERVER, replace(SERVER, name="other", url="ftp://x/")], Invalid, "is no address of a server"),
    ],
)
def test_one_wrong_document_leaves_everything_as_it_was(
    control: Control, office: Office, documents: list[Document], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        control.apply(ApplyWanted(documents=documents))
    assert (control.servers(), control.policies(), control.grants(), control.changes()) == ([], [], [], [])
    assert office.publication.snapshots == []


def test_a_policy_is_bound_only_if_no_grant_of_another_server_has_it_when_all_is_done(control: Control) -> None:
    loose: list[Document] = [SERVER, replace(SERVER, name="mail"), replace(POLICY, server=None), replace(GRANT, server="mail")]
    control.apply(ApplyWanted(documents=loose))
    with pytest.raises(Conflict, match="is for `files`, but the grant `ci` of `mail` has it"):
        control.apply(ApplyWanted(documents=[SERVER, POLICY]))
    assert control.policy("strict").policy.server is None
    control.apply(ApplyWanted(documents=[SERVER, POLICY, replace(GRANT, server="mail", policy=None)]))
    assert control.policy("strict").policy.server == "files"


def test_a_policy_that_follows_a_file_is_no_document(office: Office) -> None:
    office.service.follow_file("strict", "/etc/p.json", DENY.encode(), yaml=False)
    assert office.service.export().left_out == ["the policy `strict` follows the file `/etc/p.json`"]
    with pytest.raises(Conflict, match=r"follows the file `/etc/p.json`; leave it out"):
        office.service.apply(ApplyWanted(documents=[replace(POLICY, server=None)]))
    assert office.service.apply(ApplyWanted(documents=[], prune=True)).steps == []


def test_a_draft_is_no_document_until_it_judges(office: Office) -> None:
    office.service.set_policy("strict", NewRevision(document=DENY, draft=True))
    assert office.service.export().documents == []


@pytest.mark.parametrize("role", list(Role))
def test_only_an_admin_of_all_servers_applies(office: Office, role: Role) -> None:
    own = office.service.principal.organisation
    for servers in (None, frozenset({"some"})):
        principal = Principal(kind="member", name="eve", organisation=own, permissions=ALLOWED[role], servers=servers)
        service = Service(office.service.desk, principal)
        if role is Role.ADMIN and servers is None:
            assert service.apply(ApplyWanted(documents=[SERVER])).done
        else:
            with pytest.raises(Forbidden):
                service.apply(ApplyWanted(documents=[SERVER]))


NAMES = st.sampled_from(["a", "b"])
SERVERS = st.builds(
    ServerDocument, kind=st.just("server"), name=NAMES, url=st.just("http://x/mcp"), notes=st.sampled_from(["", "n"])
)
POLICIES = st.builds(
    PolicyDocument, kind=st.just("policy"), name=NAMES, server=st.none() | NAMES, document=st.sampled_from([DENY, ALLOW])
)
GRANTS = st.builds(
    GrantDocument, kind=st.just("grant"), server=NAMES, label=NAMES, policy=st.none() | NAMES, owner=st.none() | st.just("ada")
)
SETS = st.lists(SERVERS | POLICIES | GRANTS, max_size=8, unique_by=lambda one: (one.kind, name_of(one)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=st.lists(SETS, min_size=1, max_size=3))
def test_whatever_was_before_pruning_makes_it_exactly_so_or_refuses_whole(
    tmp_path_factory: pytest.TempPathFactory, histories: list[list[Document]]
) -> None:
    directory: Path = tmp_path_factory.mktemp("history")
    with open_office(directory) as office:
        for documents in histories:
            before = office.service.export().documents
            try:
                office.service.apply(ApplyWanted(documents=documents, prune=True))
            except (Conflict, NotFound):
                assert office.service.export().documents == before
                continue
            assert office.service.apply(ApplyWanted(documents=documents, prune=True)).steps == []
            assert {repr(one) for one in office.service.export().documents} == {repr(one) for one in documents}


def test_a_document_that_leads_elsewhere_voids_what_was_sealed_for_the_old_origin(office: Office) -> None:
    from tests.admin.test_server_edits import seal, sealed

    server = office.service.add_server(NewServer(name="shop", url="https://old.example/mcp", credential="env:KEY")).server
    seal(office, server)
    document = {"kind": "server", "name": "shop", "url": "https://new.example/mcp", "credential": "env:KEY"}
    office.service.apply(ApplyWanted(documents=[ServerDocument(**document)]))  # type: ignore[arg-type]  # as a file has it
    assert sealed(office, server) == (False, False)
    assert office.service.server("shop").credential == "env:KEY"
    assert office.service.apply(ApplyWanted(documents=[ServerDocument(**document)])).steps == []  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("document", "message", "pointer"),
    [
        (ServerDocument(kind="server", name="b", url="ftp://x/mcp"), "the server `b`: ", "/documents/1/url"),
        (ServerDocument(kind="server", name="b", url="http://x/mcp", notes="\0"), "the server `b`: ", "/documents/1/notes"),
        (PolicyDocument(kind="policy", name="p", document='{"version":"1"}'), "the policy `p` ", "/documents/1/document/default"),
        (GrantDocument(kind="grant", server="away", label="x"), "the grant `away/x`: ", "/documents/1"),
        (GrantDocument(kind="grant", server="a", label="x", expires="1h"), "the grant `a/x`: ", "/documents/1/expires"),
    ],
)
def test_what_is_wrong_is_told_with_the_document_and_its_field(
    office: Office, document: Document, message: str, pointer: str
) -> None:
    fine = ServerDocument(kind="server", name="a", url="http://x.example/mcp")
    with pytest.raises((Invalid, NotFound, PolicyRefused), match=message) as refused:
        office.service.apply(ApplyWanted(documents=[fine, document]))
    assert pointer in [one["pointer"] for one in refused.value.details]
    assert office.service.servers() == []


def test_a_document_whose_url_may_not_be_asked_is_refused_as_a_whole(office: Office) -> None:
    office.lookout.refused["http://10.0.0.1/"] = "the host `10.0.0.1` has a private address"
    with pytest.raises(Invalid, match="a private address"):
        office.service.apply(ApplyWanted(documents=[ServerDocument(kind="server", name="inner", url="http://10.0.0.1/")]))
    assert office.service.servers() == []
