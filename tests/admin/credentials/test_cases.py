"""Use cases about credentials: who may do them, what is logged, and what nobody sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.admin.service import Office, open_office
from yett.admin.credentials.cases import credential_view
from yett.admin.credentials.port import Begun, Departure
from yett.admin.credentials.views import NewCredential
from yett.admin.errors import AdminFault, Conflict, Forbidden, Invalid, NotFound
from yett.admin.permissions import ALLOWED, Permission, Role
from yett.admin.service import Service
from yett.admin.views import NewServer
from yett.errors import OperatorFault, UpstreamFault
from yett.oauth.client import Identity
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.rotation import Rotated
from yett.sealing.vault import Vault

HEADERS = NewCredential(kind="headers", headers={"X-Key": "hidden"})
CLIENT = NewCredential(
    kind="client_credentials", issuer="https://i.example", client_id="us", client_secret="hidden", scopes=["read"]
)


class Keeper:
    """Implements `CredentialKeeper` without keeping anything: remembers what it was asked for."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.problem: str | None = None
        self.seen: list[tuple[str, str]] = []
        self.note: str | None = None

    def identity(self) -> Identity:
        return Identity("https://gate.example/oauth/callback")

    def page(self, path: str) -> str:
        return f"https://gate.example{path}"

    def changed(self, organisation: str, server_id: str) -> str | None:
        self.seen.append((organisation, server_id))
        return self.note

    def connect(self, organisation: str, server_id: str, actor: str) -> Begun:
        if self.note is not None:
            raise UpstreamFault(self.note)
        return Begun("ticket", "https://i.example", 10**18)

    def depart(self, ticket: str) -> Departure:
        raise NotImplementedError

    def arrive(self, answer: dict[str, str], cookie: str) -> str:
        raise NotImplementedError

    def rotate(self) -> Rotated:
        return Rotated(2, 3, [1], finished_earlier=False)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        FileKeys(tmp_path / KEY_FILE).create()
        opened.service.desk.credentials = Keeper(Vault(FileKeys(tmp_path / KEY_FILE)))
        yield opened.with_server("files")


def keeper_of(office: Office) -> Keeper:
    keeper = office.service.desk.credentials
    assert isinstance(keeper, Keeper)
    return keeper


def sealed(office: Office) -> str | None:
    """What data planes know of the server's credential."""
    return office.publication.last.servers[0].sealed


CASES: list[Callable[[Service], Any]] = [
    lambda service: service.credential("files"),
    lambda service: service.set_credential("files", HEADERS),
    lambda service: service.connect("files"),
]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("case", range(len(CASES)))
def test_only_an_admin_sees_or_changes_credentials(office: Office, case: int, role: Role) -> None:
    service = Service(office.service.desk, replace(office.service.principal, kind="member", permissions=ALLOWED[role]))
    if Permission.MANAGE_CREDENTIALS in ALLOWED[role]:
        CASES[case](service)
    else:
        with pytest.raises(Forbidden):
            CASES[case](service)
    assert (Permission.MANAGE_CREDENTIALS in ALLOWED[role]) is (role is Role.ADMIN)


@pytest.mark.parametrize("kind", ["member", "token"])
def test_the_master_key_is_for_who_runs_the_installation(office: Office, kind: Any) -> None:
    service = Service(office.service.desk, replace(office.service.principal, kind=kind))
    for case in (service.secrets, service.rotate_secrets):
        with pytest.raises(Forbidden):
            case()
    assert office.service.secrets().version == 1
    assert office.service.rotate_secrets().retired == [1]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_server_out_of_reach_is_not_there(office: Office, case: int) -> None:
    confined = Service(office.service.desk, replace(office.service.principal, servers=frozenset({"another"})))
    with pytest.raises(NotFound):
        CASES[case](confined)


