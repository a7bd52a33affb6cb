"""A house in which calls wait for people, and members who decide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.admin.asking import asked, request
from tests.admin.people.house import Browser, House
from yett.admin.views import NewGrant
from yett.app.approvals import StateApprovals
from yett.approvals.model import Approval, Asked
from yett.protocol.strict_json import JsonValue
from yett.stores.state_reader import LogEntry, LogFilter, StateReader, Stream

RULE = "/tools/pay/require_approval/0"


def asks(*approvers: str, quorum: int = 1, rule: str = RULE, message: str | None = None) -> Asked:
    return Asked(rule, quorum, approvers, message)


@dataclass
class Bank:
    """The server `bank`, whose payments wait for people."""

    house: House
    server: str
    grant: str

    @property
    def port(self) -> StateApprovals:
        port = self.house.desk.environment.approvals
        assert isinstance(port, StateApprovals)
        return port

    @property
    def path(self) -> Path:
        return self.port.path

    def asked(self, arguments: dict[str, JsonValue] | None = None, **more: Any) -> str:
        """A call waits; the id of its request."""
        self.house.clock.advance(1)
        said = {"organisation": self.house.desk.first_organisation(), "server_id": self.server, "grant_id": self.grant}
        return asked(self.path, self.house.clock.now_ns(), request(arguments, **{**said, **more})).id

    def standing(self, id: str) -> Approval:
        found = self.port.get(id, self.house.clock.now_ns())
        assert found is not None
        return found

    def events(self, action: str) -> list[LogEntry]:
        """What stands of it in the decision log, oldest first."""
        with StateReader(self.path) as reader:
            return reader.entries(LogFilter(stream=Stream.EVENTS, code=action), 1_000)


def bank_in(house: House) -> Bank:
    server = house.with_server("bank")
    return Bank(house, server, house.service.mint_grant(NewGrant(server="bank", label="payer")).grant.id)


def approve(who: Browser, id: str, **said: Any) -> tuple[int, Any]:
    answer = who.api("POST", f"/approvals/{id}/approve", said)
    return answer.status_code, answer.json()


def deny(who: Browser, id: str, reason: str = "no") -> tuple[int, Any]:
    answer = who.api("POST", f"/approvals/{id}/deny", {"reason": reason})
    return answer.status_code, answer.json()


def show(who: Browser, id: str) -> Any:
    answer = who.api("GET", f"/approvals/{id}")
    assert answer.status_code == 200, answer.text
    return answer.json()
