"""The client says and hears what the service says and hears: one suite for both."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from yett.admin.client import RemoteControl
from yett.admin.control import Control
from yett.admin.errors import AdminFault, Conflict, Invalid, NotFound, PolicyRefused, Unauthorised
from yett.admin.grant_views import Approval, Denial, GrantEdit, GrantFilter, NewRequest, Rotation
from yett.admin.listing import Listing
from yett.admin.policy_views import GrantList, PolicyEdit, Publishing, Restoring, Unpublishing
from yett.admin.remote import NotReached
from yett.admin.views import Attachment, NewGrant, NewRevision, NewServer
from yett.errors import OperatorFault
from yett.gateway.tokens import is_well_formed

DENY = '{"version":"1","default":"deny"}'
ALLOW = '{"version":"1","default":"allow"}'


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, office: Office) -> Control:
    if request.param == "here":
        return office.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteControl("127.0.0.1", listener.port, TOKEN, "ada")


def test_the_whole_life_of_a_grant(control: Control) -> None:
    added = control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp", credential="env:X"))
    assert added.applied
    assert control.servers() == [control.server("files")] == [added.server]
    policy = control.set_policy("strict", NewRevision(document=DENY, message="first"))
    assert policy.changed
    minted = control.mint_grant(NewGrant(server="files", label="ci/1", tags={"a": "b"}, expires="1d", policy="strict"))
    assert is_well_formed(minted.token)
    assert control.grants("files") == control.grants() == [control.grant("ci/1")] == [minted.grant]
    assert control.attach("ci/1", Attachment(policy=None)).grant.policy is None
    assert control.rotate_grant("ci/1").token != minted.token
    assert control.set_policy("strict", NewRevision(document=DENY, grants=["ci/1"])).attached[0].policy == "strict"
    assert control.policies()[0].grants == 1
    assert control.policy("strict", 1).document == DENY
    assert control.revoke_grant("ci/1").grant.status == "revoked"
    assert control.remove_server("files").server.name == "files"
    assert control.status().servers == 0
    assert {line.action for line in control.changes(20)} >= {"server.added", "policy.set", "grant.minted", "server.removed"}


def test_the_whole_life_of_a_policy(control: Control) -> None:
    control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
    first = control.set_policy("p", NewRevision(document=DENY, message="first", server="files", base=0))
    assert (first.policy.server, first.warnings) == ("files", [])
    drafted = control.set_policy("p", NewRevision(document=ALLOW, draft=True, base=1))
    assert [(one.code, one.pointer) for one in drafted.warnings] == [("default-allow", "/default")]
    assert [line.number for line in control.policy_revisions("p", Listing(limit=1)).items] == [2]
    found = control.policy_diff("p")
    assert [(one.kind, one.path, one.before, one.after) for one in found.changes] == [("changed", "/default", "deny", "allow")]
    assert control.policy_diff("p", 0, 1).earlier is None
    assert control.publish_policy("p", Publishing(number=2)).policy.number == 2
    assert control.restore_policy("p", 1, Restoring(base=2)).policy.number == 3
    control.mint_grant(NewGrant(server="files", label="ci"))
    assert [view.policy for view in control.attach_all("p", GrantList(grants=["ci"])).grants] == ["p"]
    assert [view.label for view in control.policy_uses("p", Listing()).items] == ["ci"]
    assert control.unpublish_policy("p", Unpublishing(force=True)).policy.status == "draft"
    assert [view.policy for view in control.detach_all("p", GrantList(grants=["ci"])).grants] == [None]
    assert control.edit_policy("p", PolicyEdit(name="q", server="")).policy.server is None
    assert [policy.name for policy in control.policies("Q", "files")] == ["q"]
    assert control.remove_policy("q").policy.name == "q"
    assert control.policies() == []


def test_the_later_life_of_a_grant(control: Control) -> None:
    control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
    control.set_policy("p", NewRevision(document=DENY))
    minted = control.mint_grant(NewGrant(server="files", label="a/b", owner="ada"))
    edited = control.edit_grant("a/b", GrantEdit(label="c/d", expires="1d", tags={"x": "y"}))
    assert (edited.grant.label, edited.grant.tags, edited.grant.owner) == ("c/d", {"x": "y"}, "ada")
    assert control.rotate_grant("c/d", Rotation(overlap="10m")).grant.previous_until is not None
    assert control.grants(wanted=GrantFilter(owner="ADA", status="live")) == [control.grant("c/d")]
    assert control.grants("files", "c/d", GrantFilter(policy="p")) == []
    with pytest.raises(Conflict, match="keeps no tokens"):
        control.reveal_grant(minted.grant.id)


def test_asking_for_a_grant(control: Control) -> None:
    control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
    control.set_policy("p", NewRevision(document=DENY))
    new = NewRequest(server="files", duration="2h", reason="an outage")
    first, second, third = (control.request_grant(new) for _ in range(3))
    assert {view.id for view in control.request_page(Listing()).items} == {first.id, second.id, third.id}
    assert control.deny_request(first.id, Denial(note="no")).request.note == "no"
    assert control.withdraw_request(second.id).request.status == "withdrawn"
    assert control.approve_request(third.id, Approval(policy="p", duration="1h")).request.status == "approved"
    assert is_well_formed(control.collect_grant(third.id).token)
    assert control.request_page(Listing()).items == []
    assert len(control.request_page(Listing(), "all").items) == 3


def test_what_is_refused_is_refused_alike(control: Control) -> None:
    control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
    control.mint_grant(NewGrant(server="files"))
    asks: list[tuple[Callable[[], object], type[AdminFault]]] = [
        (lambda: control.server("none"), NotFound),
        (lambda: control.grant("none"), NotFound),
        (lambda: control.add_server(NewServer(name="x")), Invalid),
        (lambda: control.remove_server("files"), Conflict),
        (lambda: control.policy("p", 9), NotFound),
    ]
    for ask, kind in asks:
        with pytest.raises(kind) as error:
            ask()
        assert type(error.value) is kind


def test_every_error_of_a_policy_comes_across(control: Control) -> None:
    with pytest.raises(PolicyRefused, match="the policy `p` has 2 errors") as error:
        control.set_policy("p", NewRevision(document='{"version":"1","defualt":"deny"}'))
    assert {detail["pointer"] for detail in error.value.details} == {"/default", "/defualt"}


def test_a_wrong_token_is_refused(listener: Listener) -> None:
    with pytest.raises(Unauthorised, match=r"`admin\.token`"):
        RemoteControl("127.0.0.1", listener.port, "wrong").status()


def test_nobody_there_is_told_with_its_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotReached, match=r"cannot be reached; start it with `yett up`"):
            RemoteControl("127.0.0.1", taken.getsockname()[1], TOKEN).status()


@contextmanager
def answering(wire: bytes) -> Iterator[int]:
    """A listener that says `wire` to whoever comes, once."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(wire)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno",
        b'HTTP/1.1 503 X\r\ncontent-length: 57\r\n\r\n{"error":{"code":"unavailable","message":"the disk is full"}}'[:-1],
    ],
)
def test_an_answer_that_makes_no_sense_is_an_operators_fault(wire: bytes) -> None:
    with answering(wire) as port, pytest.raises(OperatorFault):
        RemoteControl("127.0.0.1", port, TOKEN).status()


def test_a_token_is_not_shown_with_its_client() -> None:
    assert TOKEN not in repr(RemoteControl("127.0.0.1", 1, TOKEN))


def test_an_empty_reference_never_becomes_another_address(control: Control) -> None:
    with pytest.raises(AdminFault):
        control.server("")
