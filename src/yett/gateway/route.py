"""Where a message goes: one caller's way to one server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from yett.gateway.calls import Caller
from yett.gateway.kinds import kinds_allowed
from yett.gateway.sessions import Session
from yett.gateway.snapshot import ServerEntry
from yett.gateway.tools import Scope
from yett.ports import Upstream
from yett.protocol.capabilities import abilities
from yett.protocol.eras import Era
from yett.protocol.messages import Message

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

Credentials: TypeAlias = Callable[[ServerEntry], Mapping[str, str]]
"""The header fields that carry a server's own credential, read now. Errors: `OperatorFault` where it is not to be had."""


class Route(Struct, frozen=True):
    """A caller, a live way to the server, and whose session it is."""

    caller: Caller
    upstream: Upstream
    session: Session | None = None
    isolation: str = ""
    """Who may not share a child process with others."""
    headers: Headers = ()
    """HTTP fields that go along; empty on stdio."""
    local: bool = False
    """Whether the client is who runs the server (`yett run`): one child serves whatever it opens, since nobody else uses it,
    and it is told in detail what went wrong."""

    @property
    def shared(self) -> bool:
        """Whether the server's list of tools is one for all callers: an HTTP server without sessions."""
        return self.session is None and not self.caller.server.one_to_one

    def kinds(self) -> frozenset[str]:
        """What the server may ask of the client, by the policy."""
        return kinds_allowed(self.caller.policy)

    @property
    def scope(self) -> Scope:
        """Whose tool list applies: one for all callers, or one for each isolation."""
        return self.caller.server.id, "" if self.shared else self.isolation

    def scope_of(self, message: Message) -> Scope:
        """The same for one message: without a session, a server may list more to clients that can be asked more."""
        can = "" if message.era is Era.HANDSHAKE else abilities(message, self.kinds)
        return (*self.scope[:2], can) if can else self.scope
