"""`yett unwrap`: entries of clients' files as they were before.

The file comes first, then what was made for the entry, then what is remembered of it: a crash leaves at worst something that the
next run takes away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final

from yett.app.client_files import read_client_file, refusal, replace_client_file
from yett.app.control import connect
from yett.app.host_secrets import vault_here
from yett.app.wrap_plan import Unread
from yett.app.wrap_servers import Servers
from yett.app.wrapping import ORIGINAL, one_at_a_time, subject_of
from yett.errors import OperatorFault, YettError
from yett.scan.document import BadFile
from yett.scan.model import Client, ConfigFile
from yett.sealing.host_file import HostSecrets
from yett.settings import Settings
from yett.stores.wrapped import Wrapped, drop_wrapped, read_wrapped
from yett.wrap.located import Located, ReadFile, read_file, text_digest

_SHOW: Final = "`yett unwrap --show {name}` prints what stood there"


class Standing(StrEnum):
    """How a wrapped entry stands in its file."""

    WRAPPED = "wrapped"
    RESTORED = "as it was"
    EDITED = "edited since it was wrapped"
    GONE = "not in its file any more"
    UNREADABLE = "its file cannot be read"


@dataclass(frozen=True, slots=True)
class Looked:
    """A wrapped entry, and how it stands."""

    id: str
    record: Wrapped
    standing: Standing
    file: ReadFile | None = None
    located: Located | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What became of a wrapped entry."""

    entry: Looked
    done: bool
    why: str = ""


def look(settings: Settings, records: Mapping[str, Wrapped]) -> list[Looked]:
    """How these entries stand. Errors: `OperatorFault` where what is sealed does not open."""
    files: dict[tuple[str, str], ReadFile | Unread] = {}
    found = []
    for id, record in sorted(records.items(), key=lambda pair: (pair[1].file, str(pair[1].place))):
        key = (record.file, record.client)
        if key not in files:
            files[key] = _read(record)
        found.append(_looked(settings, id, record, files[key]))
    return found


def _read(record: Wrapped) -> ReadFile | Unread:
    file = ConfigFile(Client(record.client), Path(record.file))
    try:
        return read_file(file, read_client_file(file.path))
    except BadFile as error:
        return Unread(file, str(error))
    except OSError as error:
        return Unread(file, f"it cannot be read: {error.strerror}")


def _looked(settings: Settings, id: str, record: Wrapped, file: ReadFile | Unread) -> Looked:
    if isinstance(file, Unread):
        return Looked(id, record, Standing.UNREADABLE, why=file.why)
    located = file.at(record.place)
    if located is None or located.problem is not None:
        return Looked(id, record, Standing.GONE, file)
    region = file.region(located)
    if text_digest(region) == record.text:
        return Looked(id, record, Standing.WRAPPED, file, located)
    restored = text_digest(region) == text_digest(original_of(settings, id))
    return Looked(id, record, Standing.RESTORED if restored else Standing.EDITED, file, located)


def original_of(settings: Settings, id: str) -> str:
    """The text of an entry before it was wrapped. Errors: `OperatorFault`."""
    return HostSecrets(settings.state_dir).open(vault_here(settings), subject_of(id), ORIGINAL).decode()


def unwrap(settings: Settings, entries: Sequence[Looked], *, keep: bool, force: bool = False) -> Iterator[Unwrapped]:
    """Put these back, file by file. `keep` leaves their servers, `force` replaces what was edited since."""
    with one_at_a_time(settings):
        back: list[Looked] = []
        for _, group in groupby(entries, key=lambda entry: (entry.record.file, entry.record.client)):
            done = list(_unwrap_file(settings, list(group), force=force))
            yield from (one for one in done if not one.done)
            back += [one.entry for one in done if one.done]
        yield from _forget(settings, back, keep=keep)


def forget_all(settings: Settings, entries: Sequence[Looked], *, keep: bool) -> Iterator[Unwrapped]:
    """Take away what was made for these, whatever stands in their files."""
    with one_at_a_time(settings):
        yield from _forget(settings, entries, keep=keep)


def _forget(settings: Settings, entries: Sequence[Looked], *, keep: bool) -> Iterator[Unwrapped]:
    """The files are as they are to be by now; a control plane that cannot be reached does not change that."""
    if not entries:
        return
    left = list(entries)
    try:
        with connect(settings) as control:
            servers = Servers(settings, control, vault_here(settings))
            while left:
                yield forget(settings, servers, left.pop(0), keep=keep)
    except YettError as fault:
        yield from (Unwrapped(entry, True, _half(fault)) for entry in left)


def _unwrap_file(settings: Settings, entries: list[Looked], *, force: bool) -> Iterator[Unwrapped]:
    fit = {Standing.WRAPPED, Standing.EDITED} if force else {Standing.WRAPPED}
    back = [entry for entry in entries if entry.standing in fit]
    there = [entry for entry in entries if entry.standing is Standing.RESTORED]
    yield from (Unwrapped(entry, False, _refusal(entry)) for entry in entries if entry.standing not in {*fit, Standing.RESTORED})
    try:
        if back:
            _put_back(settings, back)
    except YettError as fault:
        yield from (Unwrapped(entry, False, str(fault)) for entry in back)
        back = []
    yield from (Unwrapped(entry, True) for entry in [*back, *there])


def _put_back(settings: Settings, entries: list[Looked]) -> None:
    """Errors: `OperatorFault`; the file stays as it is then."""
    file = entries[0].file
    assert file is not None, "it was read"
    problem = refusal(file.file.path)
    if problem is not None:
        raise OperatorFault(f"`{file.file.path}` cannot be changed: {problem}")
    changes = [(entry.located, original_of(settings, entry.id)) for entry in entries if entry.located is not None]
    after = file.replaced(changes)
    try:
        again = read_file(file.file, after)
    except BadFile as error:
        raise OperatorFault(f"`{file.file.path}` could not be read with the entries as they were: {error}") from error
    if any((found := again.at(located.entry.at)) is None or again.region(found) != text for located, text in changes):
        raise OperatorFault(f"`{file.file.path}` is written in another way than before; put its entries back by hand")
    replace_client_file(file.file.path, file.data, after)


def forget(settings: Settings, servers: Servers, entry: Looked, *, keep: bool) -> Unwrapped:
    """Take away what was made for an entry, and what is remembered of it."""
    others = [record for id, record in read_wrapped(settings.state_dir).items() if id != entry.id]
    try:
        note = servers.retire(entry.id, entry.record, others, keep=keep)
    except YettError as fault:
        return Unwrapped(entry, True, _half(fault))
    drop_wrapped(settings.state_dir, entry.id)
    with suppress(OperatorFault):  # nobody asks for it any more
        HostSecrets(settings.state_dir).drop(subject_of(entry.id))
    return Unwrapped(entry, True, note or "")


def _half(fault: YettError) -> str:
    return f"what was made for it is not gone: {fault}; run this again"


def _refusal(entry: Looked) -> str:
    show = _SHOW.format(name=entry.record.name)
    place = f"`{entry.record.file}`"
    if entry.standing is Standing.UNREADABLE:
        return f"{place} cannot be read: {entry.why}; mend it first, {show}"
    if entry.standing is Standing.GONE:
        return f"{place} has no such entry any more; {show}, `--forget` takes away what was made for it"
    return f"the entry in {place} was edited since it was wrapped; {show}, `--force` replaces it by that"
