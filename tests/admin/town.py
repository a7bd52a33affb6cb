"""Two organisations with one of everything in each, and the whole API before them. Made once, and copied for each test."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import event
from starlette.testclient import TestClient

from tests.admin.asking import asked, request
from tests.admin.credentials.test_cases import Keeper
from tests.admin.listener import TOKEN
from tests.admin.service import KEY, KeptLookout, KeptPublication
from tests.support.clock import ManualClock
from yett.admin.api import build_api
from yett.admin.approvals_views import CallApproval, NewDelegation
from yett.admin.catalogue_views import NewToolClass
from yett.admin.desk import Desk, Environment
from yett.admin.grant_views import Approval, NewRequest
from yett.admin.issuer_views import IssuerRuleView, NewIssuer
from yett.admin.people.doors import Doors, build_doors
from yett.admin.people.entrance import Visitor
from yett.admin.people.passwords import Passwords
from yett.admin.people.principals import member_principal
from yett.admin.people.rules import Rules
from yett.admin.people.service import PeopleService
from yett.admin.people.views import NewInvitation, NewOrganisation, NewToken
from yett.admin.permissions import Principal, Role, operator
from yett.admin.references import References
from yett.admin.remote import whole_path
from yett.admin.routes.registry import LINES
from yett.admin.service import Service
from yett.admin.stop_views import StopWanted
from yett.admin.views import NewGrant, NewRevision, NewServer
from yett.admin.webhook_views import NewWebhook
from yett.app.approvals import StateApprovals
from yett.approvals.model import Asked
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault
from yett.stores.control.store import open_control
from yett.stores.state_file import STATE_FILE

HERE: Final = "http://testserver"
PASSWORD: Final = "correct horse battery"
DENY: Final = '{"version":"1","default":"deny"}'
OURS, THEIRS = "ours", "theirs"
CLERK: Final = "clerk"
"""A viewer of whom everything is that people have beside roles: requests, sessions, grants."""
CONFINED: Final = "confined"
"""An admin who reaches only the server `other`."""
_QUICK: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    principal: Principal
    cookie: str
    csrf: str


@dataclass(frozen=True)
class Plan:
    """What there is, by organisation: people, and what things are referred to by."""

    directory: Path
    people: Mapping[tuple[str, str], Person]
    refs: Mapping[str, Mapping[str, str]]
    """Ids, and under `… name` the names that do as well."""


@dataclass
class Town:
    """One copy, open."""

    plan: Plan
    desk: Desk
    doors: Doors
    http: TestClient
    statements: list[str] = field(default_factory=list)
    """What the database was asked, in order."""

    def ask(self, who: Person | None, method: str, path: str, body: Any = None, **fields: str) -> tuple[int, Any]:
        """Status and JSON, as a page of ours asks for `who`; for nobody, with `fields` only."""
        sent = dict(fields)
        if who is not None:
            sent |= {"cookie": f"yett={who.cookie}", "origin": HERE, "sec-fetch-site": "same-origin", "yett-csrf": who.csrf}
        self.enter()
        self.http.cookies.clear()
        answer = self.http.request(method, whole_path(path), json=body, headers=sent)
        if answer.headers.get("content-type") == LINES:
            return answer.status_code, [json.loads(line) for line in answer.text.splitlines()]
        return answer.status_code, answer.json() if answer.content else None

    def operate(self, method: str, path: str, body: Any = None, **fields: str) -> tuple[int, Any]:
        """The same as whoever runs the installation."""
        return self.ask(None, method, path, body, authorization=f"Bearer {TOKEN}", **fields)

    def enter(self) -> None:
        """Have the application be of this town from now on."""
        state = application().state
        state.desk, state.doors = self.desk, self.doors

    def person(self, name: str, organisation: str = OURS) -> Person:
        return self.plan.people[organisation, name]


@contextmanager
def open_town(directory: Path) -> Iterator[Town]:
    """A copy of it in `directory`, which must not exist yet."""
    shutil.copytree(plan().directory, directory)
    with _opened(directory) as (desk, doors):
        town = Town(plan(), desk, doors, TestClient(application(), base_url=HERE))
        engine = desk._store._engine

        @event.listens_for(engine, "before_cursor_execute")
        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            town.statements.append(statement)

        desk.begin()
        town.statements.clear()
        yield town


@cache
def application() -> FastAPI:
    """One for all: the first request to a new one takes most of a second."""
    with tempfile.TemporaryDirectory() as scratch, _opened(Path(scratch)) as (desk, doors):
        return build_api(desk, TOKEN, "testserver", doors)


@cache
def plan() -> Plan:
    """The one that is copied."""
    directory = Path(tempfile.mkdtemp(prefix="yett-tests-"))
    atexit.register(shutil.rmtree, directory)
    people: dict[tuple[str, str], Person] = {}
    refs: dict[str, dict[str, str]] = {}
    with _opened(directory) as (desk, doors):
        for name in (OURS, THEIRS):
            root = operator("local:root", desk.first_organisation())
            added = PeopleService(desk, root).add_organisation(NewOrganisation(name=name)).organisation
            refs[name] = {"organisation": added.id, "organisation name": name}
            builder = _Builder(desk, doors, operator("local:root", added.id), name)
            builder.things(refs[name])
            people |= {(name, who): person for who, person in builder.staff(refs[name]).items()}
    return Plan(directory, people, refs)


@dataclass(frozen=True)
class _Builder:
    """Puts one of everything into an organisation."""

    desk: Desk
    doors: Doors
    root: Principal
    name: str

    def things(self, refs: dict[str, str]) -> None:
        service, people = Service(self.desk, self.root), PeopleService(self.desk, self.root)
        for key in ("server", "other"):
            refs[f"{key} name"] = f"{key}-{self.name}"
            refs[key] = service.add_server(NewServer(name=f"{key}-{self.name}", url="http://127.0.0.1:9/mcp")).server.id
        for key in ("policy", "spare"):
            refs[f"{key} name"] = f"{key}-{self.name}"
            refs[key] = service.set_policy(f"{key}-{self.name}", NewRevision(document=DENY)).policy.id
        service.set_policy(refs["policy name"], NewRevision(document='{"version":"1","default":"allow"}', draft=True))
        service.set_tool_class(refs["server"], "pay", NewToolClass(risk="Financial"))
        for key in ("grant", "stopped"):
            new = NewGrant(server=refs["server"], label=f"{key}-{self.name}", policy=refs["policy"])
            refs[key], refs[f"{key} name"] = service.mint_grant(new).grant.id, f"{key}-{self.name}"
        service.stop(StopWanted(scope="grant", name=refs["stopped"]))
        issuer = NewIssuer(issuer=f"https://{self.name}.example", rules=[IssuerRuleView(grant=refs["grant"])])
        refs["issuer"], refs["issuer name"] = service.add_issuer(issuer).issuer.id, issuer.issuer
        refs["webhook"] = service.add_webhook(NewWebhook(url="https://hooks.example/yett")).webhook.id
        refs["token name"] = f"token-{self.name}"
        refs["token"] = people.make_token(NewToken(label=refs["token name"], scopes=["view"])).token_view.id
        invitation = NewInvitation(email=f"guest@{self.name}.example", role="viewer")
        refs["invitation"] = people.invite(invitation).invitation.id

    def staff(self, refs: dict[str, str]) -> dict[str, Person]:
        found = {role.value: self._member(role.value, role) for role in Role}
        found[CLERK] = self._member(CLERK, Role.VIEWER)
        found[CONFINED] = self._member(CONFINED, Role.ADMIN, [refs["other"]])
        clerk = found[CLERK].principal
        assert clerk.user_id is not None
        refs["member"], refs["member name"] = clerk.user_id, f"{CLERK}@{self.name}.example"
        refs["session"] = self._session(found[CLERK])
        for who in (*Role, CLERK):
            refs[f"open of {who}"] = self._request(found[who].principal, refs)
            refs[f"approved of {who}"] = self._request(found[who].principal, refs)
            Service(self.desk, self.root).approve_request(refs[f"approved of {who}"], Approval())
        refs["request"] = refs[f"open of {CLERK}"]
        self._approvals(found, refs)
        return found

    def _approvals(self, staff: Mapping[str, Person], refs: dict[str, str]) -> None:
        """A call that waits for anybody, one that was spared for an hour, and the clerk, who stands in for another one."""
        approvals = self.desk.environment.approvals
        assert isinstance(approvals, StateApprovals)
        said: dict[str, Any] = {
            "organisation": refs["organisation"],
            "server_id": refs["server"],
            "server_name": refs["server name"],
            "grant_id": refs["grant"],
            "policy": refs["policy name"],
            "asks": (Asked("/r", 1, tuple(Role)),),
        }
        now_ns = self.desk.environment.clock.now_ns()
        refs["approval"] = asked(approvals.path, now_ns, request(**said)).id
        spared = asked(approvals.path, now_ns, request({"amount": 1}, **said))
        view = Service(self.desk, self.root).approve_call(spared.id, CallApproval(exempt_for="1h"))
        refs["exemption"] = view.exemptions[0].id
        stands_in = NewDelegation(to=f"{CLERK}@{self.name}.example", duration="1h")
        refs["delegation"] = Service(self.desk, staff[CONFINED].principal).delegate(stands_in).id

    def _member(self, who: str, role: Role, servers: list[str] | None = None) -> Person:
        new = NewInvitation(email=f"{who}@{self.name}.example", role=role.value, servers=servers)
        link = PeopleService(self.desk, self.root).invite(new).link
        visitor = Visitor("192.0.2.1", "a browser")
        signed = self.doors.links.accept_as_new(link.rpartition("/")[2], who, PASSWORD, visitor)
        present = self.desk.look(lambda whole: self.doors.entrance.present(whole, signed.cookie))
        assert present is not None
        assert present.membership is not None
        return Person(member_principal(present.user, present.membership, "192.0.2.1"), signed.cookie, present.session.csrf)

    def _session(self, person: Person) -> str:
        present = self.desk.look(lambda whole: self.doors.entrance.present(whole, person.cookie))
        assert present is not None
        return self.doors.selves.sessions(present)[0].id

    def _request(self, principal: Principal, refs: Mapping[str, str]) -> str:
        new = NewRequest(server=refs["server"], policy=refs["policy"], duration="1h", reason="x")
        return Service(self.desk, principal).request_grant(new).id


@contextmanager
def _opened(directory: Path) -> Iterator[tuple[Desk, Doors]]:
    clock, vault = ManualClock(), Vault(FileKeys(directory / KEY_FILE))
    if not (directory / KEY_FILE).exists():
        FileKeys(directory / KEY_FILE).create()
    environment = Environment(
        clock=clock,
        token_key=KEY,
        commands=lambda: ("time",),
        endpoint=lambda name: f"http://127.0.0.1:8700/mcp/{name}",
        lookout=KeptLookout(),
        references=References(directory),
        reveal=True,
        vault=vault,
        page=lambda path: f"{HERE}{path}",
        approvals=StateApprovals(directory / STATE_FILE),
    )
    desk = Desk(open_control(directory, clock), KeptPublication(), environment)
    desk.credentials = Keeper(vault)
    try:
        yield desk, build_doors(desk, Rules(base_url=HERE), Egress(EgressRules.parse()), Passwords(_QUICK))
    finally:
        desk.close()
