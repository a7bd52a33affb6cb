"""Use cases about servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.admin.service import Office
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.permissions import Permission
from yett.admin.service import Service
from yett.admin.views import NewGrant, NewServer


def test_an_added_server_is_listed_logged_and_published(office: Office) -> None:
    changed = office.service.add_server(
        NewServer(
            name="github", url="https://api.example/mcp", credential="env:TOKEN", credential_header="X-Key", credential_scheme=""
        )
    )
    assert changed.applied
    assert office.service.servers() == [changed.server]
    assert office.service.server(changed.server.id) == office.service.server("github") == changed.server
    assert changed.server.endpoint == "http://127.0.0.1:8700/mcp/github"
    (entry,) = office.publication.last.servers
    assert (entry.name, entry.url, entry.credential, entry.credential_header) == (
        "github",
        "https://api.example/mcp",
        "env:TOKEN",
        "x-key",
    )
    (line,) = office.service.changes()
    assert (line.actor, line.action, line.name) == ("local:ada", "server.added", "github")


def test_the_transport_of_a_server_is_kept_shown_and_published(office: Office) -> None:
    office.service.add_server(NewServer(name="new", url="http://x/mcp"))
    office.service.add_server(NewServer(name="old", url="http://x/sse", transport="sse"))
    office.service.add_server(NewServer(name="clock", command="time"))
    assert [(server.name, server.transport) for server in office.service.servers()] == [
        ("clock", "stdio"),
        ("new", "http"),
        ("old", "sse"),
    ]
    assert {server.name: server.one_to_one for server in office.publication.last.servers} == {
        "clock": True,
        "new": False,
        "old": True,
    }


def test_a_command_is_taken_by_name_only_if_the_host_lists_it(office: Office) -> None:
    assert office.service.add_server(NewServer(name="clock", command="time")).server.command == "time"
    with pytest.raises(Invalid, match="the host lists no command `rm`; add it there with `yett server add evil -- "):
        office.service.add_server(NewServer(name="evil", command="rm"))
    assert [server.name for server in office.publication.last.servers] == ["clock"]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (NewServer(name="a"), "either a url or a command"),
        (NewServer(name="a", url="http://x/", command="time"), "either a url or a command"),
        (NewServer(name="A b", url="http://x/"), "is no name for a server"),
        (NewServer(name="a", url="ftp://x/"), "is no address of a server"),
        (NewServer(name="a", url="http://x/", credential="hunter2"), "the credential is no reference"),
        (NewServer(name="a", command="time", credential="env:X"), "a command gets its secrets from its environment"),
        (NewServer(name="a", command="time", transport="sse"), "a command speaks stdio; a transport goes with a url only"),
        (NewServer(name="a", url="http://x/", transport="pipe"), "`pipe` is no transport: write `http`"),  # type: ignore[arg-type]  # from outside
        (NewServer(name="a", url="http://x/", credential_header="Host"), "`host` is written by the gateway"),
    ],
)
def test_a_server_that_cannot_be_is_refused_and_nothing_changes(office: Office, new: NewServer, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        office.service.add_server(new)
    assert office.service.servers() == []
    assert office.service.changes() == []
    assert office.publication.snapshots == []


def test_a_name_is_given_once(office: Office) -> None:
    office.with_server("files")
    with pytest.raises(Conflict, match="there is a server `files` already"):
        office.with_server("files")


def test_a_server_with_live_grants_goes_only_together_with_them(office: Office) -> None:
    grant = office.with_server().service.mint_grant(NewGrant(server="files", label="ci")).grant
    with pytest.raises(Conflict, match=r"has 1 live grant; .*--with-grants"):
        office.service.remove_server("files")
    assert office.service.grant(grant.id).status == "live"
    office.service.remove_server("files", with_grants=True)
    assert (office.publication.last.servers, office.publication.last.grants) == ([], [])
    assert [line.action for line in office.service.changes()][:2] == ["server.removed", "grant.revoked"]


def test_who_may_manage_servers_and_no_grants_removes_none_with_them(office: Office) -> None:
    grant = office.with_server().service.mint_grant(NewGrant(server="files", label="ci")).grant
    alone = replace(office.service.principal, kind="token", permissions=frozenset({Permission.MANAGE_SERVERS}))
    tidy = Service(office.service.desk, alone)
    with pytest.raises(Forbidden, match="grants:manage"):
        tidy.remove_server("files", with_grants=True)
    assert office.service.grant(grant.id).status == "live"
    office.service.revoke_grant(grant.id)
    tidy.remove_server("files")
    assert office.service.servers() == []


def test_an_expired_grant_does_not_keep_its_server(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", expires="1h"))
    office.clock.advance(3_600)
    office.service.remove_server("files")
    assert office.service.servers() == []


def test_a_server_that_is_not_there_is_named(office: Office) -> None:
    for ask in (office.service.server, office.service.remove_server, office.service.grants):
        with pytest.raises(NotFound, match="there is no server `none`; `yett server list` shows all"):
            ask("none")
