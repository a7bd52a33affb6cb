"""Issuers of access tokens: what is kept, and how their keys come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from yett.admin.client import RemoteControl
from yett.admin.control import Control
from yett.admin.errors import AdminFault, Conflict, Forbidden, Invalid, NotFound
from yett.admin.issuer_views import IssuerRuleView, NewIssuer
from yett.admin.permissions import ALLOWED, Permission, Principal, Role
from yett.admin.service import Service
from yett.admin.views import NewGrant

NAME = "https://issuer.example/realms/a"
KEY = {"kty": "EC", "kid": "k1", "crv": "P-256", "x": "x", "y": "y"}


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, office: Office) -> Control:
    office.with_server("files").service.mint_grant(NewGrant(server="files", label="team/ci"))
    if request.param == "here":
        return office.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteControl("127.0.0.1", listener.port, TOKEN, "ada")


def new(**changes: Any) -> NewIssuer:
    rules = [IssuerRuleView(claims={"sub": "ada", "level": 1, "ok": True}, grant="team/ci")]
    return NewIssuer(**{"issuer": NAME, "audiences": ["api://x"], "rules": rules, **changes})


def test_an_issuer_is_told_to_the_data_planes_with_its_rules(control: Control, office: Office) -> None:
    added = control.add_issuer(new())
    grant = control.grant("team/ci")
    assert control.issuers() == [added.issuer] == [control.issuer(NAME)] == [control.issuer(added.issuer.id)]
    assert added.issuer.rules == [IssuerRuleView(claims={"sub": "ada", "level": 1, "ok": True}, grant="team/ci")]
    (entry,) = office.publication.last.issuers
    assert (entry.issuer, entry.audiences, entry.algorithms, entry.keys) == (NAME, ["api://x"], ["RS256", "ES256"], [])
    assert [(rule.grant, rule.claims["level"]) for rule in entry.rules] == [(grant.id, 1)]
    assert (added.issuer.keys, added.issuer.keys_at) == ([], None)


def test_who_is_restricted_to_servers_sees_no_rule_that_leads_elsewhere(office: Office) -> None:
    service = office.with_server("files").with_server("bank").service
    for name in ("files", "bank"):
        service.mint_grant(NewGrant(server=name, label=f"team/{name}"))
    rules = [IssuerRuleView(claims={"sub": name}, grant=f"team/{name}") for name in ("files", "bank")]
    service.add_issuer(new(rules=rules))
    one = frozenset({service.server("files").id})
    viewer = replace(service.principal, kind="member", name="eve", permissions=ALLOWED[Role.VIEWER], servers=one)
    (seen,) = Service(service.desk, viewer).issuers()
    assert seen.rules == rules[:1] == Service(service.desk, viewer).issuer(NAME).rules
    assert Service(service.desk, replace(viewer, servers=None)).issuer(NAME).rules == rules


def test_a_changed_issuer_keeps_its_keys_only_if_they_come_from_the_same_place(control: Control, office: Office) -> None:
    id = control.add_issuer(new()).issuer.id
    office.service.note_keys(id, [KEY], None)
    assert control.issuer(id).keys == ["k1"]
    assert control.change_issuer(NAME, new(rules=[])).issuer.keys == ["k1"]
    assert office.publication.last.issuers[0].keys == [KEY]
    changed = control.change_issuer(id, new(keys_url="https://issuer.example/keys")).issuer
    assert (changed.keys, changed.id) == ([], id)
    assert control.remove_issuer(id).issuer.id == id
    assert office.publication.last.issuers == []
    assert [line.action for line in control.changes(5)] == [
        *("issuer.removed", "issuer.edited", "issuer.edited", "issuer.keys_fetched", "issuer.added"),
    ]


def test_the_same_keys_are_no_news_and_missing_ones_leave_those_before(control: Control, office: Office) -> None:
    id = control.add_issuer(new()).issuer.id
    office.service.note_keys(id, [KEY], None)
    count = len(office.publication.snapshots)
    office.service.note_keys(id, [KEY], None)
    assert len(office.publication.snapshots) == count
    office.service.note_keys(id, None, "it did not answer")
    assert (control.issuer(id).keys, control.issuer(id).problem) == (["k1"], "it did not answer")
    office.service.note_keys(id, [KEY], None)
    assert control.issuer(id).problem is None
    office.service.note_keys("gone", [KEY], None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"issuer": "issuer.example"}, "is no address"),
        ({"issuer": "https://u:p@issuer.example/"}, "user or password"),
        ({"keys_url": "file:///etc/passwd"}, "is no address"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"leeway_s": 301}, "leeway"),
        ({"leeway_s": -1}, "leeway"),
        ({"rules": [IssuerRuleView(grant="none")]}, "there is no grant `none`"),
        ({"audiences": ["a\nb"]}, "control character"),
        ({"rules": [IssuerRuleView(claims={"a": "\n"}, grant="team/ci")]}, "control character"),
    ],
)
def test_what_no_issuer_can_be_is_refused(control: Control, office: Office, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        control.add_issuer(new(**changes))
    assert control.issuers() == []
    assert office.publication.last.issuers == []


def test_an_issuer_is_there_once_and_what_is_not_there_is_named(control: Control) -> None:
    control.add_issuer(new())
    with pytest.raises(Conflict, match="is there already"):
        control.add_issuer(new())
    asks: list[Callable[[], object]] = [
        lambda: control.issuer("none"),
        lambda: control.remove_issuer("none"),
        lambda: control.change_issuer("none", new()),
    ]
    for ask in asks:
        with pytest.raises(NotFound, match="there is no issuer `none`"):
            ask()


@pytest.mark.parametrize("role", list(Role))
def test_only_an_admin_of_everything_changes_issuers(office: Office, role: Role) -> None:
    office.with_server("files").service.mint_grant(NewGrant(server="files", label="team/ci"))
    own = office.service.principal.organisation
    for servers in (None, frozenset({office.service.server("files").id})):
        principal = Principal(kind="member", name="eve", organisation=own, permissions=ALLOWED[role], servers=servers)
        service = Service(office.service.desk, principal)
        assert service.issuers() == []
        allowed = Permission.MANAGE_ORGANISATION in ALLOWED[role] and servers is None
        asks: list[Callable[[], object]] = [
            lambda service=service: service.add_issuer(new()),  # type: ignore[misc]  # bound now
            lambda service=service: service.change_issuer(NAME, new()),  # type: ignore[misc]  # as above
            lambda service=service: service.remove_issuer(NAME),  # type: ignore[misc]  # as above
        ]
        for ask in asks:
            if allowed:
                ask()
            else:
                with pytest.raises(Forbidden):
                    ask()


def test_a_body_that_names_another_algorithm_is_refused_by_its_field(listener: Listener) -> None:
    status, answer = listener.ask("POST", "/api/v1/issuers", {"issuer": NAME, "algorithms": ["HS256"]})
    assert (status, answer["errors"][0]["pointer"]) == (422, "/algorithms/0")
    with pytest.raises(AdminFault):
        listener.office.service.issuer("")
