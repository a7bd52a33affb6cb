"""`yett wrap`: entries of clients' files go through Yett from now on.

The order keeps everything: the entry as it is, sealed; what was made for it, noted; then the file, in one step. Whatever a crash
leaves half done, the next run finishes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from yett.app.client_files import FileChanged, real_path, refusal, replace_client_file
from yett.app.control import connect
from yett.app.host_secrets import vault_here
from yett.app.wrap_plan import Here, Planned, State, entry_argv
from yett.app.wrap_servers import OBSERVE, RECOMMENDED, Prepared, Servers
from yett.errors import OperatorFault, YettError
from yett.scan.document import BadFile
from yett.sealing.host_file import HostSecrets, locked
from yett.sealing.vault import Vault
from yett.settings import Settings
from yett.stores.wrapped import Wrapped, drop_wrapped, put_wrapped, read_wrapped
from yett.wrap.comments import secrets_of, suspicious_lines
from yett.wrap.located import Located, ReadFile, read_file, text_digest
from yett.wrap.rewriting import rewritten

ORIGINAL: Final = "original"
"""The purpose under which an entry is sealed."""
COMMENTS_MAX: Final = 20
"""Lines of one file that are warned of."""
LOCK: Final = "wrap.lock"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry."""

    entry: Planned
    state: State
    prepared: Prepared | None = None
    why: str = ""


def subject_of(id: str) -> str:
    """Under which an entry is sealed; no server is called so."""
    return f"entry {id}"


@contextmanager
def one_at_a_time(settings: Settings) -> Iterator[None]:
    """Errors: `OperatorFault`."""
    with locked(settings.state_dir / LOCK):
        yield


def wrap(here: Here, entries: Sequence[Planned], policy: str = RECOMMENDED, *, look: bool = True) -> Iterator[Outcome]:
    """Wrap those that are ready, file by file; says of each what became of it when its file is written.

    `look`: whether each server is asked for its tools at once. Errors: `AdminFault`, `OperatorFault` before anything changes.
    """
    vault = vault_here(here.settings)
    with one_at_a_time(here.settings), connect(here.settings) as control:
        problem = control.secrets().problem  # a master key is there from now on
        if problem is not None:
            raise OperatorFault(problem)
        if policy not in {RECOMMENDED, OBSERVE}:
            control.policy(policy)
        yield from _Wrapping(here.settings, Servers(here.settings, control, vault, policy, here.environment.get("PATH", ""))).run(
            entries, look=look
        )


@dataclass(frozen=True, slots=True)
class _Placed:
    """An entry whose server is there."""

    entry: Planned
    server: str
    text: str
    """The entry's text as it will be."""
    record: Wrapped
    is_new: bool
    remarks: tuple[str, ...]


@dataclass(slots=True)
class _Wrapping:
    """One run: servers are put up one by one, asked at once, and then each file is written."""

    settings: Settings
    servers: Servers

    def run(self, entries: Sequence[Planned], *, look: bool) -> Iterator[Outcome]:
        """What becomes of each entry."""
        yield from (Outcome(entry, entry.state, why=entry.why) for entry in entries if entry.state is not State.READY)
        placed: list[_Placed] = []
        for path, group in groupby(
            (entry for entry in entries if entry.state is State.READY), key=lambda entry: entry.file.file.path
        ):
            problem = refusal(path)
            for entry in group:
                try:
                    if problem is not None:
                        raise OperatorFault(f"`{path}` cannot be changed: {problem}")
                    placed.append(self._place(entry))
                except YettError as fault:
                    yield Outcome(entry, State.LEFT, why=str(fault))
        problems = self.servers.look({one.server for one in placed if not one.entry.disabled}, now=look)
        for _, ready in groupby(placed, key=lambda one: one.entry.file.file.path):
            yield from self._finish(list(ready), problems)

    def _place(self, entry: Planned) -> _Placed:
        """Keep the entry as it is, and have its server be there. Errors: `YettError`; then there is neither."""
        assert entry.launch is not None, "only what can be launched is wrapped"
        records = dict(read_wrapped(self.settings.state_dir))
        before = records.pop(entry.id, None)
        meaning = self.servers.meaning(entry.launch)
        if before is not None and before.meaning != meaning:
            self.servers.retire(entry.id, before, records.values(), keep=False)
            before = None
        server, made = self.servers.name_for(entry, meaning, [*([] if before is None else [before]), *records.values()])
        text = rewritten(entry.file, entry.located, entry_argv(self.settings, server, entry.id))
        _seal(self.settings, self.servers.vault, entry)
        record = Wrapped(
            client=entry.client.value,
            file=str(real_path(entry.file.file.path)),
            place=entry.located.entry.at,
            text=text_digest(text),
            server=server,
            made=made,
            meaning=meaning,
            grant=None if before is None else before.grant,
        )
        put_wrapped(self.settings.state_dir, entry.id, record)
        try:
            remarks = tuple(self.servers.place(entry.launch, server))
        except YettError:
            if before is None:
                _undo(self.settings, self.servers, entry.id, record)
            raise
        return _Placed(entry, server, text, record, before is None, remarks)

    def _finish(self, ready: list[_Placed], problems: Mapping[str, str]) -> Iterator[Outcome]:
        """Policies and grants of one file's entries, then the file."""
        done: list[tuple[Planned, str, Prepared]] = []
        for one in ready:
            id = one.entry.id
            try:
                remarks = [*one.remarks, *([problems[one.server]] if one.server in problems else [])]
                prepared = self.servers.prepare(id, one.entry, one.server, remarks)
            except YettError as fault:
                if one.is_new:
                    _undo(self.settings, self.servers, id, one.record)
                yield Outcome(one.entry, State.LEFT, why=str(fault))
                continue
            put_wrapped(self.settings.state_dir, id, replace(one.record, grant=prepared.grant, policy=prepared.policy))
            done.append((one.entry, one.text, prepared))
        if done:
            yield from _write(ready[0].entry.file, done)


