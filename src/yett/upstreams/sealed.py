"""Credentials that were handed over sealed, opened and ready to be sent. In memory only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from yett.egress.proofs import SCHEME, ProofKey
from yett.errors import OperatorFault
from yett.sealing.handover import Handover, take_over
from yett.sealing.vault import Vault
from yett.upstreams.credentials import CredentialUnavailable, Secret, header_field

LOOK_AGAIN_NS: Final = 1_000_000_000
"""Between two tries to open what did not open."""
_SEE: Final = "see `yett server credential NAME`"


class BoundFields(dict[str, str]):
    """Header fields with a token that is sent with a proof only (RFC 9449); see `yett.upstreams.proving`."""

    def __init__(self, fields: Mapping[str, str], key: ProofKey) -> None:
        super().__init__(fields)
        self.key = key
        self.token = next((value.removeprefix(f"{SCHEME} ") for value in fields.values()), "")

    def __repr__(self) -> str:
        return f"BoundFields({', '.join(self)})"


@dataclass(frozen=True, slots=True)
class _Held:
    """One server's credential."""

    handover: Handover
    fields: Mapping[str, str] = field(repr=False)
    expires_at_ns: int | None
    problem: str | None = None


class SealedCredentials:
    """What the data plane has of them, by server. For one event loop."""

    def __init__(self, vault: Vault, now_ns: Callable[[], int]) -> None:
        self._vault = vault
        self._now_ns = now_ns
        self._held: dict[str, _Held] = {}
        self._looked_at_ns = 0
        self._on_expired: Callable[[str], object] = lambda server: None

    def on_expired(self, tell: Callable[[str], object]) -> None:
        """Have `tell` called with the server whose credential was wanted and is over."""
        self._on_expired = tell

    def take(self, handovers: Sequence[Handover], whole: bool) -> None:
        """Use these credentials from now on; forget those of other servers if they are all there are."""
        held = {} if whole else dict(self._held)
        for handover in handovers:
            known = self._held.get(handover.server)
            # An older one may come from the file, after a newer one came over the socket.
            if known is not None and (known.handover == handover or known.handover.number > handover.number):
                held[handover.server] = known
            else:
                held[handover.server] = self._opened(handover)
        self._held = held

    def fields_of(self, server: str) -> Mapping[str, str]:
        """The header fields of the server's credential; the same object for as long as it is the same credential.

        Errors: `CredentialUnavailable` where there is none, where it does not open, or where it is over.
        """
        held = self._held.get(server)
        if held is None:
            raise CredentialUnavailable(f"the server is not connected, or its credential did not arrive; {_SEE}")
        if held.problem is not None:
            self._look_again()
            held = self._held[server]
        if held.problem is not None:
            raise CredentialUnavailable(held.problem)
        if held.expires_at_ns is not None and held.expires_at_ns <= self._now_ns():
            self._on_expired(server)
            raise CredentialUnavailable(f"the server's access token is over, and no newer one came; {_SEE}")
        return held.fields

    def number_of(self, server: str) -> int:
        """The number of the credential that is held; 0 for none."""
        held = self._held.get(server)
        return 0 if held is None else held.handover.number

    def problems(self) -> list[str]:
        """Why credentials do not open, each reason once."""
        if any(held.problem is not None for held in self._held.values()):
            self._look_again()
        return list(dict.fromkeys(held.problem for held in self._held.values() if held.problem is not None))

    def _look_again(self) -> None:
        """Try once more to open what does not open, a moment after the last time: the right key may be back."""
        now_ns = self._now_ns()
        if now_ns - self._looked_at_ns >= LOOK_AGAIN_NS:
            self._looked_at_ns = now_ns
            self._held = {
                server: held if held.problem is None else self._opened(held.handover) for server, held in self._held.items()
            }

    def _opened(self, handover: Handover) -> _Held:
        try:
            taken = take_over(self._vault, handover)
            fields = dict(header_field(name, "", Secret(value)) for name, value in taken.fields.items())
            key = None if taken.proof_key is None else ProofKey(taken.proof_key).checked()
        except OperatorFault as fault:
            return _Held(handover, {}, None, f"a server's credential stays sealed: {fault}")
        if key is not None:
            return _Held(handover, BoundFields(fields, key), taken.expires_at_ns)
        return _Held(handover, MappingProxyType(fields), taken.expires_at_ns)
