"""Editing servers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.admin.service import Office
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from yett.admin.moves import origin_of
from yett.admin.permissions import Permission
from yett.admin.server_edits import MOVED
from yett.admin.server_views import ServerChanges
from yett.admin.service import Service
from yett.admin.views import NewGrant, NewServer, ServerView
from yett.stores.control.credentials import StoredCredential
from yett.stores.control.transaction import Whole

URL = "https://shop.example/mcp"


def shop(office: Office, **more: Any) -> ServerView:
    return office.service.add_server(NewServer(name="shop", url=URL, **more)).server


def seal(office: Office, server: ServerView) -> None:
    def work(whole: Whole) -> None:
        write = whole.of(office.service.principal.organisation)
        stored = StoredCredential(server_id=server.id, kind="headers", state="ready", changed_at_ns=1)
        write.credentials.put(stored)
        write.secrets.put(server.id, "headers", b"v\x00\x00\x00\x01" + bytes(40), 1)

    office.service.desk.write(work)


def sealed(office: Office, server: ServerView) -> tuple[bool, bool]:
    def work(whole: Whole) -> tuple[bool, bool]:
        read = whole.of(office.service.principal.organisation)
        return read.credentials.find(server.id) is not None, read.secrets.get(server.id, "headers") is not None

    return office.service.desk.look(work)


def test_what_is_said_changes_and_the_rest_stays(office: Office) -> None:
    before = shop(office, notes="ours", credential="env:KEY", credential_header="x-key", credential_scheme="")
    changed = office.service.edit_server("shop", ServerChanges(url=URL + "/v2", notes="theirs", transport="sse"))
    after = changed.server
    assert (after.url, after.notes, after.transport) == (URL + "/v2", "theirs", "sse")
    assert (after.id, after.name, after.credential, after.credential_header, after.created_at) == (
        *(before.id, "shop", "env:KEY", "x-key", before.created_at),
    )
    (entry,) = office.publication.last.servers
    assert (entry.url, entry.transport, entry.credential) == (URL + "/v2", "sse", "env:KEY")
    line = office.service.changes()[0]
    assert (line.action, line.subject) == ("server.edited", before.id)
    assert line.before is not None
    assert line.after is not None
    assert (line.before["notes"], line.after["notes"]) == ("ours", "theirs")


def test_a_new_name_is_a_new_address_and_the_one_by_id_stays(office: Office) -> None:
    before = shop(office)
    grant = office.service.mint_grant(NewGrant(server="shop")).grant
    changed = office.service.edit_server("shop", ServerChanges(name="store"))
    assert changed.server.endpoint == "http://127.0.0.1:8700/mcp/store"
    assert changed.server.endpoint_by_id == before.endpoint_by_id == f"http://127.0.0.1:8700/mcp/{before.id}"
    assert changed.remarks == ["clients reach it at http://127.0.0.1:8700/mcp/store from now on"]
    assert office.service.grant(grant.id).server == "store"
    with pytest.raises(NotFound):
        office.service.server("shop")
    assert [server.name for server in office.publication.last.servers] == ["store"]


def test_a_lost_update_is_refused(office: Office) -> None:
    seen = shop(office)
    office.service.edit_server("shop", ServerChanges(notes="one"), seen.revision)
    with pytest.raises(Stale, match="was changed meanwhile"):
        office.service.edit_server("shop", ServerChanges(notes="two"), seen.revision)
    present = office.service.server("shop")
    assert present.notes == "one"
    assert present.revision != seen.revision
    office.service.edit_server("shop", ServerChanges(notes="two"), present.revision)
    assert office.service.server("shop").notes == "two"


def test_neither_looks_nor_the_kill_switch_make_a_revision_stale(office: Office) -> None:
    seen = shop(office)
    office.lookout.problem = "it is away"
    office.service.look_server("shop")
    assert office.service.server("shop").revision == seen.revision


def test_an_edit_that_changes_nothing_leaves_no_trace(office: Office) -> None:
    shop(office)
    lines, snapshots, asked = len(office.service.changes()), len(office.publication.snapshots), len(office.lookout.asked)
    office.service.edit_server("shop", ServerChanges(url=URL, name="shop"))
    assert (len(office.service.changes()), len(office.publication.snapshots)) == (lines, snapshots)
    assert len(office.lookout.asked) == asked


@pytest.mark.parametrize("url", ["https://other.example/mcp", "http://shop.example/mcp", "https://shop.example:8443/mcp"])
def test_another_origin_never_gets_the_credential_of_the_old_one(office: Office, url: str) -> None:
    server = shop(office, credential="env:KEY")
    seal(office, server)
    changed = office.service.edit_server("shop", ServerChanges(url=url))
    assert changed.server.credential is None
    assert sealed(office, server) == (False, False)
    assert "its credential was dropped, since its url leads to another origin; give it again" in changed.remarks
    (entry,) = office.publication.last.servers
    assert (entry.url, entry.credential, entry.sealed) == (url, None, None)
    asked = office.lookout.asked[-1]
    assert (asked.url, asked.credential, asked.sealed, office.lookout.fields[-1]) == (url, None, None, None)


@pytest.mark.parametrize("url", [URL + "/other", "https://SHOP.example:443/mcp?x=1"])
def test_the_same_origin_keeps_it(office: Office, url: str) -> None:
    server = shop(office, credential="env:KEY")
    seal(office, server)
    assert office.service.edit_server("shop", ServerChanges(url=url)).server.credential == "env:KEY"
    assert sealed(office, server) == (True, True)


def test_a_credential_that_comes_with_the_new_url_is_meant_for_it(office: Office) -> None:
    server = shop(office, credential="env:OLD")
    seal(office, server)
    changed = office.service.edit_server("shop", ServerChanges(url="https://other.example/", credential="env:NEW"))
    assert changed.server.credential == "env:NEW"
    assert sealed(office, server) == (False, False)
    same = office.service.edit_server("shop", ServerChanges(url="https://third.example/", credential="env:NEW"))
    assert same.server.credential == "env:NEW"
    assert office.service.edit_server("shop", ServerChanges(credential="")).server.credential is None


def test_a_changed_target_is_asked_and_what_the_old_one_said_is_forgotten(office: Office) -> None:
    office.lookout.said = {"name": "old", "tools": [{"name": "a"}]}
    shop(office)
    office.lookout.problem = "it is away"
    changed = office.service.edit_server("shop", ServerChanges(url=URL + "/new"))
    assert [server.url for server in office.lookout.asked] == [URL, URL + "/new"]
    assert changed.remarks == [MOVED, "the server did not tell its tools: it is away"]
    assert changed.server.health is not None
    assert (office.service.server_tools("shop").name, office.service.server_tools("shop").tools) == (None, [])


def test_notes_alone_ask_nobody(office: Office) -> None:
    shop(office)
    office.service.edit_server("shop", ServerChanges(notes="x", name="other"))
    assert len(office.lookout.asked) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (ServerChanges(url="ftp://x"), "is no address of a server"),
        (ServerChanges(url="javascript:alert(1)"), "is no address of a server"),
        (ServerChanges(url="http://u:p@x/"), "holds a user or password"),
        (ServerChanges(url="http://private.example/"), "it is yours"),
        (ServerChanges(name="No Name"), "is no name for a server"),
        (ServerChanges(transport="pipe"), "`pipe` is no transport"),  # type: ignore[arg-type]  # from outside
        (ServerChanges(command="time"), "this server is at a url"),
        (ServerChanges(credential="hunter2"), "the credential is no reference"),
        (ServerChanges(credential="env:YETT_MASTER_KEY"), "are the gateway's own"),
        (ServerChanges(credential_header="host"), "is written by the gateway"),
        (ServerChanges(notes="\x1b"), "control character"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(office: Office, changes: ServerChanges, message: str) -> None:
    before = shop(office)
    office.lookout.refused["http://private.example/"] = "list it if it is yours"
    with pytest.raises(Invalid, match=message):
        office.service.edit_server("shop", changes)
    assert office.service.server("shop") == before


def test_a_command_changes_to_another_listed_one_only(office: Office) -> None:
    office.service.add_server(NewServer(name="clock", command="time"))
    for changes, message in (
        (ServerChanges(command="rm"), "the host lists no command `rm`"),
        (ServerChanges(url="http://x/"), "this server is a command"),
        (ServerChanges(transport="sse"), "this server is a command"),
        (ServerChanges(credential="env:X"), "a command gets its secrets from its environment"),
    ):
        with pytest.raises(Invalid, match=message):
            office.service.edit_server("clock", changes)


def test_a_name_that_is_taken_is_refused(office: Office) -> None:
    shop(office)
    office.with_server("files")
    with pytest.raises(Conflict, match="there is a server `files` already"):
        office.service.edit_server("shop", ServerChanges(name="files"))


def test_a_credential_takes_the_permission_for_credentials(office: Office) -> None:
    shop(office)
    principal = replace(office.service.principal, permissions=frozenset({Permission.VIEW, Permission.MANAGE_SERVERS}))
    token = Service(office.service.desk, principal)
    token.edit_server("shop", ServerChanges(notes="fine"))
    for changes in (ServerChanges(credential="env:X"), ServerChanges(credential_header="x-key")):
        with pytest.raises(Forbidden, match="credentials:manage"):
            token.edit_server("shop", changes)
    with pytest.raises(Forbidden, match="credentials:manage"):
        token.add_server(NewServer(name="other", url="http://x/", credential="env:X"))


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://A.example/x") == origin_of("https://a.example:443/y?z") == ("https", "a.example", 443)
    assert origin_of("http://a.example") != origin_of("https://a.example")
    assert origin_of(None) is None
