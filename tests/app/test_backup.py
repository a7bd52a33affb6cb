"""Backup and restore."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.approvals.made import request
from tests.stores.approving import says_yes
from tests.stores.control.migrations.versions.test_versions import ORGANISATION, made_by
from tests.stores.ledger_cases import rows
from tests.stores.test_state_tasks import task
from tests.support.clock import ManualClock
from yett.admin.people.doors import build_doors
from yett.admin.people.rules import Rules
from yett.admin.people.service import PeopleService
from yett.admin.people.views import LinkWanted, NewInvitation
from yett.admin.views import NewGrant, NewServer
from yett.app.backup import WAYS_IN, restore_backup, write_backup
from yett.app.backup_contents import KEYS
from yett.app.desk import open_alone
from yett.approvals.lifecycle import made
from yett.approvals.model import State
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.errors import OperatorFault
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import Settings, load_settings
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.approval_rows import ApprovalRows
from yett.stores.control.lock import take_lock
from yett.stores.state_file import open_writer
from yett.stores.state_tasks import TaskRows

CLOCK = ManualClock()
NO_EGRESS = Egress(EgressRules.parse())


def settings_in(directory: Path) -> Settings:
    return load_settings(None, {"YETT_STATE_DIRECTORY": str(directory)})


def filled(directory: Path) -> tuple[Settings, str]:
    """An installation with a server and a grant; the grant's token."""
    settings = settings_in(directory)
    service = open_alone(settings, "local:ada")
    service.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
    token = service.mint_grant(NewGrant(server="files", label="laptop")).token
    service.desk.close()
    open_writer(directory / "state.db").close()
    return settings, token


def labels(settings: Settings) -> list[str]:
    service = open_alone(settings, "local:ada")
    try:
        return [one.label for one in service.grants()]
    finally:
        service.desk.close()


