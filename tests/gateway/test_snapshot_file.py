"""The base and its journal: whatever happens between two steps, what was kept is read back."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.snapshots import delta, grant, histories, policy, server
from yett.errors import OperatorFault
from yett.gateway import snapshot_file
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.snapshot_file import SnapshotFile, journal_of, load_snapshot, state_of, store_snapshot
from yett.gateway.whole import Whole


def base(revision: int = 1) -> SnapshotData:
    return SnapshotData(revision=revision, origin="origin", servers=[server("s1")], grants=[grant("a")])


def begun(path: Path) -> SnapshotFile:
    file = SnapshotFile(path)
    file.begin(base())
    return file


def revoking(revision: int, *ids: str) -> SnapshotDelta:
    return delta(revision, grants_gone=list(ids))


def adding(revision: int, *ids: str) -> SnapshotDelta:
    return delta(revision, grants=[grant(id) for id in ids])


def seen(path: Path) -> tuple[int, list[str]]:
    """Revision and grants, as one reads them who starts now."""
    snapshot = load_snapshot(path)
    assert snapshot is not None
    return snapshot.revision, [one.id for one in snapshot.grants]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshot.json"


def test_changes_are_appended_and_the_base_stays(path: Path) -> None:
    file = begun(path)
    before = path.read_bytes()
    file.append(adding(2, "b"))
    file.append(revoking(3, "a"))
    assert path.read_bytes() == before
    assert journal_of(path).read_bytes().count(b"\n") == 2
    assert seen(path) == (3, ["b"])
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


def test_without_a_base_there_is_nothing(path: Path) -> None:
    assert load_snapshot(path) is None
    assert SnapshotFile(path).known() is None


@given(history=histories(), folds=st.sets(st.integers(1, 8)), restarts=st.sets(st.integers(1, 8)))
def test_what_is_read_is_what_was_kept_whenever_it_was_folded_or_taken_up_again(
    tmp_path_factory: pytest.TempPathFactory, history: list[SnapshotDelta], folds: set[int], restarts: set[int]
) -> None:
    path = tmp_path_factory.mktemp("history") / "snapshot.json"
    file, kept = SnapshotFile(path), Whole()
    for change in history:
        kept.apply(change)
        if change.previous is None:
            file.begin(kept.data())
        else:
            file.append(change)
        if change.revision in folds:
            file.fold()
            assert journal_of(path).read_bytes() == b""
        if change.revision in restarts:
            file = SnapshotFile(path)
            file.resume()
        assert file.known() == (change.origin, change.revision)
        assert load_snapshot(path) == kept.data()


def test_a_line_that_was_torn_is_as_if_it_were_not_there_and_the_next_one_takes_its_place(path: Path) -> None:
    begun(path).append(adding(2, "b"))
    whole = journal_of(path).read_bytes()
    journal_of(path).write_bytes(whole + whole[: len(whole) // 2])
    assert seen(path) == (2, ["a", "b"])
    file = SnapshotFile(path)
    file.resume()
    file.append(adding(3, "c"))
    assert seen(path) == (3, ["a", "b", "c"])


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_crash_at_any_byte_of_a_line_loses_that_line_alone(path: Path, cut: int) -> None:
    file = begun(path)
    file.append(adding(2, "b"))
    first = journal_of(path).stat().st_size
    file.append(adding(3, "c"))
    os.truncate(journal_of(path), min(first + cut, journal_of(path).stat().st_size - 1))
    assert seen(path) == (2, ["a", "b"])


def test_a_last_line_of_nothing_but_zeroes_is_a_torn_one(path: Path) -> None:
    begun(path).append(adding(2, "b"))
    with journal_of(path).open("ab") as journal:
        journal.write(b"\0" * 40 + b"\n")
    assert seen(path) == (2, ["a", "b"])
    file = SnapshotFile(path)
    file.resume()
    file.append(adding(3, "c"))
    assert seen(path) == (3, ["a", "b", "c"])


def test_lines_that_the_base_has_already_are_passed_over(path: Path) -> None:
    file = begun(path)
    for revision, id in enumerate("bcd", 2):
        file.append(adding(revision, id))
    lines = journal_of(path).read_bytes()
    file.fold()
    journal_of(path).write_bytes(lines)  # killed between the base and the journal
    assert seen(path) == (4, ["a", "b", "c", "d"])
    again = SnapshotFile(path)
    again.resume()
    again.append(revoking(5, "a"))
    assert seen(path) == (5, ["b", "c", "d"])


def test_a_new_base_counts_though_the_old_journal_could_not_be_removed_any_more(path: Path) -> None:
    file = begun(path)
    file.append(adding(2, "b"))
    lines = journal_of(path).read_bytes()
    store_snapshot(path, base(7))
    journal_of(path).write_bytes(lines)
    journal_of(path).chmod(0o600)
    assert seen(path) == (7, ["a"])


def test_lines_of_another_database_are_passed_over(path: Path) -> None:
    begun(path)
    file = SnapshotFile(path.with_name("other.json"))
    file.begin(SnapshotData(revision=1, origin="another"))
    file.append(delta(2, origin="another", grants=[grant("b")]))
    journal_of(path).write_bytes(journal_of(path.with_name("other.json")).read_bytes())
    journal_of(path).chmod(0o600)
    assert seen(path) == (1, ["a"])


@pytest.mark.parametrize("damage", ["gap", "garbage"])
def test_a_journal_that_says_nothing_sure_is_refused_with_its_remedy(path: Path, damage: str) -> None:
    file = begun(path)
    file.append(adding(2, "b"))
    file.append(adding(3, "c"))
    first, second = journal_of(path).read_bytes().splitlines(keepends=True)
    journal_of(path).write_bytes(second if damage == "gap" else b"{}\n" + second)
    with pytest.raises(OperatorFault, match=r"line 1 of `.*snapshot\.journal` .*start the control plane, which writes it anew"):
        load_snapshot(path)
    assert first


def test_a_journal_that_others_may_write_is_refused(path: Path) -> None:
    begun(path).append(adding(2, "b"))
    journal_of(path).chmod(0o666)
    with pytest.raises(OperatorFault, match="others may use"):
        load_snapshot(path)


def test_a_file_of_the_form_before_is_answered_with_its_remedy(path: Path) -> None:
    path.write_text('{"revision":4,"organisation":"o","servers":[],"grants":[],"policies":[],"problems":[]}')
    path.chmod(0o600)
    with pytest.raises(OperatorFault, match="start the control plane, which writes it anew"):
        load_snapshot(path)


def test_a_change_that_does_not_follow_is_not_kept(path: Path) -> None:
    file = begun(path)
    for wrong in (delta(1), delta(3), delta(2, origin="another"), delta(2, None)):
        with pytest.raises(OperatorFault, match="does not follow"):
            file.append(wrong)
    with pytest.raises(OperatorFault, match="does not follow"):
        SnapshotFile(path).append(delta(2))
    assert seen(path) == (1, ["a"])


def test_a_change_that_the_disk_did_not_take_is_kept_with_the_next_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = begun(path)
    with monkeypatch.context() as full:

        def no_room(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(os, "fsync", no_room)
        with pytest.raises(OperatorFault, match="No space left"):
            file.append(adding(2, "b"))
    file.append(adding(3, "c"))
    assert seen(path) == (3, ["a", "b", "c"])
    file.append(revoking(4, "b"))
    assert seen(path) == (4, ["a", "c"])


def test_the_journal_is_to_be_folded_when_it_is_half_as_large_as_its_base(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_file, "FOLD_BYTES_MIN", 0)
    file = SnapshotFile(path)
    file.begin(SnapshotData(revision=1, origin="origin", policies=[policy("p", document={"x": "x" * 4_000})]))
    revision = 1
    while not file.grown:
        revision += 1
        file.append(adding(revision, f"g{revision}"))
    journal = journal_of(path).stat().st_size
    assert 0 <= journal - path.stat().st_size // 2 < 300
    file.fold()
    assert not file.grown


def test_a_small_journal_is_left_alone(path: Path) -> None:
    file = begun(path)
    for revision in range(2, 20):
        file.append(adding(revision, f"g{revision}"))
    assert not file.grown


def test_changes_may_come_while_it_is_folded_and_readers_see_no_step_back(path: Path) -> None:
    file, last = begun(path), 200
    done, faults = threading.Event(), list[str]()

    def fold() -> None:
        while not done.is_set():
            file.fold()

    def read() -> None:
        newest = 0
        while not done.is_set():
            revision, _ = seen(path)
            if revision < newest:
                faults.append(f"{revision} after {newest}")
            newest = revision

    beside = [threading.Thread(target=work) for work in (fold, read)]
    for thread in beside:
        thread.start()
    try:
        for revision in range(2, last + 1):
            file.append(delta(revision, grants=[grant(f"g{revision}")], grants_gone=[f"g{revision - 1}"]))
    finally:
        done.set()
        for thread in beside:
            thread.join()
    assert faults == []
    assert seen(path) == (last, ["a", f"g{last}"])


def test_what_was_kept_is_noticed(path: Path) -> None:
    states = [state_of(path)]
    file = begun(path)
    states.append(state_of(path))
    file.append(adding(2, "b"))
    states.append(state_of(path))
    file.fold()
    states.append(state_of(path))
    assert len(set(states)) == 4
