"""Who may speak at all: `Host` and `Origin` of a request, the grant behind its token, and how many calls it has in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from msgspec import Struct

from yett.gateway.access_tokens import AccessTokens, NotTaken
from yett.gateway.active import Snapshot
from yett.gateway.published import ActivePolicy
from yett.gateway.snapshot import GrantEntry, ServerEntry
from yett.policy.decision import Grant
from yett.ports import Clock

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
HOSTS_REMEMBERED_MAX: Final = 64
IN_FLIGHT_MAX: Final = 128
"""Requests of one grant at once; more would let one agent take the connections of all others."""
IN_FLIGHT_TOTAL_MAX: Final = 1024
"""Requests of all grants at once: what one event loop answers in good time, with memory to spare for their bodies."""
SHORT_BYTES: Final = 64 * 1024
"""Requests up to this length are only counted: so many of them as a grant may have open are little."""
GRANT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of longer ones, a quarter of what the listener holds: no grant takes the room of the others."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The names under which this listener may be addressed, and the pages that may address it."""

    hosts: frozenset[str]
    origins: frozenset[str]
    _judged: dict[bytes, bool] = field(default_factory=dict)
    """Hosts seen before; nearly every request names the same one."""

    @classmethod
    def of(cls, listen: str, hosts: Iterable[str], origins: Iterable[str]) -> Guard:
        """Loopback names, the address listened on, and what the configuration adds."""
        own = f"[{listen}]" if ":" in listen else listen
        return cls(LOOPBACK_HOSTS | {own.lower()} | {host.lower() for host in hosts}, frozenset(origins))

    def host_allowed(self, host: bytes | None) -> bool:
        """Whether `Host` names this listener: another name means that a page was made to reach us (DNS rebinding)."""
        if host is None:
            return False
        allowed = self._judged.get(host)
        if allowed is None:
            text = host.decode("latin-1").lower()
            allowed = text in self.hosts or _without_port(text) in self.hosts
            if len(self._judged) < HOSTS_REMEMBERED_MAX:
                self._judged[host] = allowed
        return allowed

    def origin_allowed(self, origin: bytes | None) -> bool:
        """Whether the page that sends the request, if it is one, may do so: pages of this machine, and configured ones."""
        if origin is None:
            return True
        text = origin.decode("latin-1")
        scheme, separator, rest = text.partition("://")
        return text in self.origins or (scheme in {"http", "https"} and bool(separator) and _without_port(rest) in LOOPBACK_HOSTS)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and not (host.startswith("[") and not name.endswith("]")) else host


class Bearer(Struct, frozen=True):
    """A grant that was shown for the server that it is for, and all that judging it depends on, of one moment."""

    grant: GrantEntry
    server: ServerEntry
    facts: Grant
    """What conditions may ask of the grant."""
    policy: ActivePolicy | None
    digest: str
    """Of the token that was shown: a grant that was rotated has two for a while."""
    stopped: str | None = None
    """What people stopped, so that nothing may be forwarded; None where nothing is."""


