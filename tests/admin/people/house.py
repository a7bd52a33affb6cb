"""A control plane on a real socket, with people in it, and browsers that come to it."""

from __future__ import annotations

import asyncio
import atexit
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from tests.admin.service import KEY, KeptPublication
from tests.support.clock import ManualClock
from yett.admin.api import build_api
from yett.admin.approval_notices.slack_decisions import SlackDecisions
from yett.admin.desk import Desk, Environment
from yett.admin.outside import Seen
from yett.admin.people.doors import Doors, build_doors
from yett.admin.people.passwords import Passwords
from yett.admin.people.rules import Rules
from yett.admin.people.service import PeopleService
from yett.admin.people.views import NewInvitation, NewOrganisation, NewToken, RoleName
from yett.admin.permissions import operator
from yett.admin.references import References
from yett.admin.service import Service
from yett.admin.views import NewServer
from yett.app.approvals import StateApprovals
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.gateway.snapshot import ServerEntry
from yett.stores.control.store import open_control
from yett.stores.state_file import STATE_FILE

TOKEN = "an admin token for tests"
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Few tests are about how long a hash takes."""


class NobodyLooks:
    """Implements `yett.admin.outside.Lookout` where no server is to be asked."""

    def refusal(self, url: str) -> str | None:
        return None

    def look(self, server: ServerEntry, fields: Mapping[str, str] | None = None, *, patient: bool = False) -> Seen:
        return Seen(None, "it was not asked")

    def close(self) -> None:
        return


@dataclass
class Browser:
    """Keeps cookies, sends what browsers send, fills in forms."""

    client: httpx2.Client
    origin: str
    csrf: str = ""

    def get(self, path: str, **fields: str) -> httpx2.Response:
        return self.client.get(path, headers=fields)

    def post(self, path: str, form: Mapping[str, str], **fields: str) -> httpx2.Response:
        """As a form of our own page is posted."""
        sent = {"origin": self.origin, "sec-fetch-site": "same-origin", **fields}
        return self.client.post(path, data=dict(form), headers=sent)

    def fill(self, page: str, values: Mapping[str, str], action: str | None = None) -> httpx2.Response:
        """Open a page and post its form, or the one with this action."""
        text = self.get(page).text
        forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', text, re.DOTALL)
        found = next((one for one in forms if action is None or one[0] == action), None)
        assert found is not None, text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', found[1]))
        return self.post(found[0], {**hidden, **values})

    def sign_in(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        return self.fill("/sign-in", {"email": email, "password": password}, "/sign-in")

    def api(self, method: str, path: str, body: object = None, **fields: str) -> httpx2.Response:
        """As a page of ours asks the API."""
        if not self.csrf and method != "GET":
            self.csrf = self.get("/api/v1/me").json().get("csrf") or ""
        sent = {"origin": self.origin, "sec-fetch-site": "same-origin", "yett-csrf": self.csrf, **fields}
        return self.client.request(method, f"/api/v1{path}", json=body, headers=sent)


@dataclass
class House:
    desk: Desk
    doors: Doors
    clock: ManualClock
    publication: KeptPublication
    url: str
    _clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def people(self) -> PeopleService:
        """The use cases about people, as the operator has them."""
        return PeopleService(self.desk, operator("local:root", self.desk.first_organisation()))

    @property
    def service(self) -> Service:
        return Service(self.desk, operator("local:root", self.desk.first_organisation()))

    def browser(self, **fields: str) -> Browser:
        client = httpx2.Client(
            base_url=self.url, follow_redirects=False, headers={"user-agent": "a browser", **fields}, timeout=20
        )
        self._clients.append(client)
        return Browser(client, self.url)

    def program(self, token: str = TOKEN, **fields: str) -> Browser:
        """One that shows a token instead of a cookie."""
        return self.browser(authorization=f"Bearer {token}", **fields)

    def with_member(self, email: str, role: RoleName = "viewer", *, people: PeopleService | None = None, **rest: Any) -> Browser:
        """Somebody who was invited and accepted with `PASSWORD`; their browser, signed in."""
        link = (people or self.people).invite(NewInvitation(email=email, role=role, **rest)).link
        browser = self.browser()
        answer = browser.fill(urlsplit(link).path, {"name": email.partition("@")[0], "password": PASSWORD, "again": PASSWORD})
        assert answer.status_code == 303, answer.text
        return browser

    def with_token(self, *scopes: str, label: str = "ci", **rest: Any) -> Browser:
        """A program with an API token that the operator made."""
        return self.program(self.people.make_token(NewToken(label=label, scopes=list(scopes), **rest)).token)

    def elsewhere(self, name: str = "other") -> PeopleService:
        """The operator, in a new organisation."""
        self.clock.advance(1)  # the oldest one is the first
        added = self.people.add_organisation(NewOrganisation(name=name)).organisation
        return PeopleService(self.desk, operator("local:root", added.id))

    def with_server(self, name: str = "files") -> str:
        return self.service.add_server(NewServer(name=name, url="http://127.0.0.1:9/mcp")).server.id

    def log(self) -> list[Any]:
        """The admin log, newest first."""
        return self.service.changes()

    def close(self) -> None:
        for client in self._clients:
            client.close()


_idle: list[FastAPI] = []
"""Applications that no house has now: the first request to a new one takes most of a second."""


@cache
def empty_database() -> Path:
    """What the migrations make, made once: they take longer than most tests."""
    directory = Path(tempfile.mkdtemp(prefix="yett-tests-"))
    atexit.register(shutil.rmtree, directory)
    open_control(directory, ManualClock()).close()
    return directory / "control.db"


def open_desk(state_dir: Path, url: str, clock: ManualClock, publication: KeptPublication) -> Desk:
    environment = Environment(
        clock=clock,
        token_key=KEY,
        commands=lambda: (),
        endpoint=lambda name: f"http://127.0.0.1:8700/mcp/{name}",
        lookout=NobodyLooks(),
        references=References(state_dir),
        page=lambda path: f"{url}{path}",
        approvals=StateApprovals(state_dir / STATE_FILE),
    )
    return Desk(open_control(state_dir, clock), publication, environment)


@contextmanager
def open_house(
    state_dir: Path,
    *,
    rules: Callable[[str], Rules] = lambda url: Rules(base_url=url),
    hasher: PasswordHasher = QUICK,
    port: int = 0,
    slack: Callable[[Desk], SlackDecisions] | None = None,
) -> Iterator[House]:
    """`rules` are made of the address, and what takes Slack's requests of the desk."""
    shutil.copyfile(empty_database(), state_dir / "control.db")
    (state_dir / "control.db").chmod(0o600)
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    clock, publication = ManualClock(), KeptPublication()
    desk = open_desk(state_dir, url, clock, publication)
    doors = build_doors(desk, rules(url), Egress(EgressRules.parse(["127.0.0.1"])), Passwords(hasher))
    app = _idle.pop() if _idle else build_api(desk, TOKEN, "gate.example", doors)
    app.state.desk, app.state.doors = desk, doors
    app.state.slack = None if slack is None else slack(desk)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    house = House(desk, doors, clock, publication, url)
    try:
        yield house
    finally:
        house.close()
        server.should_exit = True
        thread.join(10)
        listener.close()
        desk.close()
        _idle.append(app)
