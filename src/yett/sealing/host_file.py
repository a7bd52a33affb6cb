"""Secrets of this host, sealed in one file of the state directory: what programs are started with, what clients' entries were.

Only the command line on this host writes it, as it alone says what may be started; a rotation of the master key seals it anew. A
subject's secrets are known by their purpose.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from yett.errors import OperatorFault
from yett.private_files import FILE_MODE, read_private, write_private
from yett.sealing.box import Place, Unsealable
from yett.sealing.vault import SealedSecret, Vault

SEALED_FILE: Final = "sealed.json"
HOST: Final = "this host"
"""In the place of an organisation, whose ids look otherwise."""

_Kept = dict[str, dict[str, bytes]]


class HostSecrets:
    """For any number of processes; each change is one step."""

    def __init__(self, state_directory: Path) -> None:
        self._path = state_directory / SEALED_FILE

    def open(self, vault: Vault, subject: str, purpose: str) -> bytes:
        """One secret. Errors: `Unsealable` where there is none or it does not open; `OperatorFault`."""
        blob = self._read().get(subject, {}).get(purpose)
        place = Place(HOST, subject, purpose)
        if blob is None:
            raise Unsealable(f"there is no {place} in `{self._path}`; enter it again, or restore the file from a backup")
        return vault.open(place, blob)

    def purposes(self, subject: str) -> list[str]:
        """What is kept of a subject. Errors: `OperatorFault`."""
        return sorted(self._read().get(subject, {}))

    def replace(self, vault: Vault, subject: str, secrets: Mapping[str, bytes]) -> None:
        """Keep these secrets of a subject, and no others of it. Errors: `OperatorFault`."""
        sealed = {purpose: vault.seal(Place(HOST, subject, purpose), secret) for purpose, secret in secrets.items()}
        with self._changing() as kept:
            kept.pop(subject, None)
            if sealed:
                kept[subject] = sealed

    def drop(self, subject: str) -> None:
        """Forget all of a subject. Errors: `OperatorFault`."""
        if subject in self._read():
            with self._changing() as kept:
                kept.pop(subject, None)

    def sealed_secrets(self) -> list[SealedSecret]:
        """See `SealedStore`. Errors: `OperatorFault`."""
        return [
            SealedSecret(Place(HOST, subject, purpose), blob)
            for subject, purposes in self._read().items()
            for purpose, blob in purposes.items()
        ]

    def reseal(self, work: Callable[[SealedSecret], bytes | None]) -> int:
        """See `SealedStore`. Errors: `OperatorFault`."""
        if not self._read():
            return 0
        count = 0
        with self._changing() as kept:
            for subject, purposes in kept.items():
                for purpose, blob in purposes.items():
                    sealed = work(SealedSecret(Place(HOST, subject, purpose), blob))
                    if sealed is not None:
                        purposes[purpose] = sealed
                        count += 1
        return count

    def _read(self) -> _Kept:
        content = read_private(self._path)
        try:
            return {} if content is None else msgspec.json.decode(content, type=_Kept)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OperatorFault(f"the sealed secrets `{self._path}` are unreadable: {error}; restore the file") from error

    @contextmanager
    def _changing(self) -> Iterator[_Kept]:
        """What is kept, to be changed; written whole at the end, and not at all if the block raises."""
        with locked(self._path.with_suffix(".lock")):
            kept = self._read()
            yield kept
            write_private(self._path, msgspec.json.encode(kept))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes out while the block lasts; it waits for them. Errors: `OperatorFault`."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise OperatorFault(f"cannot lock `{path}`: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