@dataclass(frozen=True, slots=True)
class NoBearer:
    """Why the token was refused: for the log only. Every client is answered alike."""

    reason: str
    server: str | None = None
    """The server of the path, where it exists."""
    grant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What tokens are looked up with."""

    digest: Callable[[str], str]
    """The keyed digest of a token: what is looked up says nothing of the token, so no comparison can leak it."""
    now_ns: Callable[[], int]
    access: AccessTokens


def authenticate(snapshot: Snapshot, reference: str, authorization: bytes | None, tokens: Tokens) -> Bearer | NoBearer:
    """The grant behind `Authorization: Bearer …`, if it is for the server that the path names, by its name or id.

    The grant comes first: a name says which server is meant only within the grant's organisation. A token that is no grant's may
    be an access token of an issuer, and maps to a grant then.
    """
    scheme, _, token = (authorization or b"").partition(b" ")
    if authorization is None:
        return NoBearer("no token", snapshot.name_of(reference))
    if scheme.lower() != b"bearer" or not token.isascii():
        return NoBearer("not a bearer token", snapshot.name_of(reference))
    shown = tokens.digest(token.decode("ascii"))
    grant = snapshot.grants.get(shown)
    if grant is None and snapshot.issuers:
        return _by_access_token(snapshot, reference, token, shown, tokens)
    if grant is None:
        return NoBearer("unknown or revoked token", snapshot.name_of(reference))
    until_ns = grant.until_ns(shown)
    if until_ns is not None and until_ns <= tokens.now_ns():
        over = "the grant has expired" if shown == grant.digest else "the token was rotated, and its time is over"
        return NoBearer(over, snapshot.name_of(reference), grant.id)
    server = snapshot.servers.get(grant.server)
    if server is None or (reference != server.name and reference != server.id):
        return NoBearer("the grant is for another server", snapshot.name_of(reference), grant.id)
    return bearer_of(snapshot, grant, server, shown)


def _by_access_token(snapshot: Snapshot, reference: str, token: bytes, shown: str, tokens: Tokens) -> Bearer | NoBearer:
    try:
        grant, server, mark = tokens.access.grant_of(snapshot, reference, token, shown, tokens.now_ns())
    except NotTaken as refusal:
        return NoBearer(str(refusal), snapshot.name_of(reference))
    return bearer_of(snapshot, grant, server, mark)


def bearer_of(snapshot: Snapshot, grant: GrantEntry, server: ServerEntry, digest: str) -> Bearer:
    """A grant that may speak to this server, with what judges it."""
    stopped = snapshot.stop_of(grant, server) if snapshot.stopped or grant.stopped or server.stopped else None
    return Bearer(grant, server, snapshot.facts[grant.id], snapshot.policy_of(grant), digest, stopped)


@dataclass(slots=True)
class Lifetimes:
    """The time by which grants expire: the wall clock, but never behind what has passed since the start.

    A clock that is set back does not bring an expired grant back to life.
    """

    clock: Clock
    _start_ns: int = field(init=False)
    _start_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._start_ns, self._start_s = self.clock.now_ns(), self.clock.monotonic()

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return max(self.clock.now_ns(), self._start_ns + int((self.clock.monotonic() - self._start_s) * 1e9))


class Crowded(Enum):
    """Why one more request is too many now."""

    GRANT = "too many requests of this grant at once"
    LISTENER = "too many requests at once"


@dataclass(slots=True)
class InFlight:
    """How many requests are open: of each grant, and of all together; and how much long ones of a grant hold."""

    maximum: int = IN_FLIGHT_MAX
    """Of one grant."""
    total_maximum: int = IN_FLIGHT_TOTAL_MAX
    held_maximum: int = GRANT_BYTES_MAX
    """Bytes of the long requests of one grant."""
    total: int = 0
    _open: dict[str, int] = field(default_factory=dict)
    _held: dict[str, int] = field(default_factory=dict)

    def enter(self, grant_id: str, *, beside: int = 0, size: int = 0) -> Crowded | None:
        """Count one more, of `size` bytes; or why that would be too many, which counts nothing.

        `beside`: how many more there may be.
        """
        count = self._open.get(grant_id, 0)
        if count >= self.maximum + beside:
            return Crowded.GRANT
        held = self._held.get(grant_id, 0)
        if held and size > SHORT_BYTES and held + size > self.held_maximum:
            return Crowded.GRANT
        if self.total >= self.total_maximum + beside:
            return Crowded.LISTENER
        self.total += 1
        self._open[grant_id] = count + 1
        if size > SHORT_BYTES:
            self._held[grant_id] = held + size
        return None

    def leave(self, grant_id: str, *, size: int = 0) -> None:
        """Count one less, of as many bytes as it entered with."""
        self.total -= 1
        if size > SHORT_BYTES:
            held = self._held[grant_id] - size
            if held:
                self._held[grant_id] = held
            else:
                del self._held[grant_id]
        count = self._open[grant_id] - 1
        if count:
            self._open[grant_id] = count
        else:
            del self._open[grant_id]
