"""A policy file on disk and the last good revision of it, which stays when the file can no longer be read."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from yett.errors import OperatorFault
from yett.gateway.snapshot import PolicyEntry
from yett.policy.canonical import canonical_json, revision_digest
from yett.policy.document import looks_like_yaml, read_policy
from yett.policy.errors import PolicyErrors
from yett.private_files import write_private

ORGANISATION: Final = "local"
"""Under which local grants are counted."""
DIRECTORY: Final = "policies"


class _Stored(msgspec.Struct, frozen=True):
    number: int
    digest: str
    document: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a look at the file came to."""

    entry: PolicyEntry
    problem: str | None = None
    """Why the file itself could not be used; `entry` is then the last good revision."""


class PolicyFile:
    """One file, published under a name, with its last good revision stored in the state directory."""

    def __init__(self, path: Path, name: str, state_dir: Path) -> None:
        self._path = path
        self._name = name
        key = hashlib.sha256(f"{name}\0{path.resolve()}".encode()).hexdigest()[:32]
        self._stored_path = state_dir / DIRECTORY / f"{key}.json"
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> bool:
        """Whether the file is another than at the last look. The first look is a change."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            seen = (0, 0, 0)
        changed, self._seen = seen != self._seen, seen
        return changed

    def load(self) -> Loaded:
        """The policy to judge by. Errors: `OperatorFault` where neither the file nor an earlier revision can be used."""
        stored = self._read_stored()
        try:
            policy = read_policy(self._path.read_bytes(), yaml=looks_like_yaml(self._path.name))
        except (OSError, PolicyErrors) as error:
            reason = f"policy file `{self._path}` cannot be used: {_reason(error)}"
            if stored is None:
                raise OperatorFault(f"{reason}; mend it, there is no earlier revision to fall back on") from error
            return Loaded(self._entry(stored), f"{reason}; revision {_revision(stored)} stays")
        digest = revision_digest(policy)
        if stored is None or stored.digest != digest:
            stored = _Stored(1 if stored is None else stored.number + 1, digest, canonical_json(policy))
            self._stored_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._stored_path, msgspec.json.encode(stored))
        return Loaded(self._entry(stored))

    def _entry(self, stored: _Stored) -> PolicyEntry:
        return PolicyEntry(
            id=self._name, organisation=ORGANISATION, name=self._name, revision=_revision(stored), document=stored.document
        )

    def _read_stored(self) -> _Stored | None:
        try:
            stored = msgspec.json.decode(self._stored_path.read_bytes(), type=_Stored)
            read_policy(stored.document.encode())
        except (OSError, msgspec.MsgspecError, PolicyErrors):
            return None
        return stored


def _revision(stored: _Stored) -> str:
    return f"{stored.number}-{stored.digest[:12]}"


def _reason(error: OSError | PolicyErrors) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