def test_a_change_is_logged_with_before_and_after_and_no_value(office: Office) -> None:
    office.service.set_credential("files", HEADERS)
    office.service.set_credential("files", CLIENT)
    lines = [line for line in office.service.changes() if line.action == "credential.set"]
    assert len(lines) == 2
    assert lines[0].before is not None
    assert lines[0].after is not None
    assert (lines[0].before["kind"], lines[0].after["kind"]) == ("headers", "client_credentials")
    assert "hidden" not in str([asdict(line) for line in lines])


def test_data_planes_are_told_the_kind_and_the_keeper_what_changed(office: Office) -> None:
    server = office.service.server("files")
    office.service.set_credential("files", HEADERS)
    assert sealed(office) == "headers"
    office.service.set_credential("files", CLIENT)
    assert sealed(office) == "oauth"
    office.service.set_credential("files", NewCredential(kind="reference", reference="env:SHOP", header="X-Key", scheme=""))
    entry = office.publication.last.servers[0]
    assert (entry.sealed, entry.credential, entry.credential_header, entry.credential_scheme) == (None, "env:SHOP", "x-key", "")
    office.service.set_credential("files", NewCredential(kind="none"))
    assert office.publication.last.servers[0].credential is None
    assert [seen[1] for seen in keeper_of(office).seen] == [server.id] * 4


def test_nothing_of_the_credential_before_is_left(office: Office) -> None:
    office.service.set_credential("files", CLIENT)
    assert office.service.secrets().secrets == 1
    office.service.set_credential("files", HEADERS)
    assert office.service.secrets().secrets == 1
    office.service.set_credential("files", NewCredential(kind="none"))
    assert office.service.secrets().secrets == 0
    assert office.service.credential("files").kind == "none"


def test_what_did_not_work_is_said(office: Office) -> None:
    keeper_of(office).note = "the authorization server gives no token"
    changed = office.service.set_credential("files", HEADERS)
    assert (changed.applied, changed.note) == (False, "the authorization server gives no token")


def test_while_sealed_nothing_is_taken(office: Office) -> None:
    keeper_of(office).problem = "the secrets stay sealed"
    with pytest.raises(OperatorFault, match="stay sealed"):
        office.service.set_credential("files", HEADERS)
    assert office.service.credential("files").kind == "none"


def test_without_a_control_plane_it_says_what_to_start(office: Office) -> None:
    office.service.desk.credentials = None
    for case in (
        lambda: office.service.set_credential("files", HEADERS),
        lambda: office.service.connect("files"),
        office.service.secrets,
    ):
        with pytest.raises(Conflict, match="yett up"):
            case()


def test_a_connection_begins_at_a_page_of_ours(office: Office) -> None:
    assert office.service.connect("files").url == "https://gate.example/oauth/start/ticket"
    keeper_of(office).note = "the authorization server is broken"
    with pytest.raises(Conflict, match="is broken"):
        office.service.connect("files")


@pytest.mark.parametrize(
    "new",
    [
        NewCredential(kind="reference"),
        NewCredential(kind="headers", headers={"a": "b"}, reference="env:A"),
        NewCredential(kind="reference", reference="hidden"),
        NewCredential(kind="reference", reference="env:YETT_MASTER_KEY"),
        replace(CLIENT, kind="token_exchange", subject_reference="env:YETT_MASTER_KEY"),
    ],
)
def test_a_reference_goes_where_it_belongs_and_never_to_our_own_secrets(office: Office, new: NewCredential) -> None:
    with pytest.raises(Invalid) as refused:
        office.service.set_credential("files", new)
    assert "hidden" not in str(refused.value)


def test_a_program_has_no_credential_of_this_kind(office: Office) -> None:
    office.service.add_server(NewServer(name="clock", command="time"))
    with pytest.raises(AdminFault, match="environment"):
        office.service.set_credential("clock", HEADERS)


def test_a_removed_server_leaves_no_secret(office: Office) -> None:
    office.service.set_credential("files", HEADERS)
    office.service.remove_server("files")
    assert office.service.secrets().secrets == 0


def test_a_view_of_nothing_says_none(office: Office) -> None:
    server = office.service.read(lambda read: office.service.find_server(read, "files"))
    assert (credential_view(server, None).kind, credential_view(server, None).state) == ("none", "none")
