"""The kill switch."""

from __future__ import annotations

import pytest

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from yett.admin.client import RemoteControl
from yett.admin.control import Control
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.permissions import ALLOWED, Permission, Principal, Role
from yett.admin.service import Service
from yett.admin.stop_views import Scope, StopWanted
from yett.admin.views import NewGrant
from yett.gateway.snapshot import EVERYTHING


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, office: Office) -> Control:
    office.with_server("files").service.mint_grant(NewGrant(server="files", label="ci"))
    if request.param == "here":
        return office.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteControl("127.0.0.1", listener.port, TOKEN, "ada")


def as_principal(office: Office, role: Role, servers: frozenset[str] | None = None) -> Service:
    own = office.service.principal.organisation
    principal = Principal(kind="member", name="eve", organisation=own, permissions=ALLOWED[role], servers=servers)
    return Service(office.service.desk, principal)


def test_a_stopped_grant_is_told_to_the_data_planes_and_goes_on_afterwards(control: Control, office: Office) -> None:
    stopped = control.stop(StopWanted(scope="grant", name="ci", reason="it loops"))
    assert (stopped.applied, stopped.stop.scope, stopped.stop.name) == (True, "grant", "ci")
    assert [entry.stopped for entry in office.publication.last.grants] == [True]
    assert control.grant("ci").status == "stopped"
    assert control.stops() == [stopped.stop]
    resumed = control.resume(StopWanted(scope="grant", name="ci"))
    assert (resumed.stopped, resumed.stop.since) == (False, None)
    assert [entry.stopped for entry in office.publication.last.grants] == [False]
    assert (control.grant("ci").status, control.stops()) == ("live", [])
    (resume, stop) = control.changes(2)
    assert (stop.action, stop.detail, resume.action) == ("grant.stopped", {"reason": "it loops"}, "grant.resumed")
    assert stop.before is not None
    assert stop.after is not None
    assert (stop.before["status"], stop.after["status"]) == ("live", "stopped")


def test_a_stopped_server_keeps_its_grants(control: Control, office: Office) -> None:
    control.stop(StopWanted(scope="server", name="files"))
    assert [entry.stopped for entry in office.publication.last.servers] == [True]
    assert control.grant("ci").status == "live"
    assert control.server("files").stopped_at is not None
    control.resume(StopWanted(scope="server", name="files"))
    assert [entry.stopped for entry in office.publication.last.servers] == [False]


def test_an_organisation_and_everything_are_stopped_apart(control: Control, office: Office) -> None:
    own = office.service.principal.organisation
    control.stop(StopWanted(scope="organisation"))
    assert office.publication.last.stopped == [own]
    control.stop(StopWanted(scope="everything"))
    assert office.publication.last.stopped == [EVERYTHING, own]
    assert [view.scope for view in control.stops()] == ["everything", "organisation"]
    control.resume(StopWanted(scope="everything"))
    assert office.publication.last.stopped == [own]
    control.resume(StopWanted(scope="organisation"))
    assert office.publication.last.stopped == []


@pytest.mark.parametrize("scope", ["grant", "server", "organisation", "everything"])
def test_what_is_as_wanted_already_is_refused(control: Control, scope: Scope) -> None:
    wanted = StopWanted(scope=scope, name={"grant": "ci", "server": "files"}.get(scope, ""))
    with pytest.raises(Conflict, match="is not stopped"):
        control.resume(wanted)
    control.stop(wanted)
    with pytest.raises(Conflict, match="is stopped already"):
        control.stop(wanted)


def test_what_is_not_there_cannot_be_stopped(control: Control) -> None:
    for scope in ("grant", "server"):
        with pytest.raises(NotFound, match=f"there is no {scope} `none`"):
            control.stop(StopWanted(scope=scope, name="none"))
    with pytest.raises(Invalid):
        control.stop(StopWanted(scope="everything", reason="a\nb"))


@pytest.mark.parametrize("scope", ["grant", "server", "organisation", "everything"])
@pytest.mark.parametrize("role", list(Role))
def test_only_an_admin_stops_and_only_the_operator_stops_everything(office: Office, role: Role, scope: Scope) -> None:
    office.with_server("files").service.mint_grant(NewGrant(server="files", label="ci"))
    wanted = StopWanted(scope=scope, name={"grant": "ci", "server": "files"}.get(scope, ""))
    service = as_principal(office, role)
    if Permission.STOP in ALLOWED[role] and scope != "everything":
        assert service.stop(wanted).stopped
    else:
        with pytest.raises(Forbidden):
            service.stop(wanted)
        assert office.service.stops() == []


def test_who_is_confined_to_some_servers_stops_those_only(office: Office) -> None:
    office.with_server("one").with_server("two")
    within = frozenset({office.service.server("one").id})
    service = as_principal(office, Role.ADMIN, within)
    service.stop(StopWanted(scope="server", name="one"))
    with pytest.raises(NotFound, match="there is no server `two`"):
        service.stop(StopWanted(scope="server", name="two"))
    with pytest.raises(Forbidden, match="confined to some servers"):
        service.stop(StopWanted(scope="organisation"))
