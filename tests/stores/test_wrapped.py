"""The list of entries that go through Yett."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.stores.wrapped import WRAPPED_FILE, Wrapped, drop_wrapped, put_wrapped, read_wrapped

ENTRY = Wrapped(
    client="Cursor",
    file="/home/me/.cursor/mcp.json",
    place=("mcpServers", "files"),
    text="d",
    server="files",
    made=True,
    meaning="m",
)


def test_what_is_put_is_there_until_it_is_dropped(tmp_path: Path) -> None:
    assert read_wrapped(tmp_path) == {}
    put_wrapped(tmp_path, "1", ENTRY)
    put_wrapped(tmp_path, "2", ENTRY)
    assert read_wrapped(tmp_path) == {"1": ENTRY, "2": ENTRY}
    assert ENTRY.name == "files"
    assert (tmp_path / WRAPPED_FILE).stat().st_mode & 0o777 == 0o600
    drop_wrapped(tmp_path, "1")
    drop_wrapped(tmp_path, "1")
    assert read_wrapped(tmp_path) == {"2": ENTRY}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"1": {}}', b'{"1": {"client": "\xff"}}'])
def test_a_list_that_cannot_be_read_is_said_to_be_so_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / WRAPPED_FILE
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(OperatorFault, match="unreadable"):
        put_wrapped(tmp_path, "1", ENTRY)
    assert path.read_bytes() == content
