"""What seals and opens, for one process: the key ring as it is now, read again when a version is met that is not known.

Without the right key it is *sealed*: nothing opens, nothing new is sealed, and it says why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from yett.errors import OperatorFault
from yett.sealing.box import Place, Unsealable, seal, unseal
from yett.sealing.keys import KeyRing, KeySource


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A sealed secret and its place."""

    place: Place
    blob: bytes


class Vault:
    """For any number of threads."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._ring: KeyRing | None = None
        self._shut = False
        """Whether the key was tried and does not open everything."""
        self._lock = threading.Lock()

    @property
    def source(self) -> KeySource:
        """Where the key is kept."""
        return self._source

    def ring(self) -> KeyRing:
        """The ring as it was read last. Errors: `Unsealable` where there is none; `OperatorFault` where it cannot be read."""
        with self._lock:
            return self._ring or self._read()

    def prepare(self, sealed: Iterable[SealedSecret]) -> None:
        """Make sure that the key opens all that there is; a new one is made only where there is nothing that it could not open.

        Errors: `OperatorFault` where the key is missing, unreadable, or another one; then nothing is sealed with it either.
        """
        secrets = list(sealed)
        self._shut = True
        with self._lock:
            if not secrets and self._source.load() is None:
                self._source.create()
            self._read()
        for secret in secrets:
            self.open(secret.place, secret.blob)
        self._shut = False

    def seal(self, place: Place, secret: bytes) -> bytes:
        """`secret` sealed with the current key. Errors: `OperatorFault`."""
        if self._shut:
            raise Unsealable(
                f"the master key in {self._source.name} does not open the secrets that there are; give the right one"
            )
        return seal(self.ring(), place, secret)

    def open(self, place: Place, blob: bytes) -> bytes:
        """What was sealed at `place`. Errors: `Unsealable`, `OperatorFault`."""
        ring = self.ring()
        try:
            return unseal(ring, place, blob)
        except Unsealable:
            again = self.reload()  # a rotation that this process did not do, or the right key is back
            if again == ring:
                raise
        return unseal(again, place, blob)

    def reload(self) -> KeyRing:
        """The ring as it is kept now. Errors: as `ring`."""
        with self._lock:
            return self._read()

    def replace(self, ring: KeyRing) -> None:
        """Keep `ring` from now on; it seals as soon as it is kept. Errors: `OperatorFault`."""
        with self._lock:
            self._source.store(ring)
            self._ring = ring

    def _read(self) -> KeyRing:
        ring = self._source.load()
        if ring is None:
            raise Unsealable(f"there is no master key in {self._source.name}; put back the one that sealed the secrets")
        self._ring = ring
        return ring


def problem_of(vault: Vault, sealed: Callable[[], Iterable[SealedSecret]]) -> str | None:
    """Why the vault stays sealed; None where everything opens that `sealed` finds."""
    try:
        vault.prepare(sealed())
    except OperatorFault as fault:
        return f"the secrets stay sealed: {fault}"
    return None
