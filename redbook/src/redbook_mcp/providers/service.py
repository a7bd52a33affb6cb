"""One image service as its painter's parts share it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from httpx2 import URL

from redbook_mcp.ports import Clock
from redbook_mcp.providers.config import Kind, RemoteConfig
from redbook_mcp.secret import Secret

BACK_OFF_S: Final = 1.0
BACK_OFF_MAX_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Service:
    """Which service, how it is to be asked, and the time and dice for waiting."""

    name: Kind
    config: RemoteConfig
    base: URL
    clock: Clock
    rng: Random

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What no message may quote."""
        return (self.config.key,)

    def back_off_s(self, attempt: int) -> float:
        """1 s, 2 s, 4 s …, each between half and whole, so that several clients do not come back together."""
        whole: float = min(BACK_OFF_MAX_S, BACK_OFF_S * 2 ** (attempt - 1))
        return whole * (0.5 + self.rng.random() / 2)
