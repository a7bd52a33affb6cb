"""wrapped.json: which entries of clients' configuration files go through Yett, and what was made for each. Holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from yett.errors import OperatorFault
from yett.private_files import read_private, write_private

WRAPPED_FILE: Final = "wrapped.json"


class Wrapped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry. Its original text is sealed under its id (`yett.sealing.host_file`)."""

    client: str
    file: str
    """Where it really is, links followed."""
    place: tuple[str | int, ...]
    """The way to the entry."""
    text: str
    """Digest of the entry's text as it was written, without blanks (`yett.wrap.located.text_digest`)."""
    server: str
    """What it is called here."""
    made: bool
    """Whether the server was made for it, or for another entry that says the same."""
    meaning: str
    """Keyed digest of what the entry said."""
    grant: str | None = None
    """Id of its grant, once there is one."""
    policy: str | None = None
    """The policy that its grant was given."""

    @property
    def name(self) -> str:
        """What the client calls the server."""
        return str(self.place[-1])


def read_wrapped(state_dir: Path) -> Mapping[str, Wrapped]:
    """All of them, by id. Errors: `OperatorFault`."""
    path = state_dir / WRAPPED_FILE
    content = read_private(path)
    try:
        return {} if content is None else msgspec.json.decode(content, type=dict[str, Wrapped])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorFault(f"the list of wrapped entries `{path}` is unreadable: {error}; restore it from a backup") from error


def put_wrapped(state_dir: Path, id: str, entry: Wrapped) -> None:
    """Add or replace one. Errors: `OperatorFault`."""
    _write(state_dir, {**read_wrapped(state_dir), id: entry})


def drop_wrapped(state_dir: Path, id: str) -> None:
    """Forget one, if it is there. Errors: `OperatorFault`."""
    entries = read_wrapped(state_dir)
    if id in entries:
        _write(state_dir, {other: entry for other, entry in entries.items() if other != id})


def _write(state_dir: Path, entries: Mapping[str, Wrapped]) -> None:
    write_private(state_dir / WRAPPED_FILE, msgspec.json.format(msgspec.json.encode(entries), indent=2))
