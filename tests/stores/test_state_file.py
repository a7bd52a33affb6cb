"""What is wrong with the file, in sentences."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from yett.stores.state_file import fault_of, open_reader, open_writer, waiting

PATH = Path("/var/lib/yett/state.db")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (apsw.BusyError(), "has been locked by another process for longer than 5 s: end the program that holds it"),
        (apsw.LockedError(), "has been locked by another process"),
        (apsw.FullError(), "no space left for `/var/lib/yett/state.db`: free some on its disk; calls are denied until then"),
        (apsw.CorruptError(), "is damaged: put back a copy, or move it away together with its `-wal` and `-shm`"),
        (apsw.NotADBError(), "is damaged: put back a copy"),
        (apsw.ReadOnlyError(), "cannot write `/var/lib/yett/state.db`: make the file and its directory writable for this user"),
        (apsw.CantOpenError(), "make the file and its directory writable for this user"),
        (apsw.IOError("disk I/O error"), "the disk under `/var/lib/yett/state.db` fails (disk I/O error): look at its space"),
        (apsw.SQLError("no such\ntable: calls"), "cannot use `/var/lib/yett/state.db`: no such table: calls; `yett doctor`"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_of_the_library_is_one_line_with_a_remedy(error: apsw.Error, sentence: str) -> None:
    message = str(fault_of(PATH, error))
    assert sentence in message
    assert "\n" not in message
    assert not message.endswith(".")


def test_a_busy_handler_waits_for_its_patience_and_no_longer() -> None:
    none, some = waiting(0.0), waiting(0.01)
    assert none(0)
    assert not none(1)
    assert some(0)
    attempts = 1
    while some(attempts):
        attempts += 1
    assert 1 < attempts < 200
    assert some(0)  # a new wait has all its patience again


def test_a_writer_opens_an_existing_file_again_and_a_reader_cannot_change_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    open_writer(path).close()
    writer, reader = open_writer(path, fsync=True), open_reader(path)
    assert writer.pragma("synchronous") == 2
    assert writer.pragma("journal_mode") == "wal"
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM calls")
    reader.close()
    writer.close()