def repacked(source: Path, target: Path, change: dict[str, bytes | None], *, links: tuple[str, ...] = ()) -> Path:
    """The backup with other contents; None leaves a file out."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = change.get(member.name, content.read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
        for name in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            new.addfile(link)
    return target


def test_what_was_backed_up_comes_back_elsewhere_and_tokens_open_with_the_keys(tmp_path: Path) -> None:
    settings, token = filled(tmp_path / "one")
    manifest = write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=True)
    assert set(manifest.files) == {"control.db", "state.db", "token.key"}
    other = settings_in(tmp_path / "two")
    assert restore_backup(other.state_dir, tmp_path / "b.tar", CLOCK).aside is None
    assert labels(other) == ["laptop"]
    service = open_alone(other, "x")
    found = service.desk.read(service.principal.organisation, lambda read: read.grants.labelled("laptop")[0].grant.digest)
    service.desk.close()
    assert found == digest(token, token_key(other.state_dir))


def test_an_approved_call_that_may_have_run_since_the_backup_does_not_run_again(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    now_ns, states = CLOCK.now_ns(), []
    connection = open_writer(settings.state_dir / "state.db")
    for number in range(2):
        ApprovalRows(connection).put(made(f"ap_{number}", request(binding=f"b{number}"), now_ns))
    connection.close()
    with ApprovalDesk(settings.state_dir / "state.db") as desk:
        desk.vote("ap_0", says_yes(now_ns), now_ns)
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=True)
    restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)
    with ApprovalDesk(settings.state_dir / "state.db") as desk:
        for number in range(2):
            found = desk.get(f"ap_{number}", now_ns)
            states.append(None if found is None else found.state)
    assert states == [State.WITHDRAWN, State.WITHDRAWN], "a person may have said no to what waited, too"


def test_a_task_whose_id_may_be_anothers_by_now_is_not_put_back(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    file = settings.state_dir / "state.db"
    connection = open_writer(file)
    TaskRows(connection.cursor()).write([task()])
    connection.close()
    assert rows(file, "SELECT task FROM task_bindings") == [("t",)]
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=True)
    restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)
    assert rows(file, "SELECT task FROM task_bindings") == []


def test_a_link_that_may_have_been_used_since_the_backup_opens_nothing(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    service = open_alone(settings, "local:ada")
    made = PeopleService(service.desk, service.principal).make_link(LinkWanted())
    token = made.link.rpartition("/")[2]
    assert build_doors(service.desk, Rules(base_url="http://localhost"), NO_EGRESS).links.is_good(token, "first")
    service.desk.close()
    write_backup(tmp_path / "one", tmp_path / "b.tar", CLOCK, with_keys=True)
    there = settings_in(tmp_path / "two")
    restore_backup(there.state_dir, tmp_path / "b.tar", CLOCK)
    again = open_alone(there, "local:ada")
    assert not build_doors(again.desk, Rules(base_url="http://localhost"), NO_EGRESS).links.is_good(token, "first")
    again.desk.close()
    with closing(sqlite3.connect(tmp_path / "two" / "control.db")) as database:
        assert [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in sorted(WAYS_IN)] == [(0,)] * 3


def test_a_backup_is_for_its_owner_only_and_has_no_keys_unless_asked(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    manifest = write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    assert not set(manifest.files) & set(KEYS)
    key = (settings.state_dir / "token.key").read_bytes()
    assert key not in (tmp_path / "b.tar").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "one"]
    with tarfile.open(tmp_path / "b.tar") as archive:
        assert archive.getnames()[0] == "manifest.json"


def test_a_backup_while_the_control_plane_has_the_database_holds_what_is_committed(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    service = open_alone(settings, "local:ada")
    try:
        service.mint_grant(NewGrant(server="files", label="late"))
        write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=True)
        service.mint_grant(NewGrant(server="files", label="later"))
    finally:
        service.desk.close()
    other = settings_in(tmp_path / "two")
    restore_backup(other.state_dir, tmp_path / "b.tar", CLOCK)
    assert labels(other) == ["laptop", "late"]


def test_what_was_there_is_kept_aside_and_what_was_made_of_it_does_not_judge_any_more(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    service = open_alone(settings, "local:ada")
    service.mint_grant(NewGrant(server="files", label="after"))
    service.desk.close()
    assert (settings.state_dir / "snapshot.json").exists()
    restored = restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)
    assert labels(settings) == ["laptop"]
    assert restored.aside is not None
    assert {"control.db", "state.db", "snapshot.json"} <= {path.name for path in restored.aside.iterdir()}
    assert stat.S_IMODE(restored.aside.stat().st_mode) == 0o700
    (restored.aside / "control.db").replace(settings.state_dir / "control.db")
    assert labels(settings) == ["laptop", "after"]


def test_the_keys_that_are_there_stay_when_the_backup_has_none(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    key = (settings.state_dir / "token.key").read_bytes()
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)
    assert (settings.state_dir / "token.key").read_bytes() == key


def test_nothing_is_restored_beside_a_control_plane_that_runs(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    with take_lock(settings.state_dir), pytest.raises(OperatorFault, match="a restore needs a gateway that is stopped"):
        restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)


def test_nothing_is_restored_beside_a_data_plane_that_runs(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    before = (settings.state_dir / "control.db").read_bytes()
    ledger = open_writer(settings.state_dir / "state.db")
    try:
        ledger.execute("SELECT count(*) FROM calls").fetchall()
        with pytest.raises(OperatorFault, match="another process has"):
            restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)
    finally:
        ledger.close()
    assert (settings.state_dir / "control.db").read_bytes() == before


def test_a_damaged_database_is_no_hindrance(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    (settings.state_dir / "control.db").write_bytes(b"not a database" * 1000)
    restore_backup(settings.state_dir, tmp_path / "b.tar", CLOCK)
    assert labels(settings) == ["laptop"]


def test_a_backup_that_was_changed_cut_or_is_none_changes_nothing(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    good = tmp_path / "b.tar"
    write_backup(settings.state_dir, good, CLOCK, with_keys=False)
    with tarfile.open(good) as archive:
        database = archive.extractfile("control.db")
        told = archive.extractfile("manifest.json")
        assert database is not None
        assert told is not None
        content, manifest = bytearray(database.read()), json.loads(told.read())
    content[5000] ^= 1
    (tmp_path / "cut.tar").write_bytes(good.read_bytes()[:9000])
    (tmp_path / "text.tar").write_text("hello")
    evil = {**manifest, "files": {**manifest["files"], "../evil": {"bytes": 0, "sha256": "0" * 64}}}
    bad = [
        repacked(good, tmp_path / "flipped.tar", {"control.db": bytes(content)}),
        repacked(good, tmp_path / "lacking.tar", {"control.db": None}),
        repacked(good, tmp_path / "link.tar", {}, links=("control.db-wal",)),
        repacked(good, tmp_path / "evil.tar", {"manifest.json": json.dumps(evil).encode()}),
        repacked(good, tmp_path / "newer.tar", {"manifest.json": json.dumps({**manifest, "schema": "9999"}).encode()}),
        repacked(good, tmp_path / "format.tar", {"manifest.json": json.dumps({**manifest, "format": 2}).encode()}),
        tmp_path / "cut.tar",
        tmp_path / "text.tar",
        tmp_path / "absent.tar",
    ]
    before = sorted(path.name for path in settings.state_dir.iterdir())
    for one in bad:
        with pytest.raises(OperatorFault):
            restore_backup(settings.state_dir, one, CLOCK)
        assert labels(settings) == ["laptop"], one
    assert sorted(path.name for path in settings.state_dir.iterdir()) == before
    assert not (tmp_path / "evil").exists()


def test_a_backup_is_never_written_over_something(tmp_path: Path) -> None:
    settings, _ = filled(tmp_path / "one")
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(OperatorFault, match="is there already"):
        write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=False)
    assert (tmp_path / "b.tar").read_text() == "mine"


def test_an_empty_installation_has_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="nothing to copy"):
        write_backup(tmp_path, tmp_path / "b.tar", CLOCK, with_keys=False)


def test_an_installation_of_the_version_before_goes_on_with_its_tokens_and_gets_a_first_admin(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    made_by("0002", settings.state_dir)
    token = mint()
    with closing(sqlite3.connect(settings.state_dir / "control.db")) as old, old:
        old.execute("UPDATE grants SET digest = ?", (digest(token, token_key(settings.state_dir)),))
    service = open_alone(settings, "local:ada")
    try:
        assert service.principal.organisation == ORGANISATION
        assert [(one.label, one.status, one.policy) for one in service.grants()] == [("ci", "live", "strict")]
        snapshot = json.loads((settings.state_dir / "snapshot.json").read_text())
        assert digest(token, token_key(settings.state_dir)) in json.dumps(snapshot)
        service.revoke_grant("ci")
        people = PeopleService(service.desk, service.principal)
        assert people.first_link().link.startswith("http://127.0.0.1:8701/first/")
        assert people.invite(NewInvitation(email="ada@example.com", role="admin")).invitation.role == "admin"
    finally:
        service.desk.close()
    write_backup(settings.state_dir, tmp_path / "b.tar", CLOCK, with_keys=True)
