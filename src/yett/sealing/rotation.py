"""A new master key while everything goes on.

1. A new version joins the ring and seals from then on; the old ones still open.
2. Every secret is opened and sealed anew, one transaction of the store's.
3. Whoever holds copies gets the new ones (`spread`).
4. Versions that nothing is sealed with any more are retired.

A crash between any two steps leaves a ring that opens everything, and the next rotation finishes what was begun before it makes
another key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from yett.sealing.box import version_of
from yett.sealing.vault import SealedSecret, Vault


class SealedStore(Protocol):
    """Where sealed secrets are kept."""

    def sealed_secrets(self) -> Sequence[SealedSecret]:
        """All of them."""
        ...

    def reseal(self, work: Callable[[SealedSecret], bytes | None]) -> int:
        """Replace each blob by what `work` makes of it, None leaving it, in one transaction; how many were replaced."""
        ...


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation came to."""

    version: int
    """The current one now."""
    resealed: int
    retired: list[int]
    """Versions that nothing is sealed with any more; they are gone where the ring can be changed, else yours to remove."""
    finished_earlier: bool
    """Whether no new key was made, for an earlier rotation was not finished."""


def rotate(vault: Vault, store: SealedStore, spread: Callable[[], None] = lambda: None) -> Rotated:
    """Seal everything with a new key. `spread` hands the new blobs to whoever holds old ones.

    Errors: `OperatorFault`; what was done stays, and everything opens.
    """
    ring = vault.reload()
    unfinished = any(version_of(secret.blob) != ring.current for secret in store.sealed_secrets()) or len(ring.keys) > 1
    if not unfinished:
        ring = ring.with_next()
        vault.replace(ring)
    current = ring.current

    def renewed(secret: SealedSecret) -> bytes | None:
        if version_of(secret.blob) == current:
            return None
        return vault.seal(secret.place, vault.open(secret.place, secret.blob))

    resealed = store.reseal(renewed)
    spread()
    retired = sorted(ring.keys.keys() - {version_of(secret.blob) for secret in store.sealed_secrets()} - {current})
    if retired and vault.source.changeable:
        vault.replace(ring.without(retired))
    return Rotated(current, resealed, retired, unfinished)
