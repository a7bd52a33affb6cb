"""Policies that follow files."""

from __future__ import annotations

from pathlib import Path
from typing import IO, cast

import pytest

from tests.admin.service import Office
from yett.admin.policy_files import PolicyFiles

DENY = '{"version":"1","default":"deny"}'
ALLOW = '{"version":"1","default":"allow"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "strict.json"


def test_a_file_is_published_at_the_first_look_and_at_each_change(office: Office, path: Path) -> None:
    path.write_text(DENY)
    files = PolicyFiles(office.service, {"strict": path})
    files.poll()
    assert [entry.document for entry in office.publication.last.policies] == [DENY]
    count = len(office.publication.snapshots)
    files.poll()
    assert len(office.publication.snapshots) == count
    path.write_text(ALLOW)
    files.poll()
    assert [entry.document for entry in office.publication.last.policies] == [ALLOW]
    assert office.service.policy("strict").policy.number == 2


def test_a_file_that_did_not_change_is_not_even_opened(office: Office, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(DENY)
    files, opened, open_file = PolicyFiles(office.service, {"strict": path}), [], Path.open

    def counting(self: Path, mode: str) -> IO[bytes]:
        opened.append(self)
        return cast("IO[bytes]", open_file(self, mode))

    monkeypatch.setattr(Path, "open", counting)
    files.poll()
    files.poll()
    assert opened == [path]


def test_a_file_that_cannot_be_read_keeps_its_last_good_revision_and_is_named(office: Office, path: Path) -> None:
    path.write_text(DENY)
    files = PolicyFiles(office.service, {"strict": path})
    files.poll()
    revision = office.service.policy("strict").policy.revision
    for spoil in (lambda: path.write_text('{"version":"1","defualt":1,"default":"deny"}'), path.unlink):
        spoil()
        files.poll()
        (problem,) = office.publication.last.problems
        assert str(path) in problem
        assert f"revision {revision} stays" in problem
        assert [entry.document for entry in office.publication.last.policies] == [DENY]
    path.write_text(ALLOW)
    files.poll()
    assert office.publication.last.problems == []
    assert [entry.document for entry in office.publication.last.policies] == [ALLOW]


def test_a_problem_is_spread_as_soon_as_the_store_can_be_written_again(office: Office, path: Path) -> None:
    path.write_text(DENY)
    files = PolicyFiles(office.service, {"strict": path})
    files.poll()
    path.write_text("{")
    engine = office.service.desk._store._engine
    full = "CREATE TEMP TRIGGER full BEFORE UPDATE ON installation BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
    for statement, known in ((full, 0), ("DROP TRIGGER full", 1)):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        files.poll()
        assert len(office.publication.last.problems) == known
    count = len(office.publication.snapshots)
    files.poll()
    assert len(office.publication.snapshots) == count


def test_the_reason_names_the_place_in_the_file(office: Office, path: Path) -> None:
    path.write_text('{"version":"1","defualt":"deny"}')
    PolicyFiles(office.service, {"strict": path}).poll()
    (problem,) = office.publication.last.problems
    assert "at `/defualt`: unknown key `defualt`, did you mean `default`? (and 1 more)" in problem
    assert "there is no earlier revision" in problem
    assert office.publication.last.policies == []


def test_a_kept_revision_survives_a_restart_with_a_bad_file(office: Office, path: Path) -> None:
    path.write_text(DENY)
    PolicyFiles(office.service, {"strict": path}).poll()
    path.write_text("{")
    PolicyFiles(office.service, {"strict": path}).poll()
    assert [entry.document for entry in office.publication.last.policies] == [DENY]
    assert "revision 1-" in office.publication.last.problems[0]


def test_yaml_is_told_by_the_name(office: Office, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("version: '1'\ndefault: deny\n")
    PolicyFiles(office.service, {"p": tmp_path / "p.yaml"}).poll()
    assert [entry.document for entry in office.publication.last.policies] == [DENY]


def test_one_bad_file_does_not_keep_the_others_back(office: Office, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(DENY)
    PolicyFiles(
        office.service, {"Bad Name": tmp_path / "good.json", "gone": tmp_path / "none", "good": tmp_path / "good.json"}
    ).poll()
    assert [entry.name for entry in office.publication.last.policies] == ["good"]
    assert len(office.publication.last.problems) == 2


def test_a_file_larger_than_a_policy_may_be_is_refused_without_being_read_whole(office: Office, path: Path) -> None:
    path.write_text(DENY + " " * 300_000)
    PolicyFiles(office.service, {"strict": path}).poll()
    assert "larger than" in office.publication.last.problems[0]


def test_a_policy_whose_file_left_the_settings_is_released(office: Office, path: Path) -> None:
    path.write_text(DENY)
    PolicyFiles(office.service, {"strict": path}).poll()
    PolicyFiles(office.service, {}).release_others()
    assert office.service.policy("strict").policy.source is None