def _undo(settings: Settings, servers: Servers, id: str, record: Wrapped) -> None:
    """Take away what was made in vain; what cannot be, `yett unwrap` takes away."""
    others = [other for other_id, other in read_wrapped(settings.state_dir).items() if other_id != id]
    with suppress(YettError):
        servers.retire(id, record, others, keep=False)
        drop_wrapped(settings.state_dir, id)
        HostSecrets(settings.state_dir).drop(subject_of(id))


def _seal(settings: Settings, vault: Vault, entry: Planned) -> None:
    HostSecrets(settings.state_dir).replace(vault, subject_of(entry.id), {ORIGINAL: entry.file.region(entry.located).encode()})


def _write(file: ReadFile, done: Sequence[tuple[Planned, str, Prepared]]) -> Iterator[Outcome]:
    changes = [(entry.located, text) for entry, text, _ in done]
    try:
        after = file.replaced(changes)
        check_way_back(file, after, changes)
        replace_client_file(file.file.path, file.data, after)
    except (FileChanged, OperatorFault) as fault:
        yield from (Outcome(entry, State.LEFT, why=str(fault)) for entry, _, _ in done)
        return
    warnings = comment_warnings(file, after, [entry for entry, _, _ in done])
    for number, (entry, _, prepared) in enumerate(done):
        attention = (*prepared.attention, *warnings) if number == 0 else prepared.attention
        yield Outcome(entry, State.WRAPPED, dataclass_replace(prepared, attention=attention))


def comment_warnings(file: ReadFile, after: bytes, entries: Sequence[Planned]) -> list[str]:
    """Where a comment of the file looks as if it held a secret: it stays, since nobody can say what else it is for."""
    secrets = {secret for entry in entries if entry.launch is not None for secret in secrets_of(entry.launch)}
    lines = suspicious_lines(read_file(file.file, after).text, secrets, toml=file.toml)
    what = "a comment looks as if it held a secret, and stays as it is; take that out, and have a new one made"
    return [f"{file.file.path}, line {line}: {what}" for line in lines[:COMMENTS_MAX]]


def check_way_back(file: ReadFile, after: bytes, changes: Sequence[tuple[Located, str]]) -> None:
    """INVARIANT: what is about to be written can be read again, and leads back to the very bytes that there were.

    Errors: `OperatorFault`.
    """
    try:
        again = read_file(file.file, after)
        back = [(found, file.region(located)) for located, _ in changes if (found := again.at(located.entry.at)) is not None]
        others = {one.entry.at: one.entry.value for one in file.located} | {one.entry.at: {} for one, _ in changes}
        kept = {one.entry.at: one.entry.value for one in again.located} | {one.entry.at: {} for one, _ in changes}
        sound = len(back) == len(changes) and again.replaced(back) == file.data and others == kept
    except BadFile:
        sound = False
    if not sound:
        raise OperatorFault(f"`{file.file.path}` is written in a way that could not be put back; it stays as it is")
