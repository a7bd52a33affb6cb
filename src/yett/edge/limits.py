"""How much one client may cost the edge. Every bound has its unit in its name and its reason beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """Bounds of the data plane's listener. Times are seconds, and are kept to within one sweep (a second)."""

    header_s: float = 10.0
    """From the first byte of a request, or from the opening of the connection, to the end of the head: slow heads hold memory."""
    body_rate_grace_s: float = 10.0
    """A body may be slow for this long; then the minimum rate holds."""
    body_bytes_per_s_min: int = KIB
    """Mean rate below which a body counts as a slow-body attack; far below any real link."""
    request_s: float = 60.0
    """From the first to the last byte of a request; a full body at 70 KB/s still fits."""
    idle_s: float = 75.0
    """Between requests. Longer than the 60 s after which usual clients and balancers drop a connection themselves."""
    write_stall_s: float = 60.0
    """How long a client may not read while there is something to send: its buffers are ours."""
    turned_away_s: float = 1.0
    """How long nothing is read of a connection whose request found no room: the time that `Retry-After` names."""
    linger_s: float = 2.0
    """How long a refused client's further bytes are thrown away, so that a reset does not overtake the refusal."""

    header_bytes: int = 32 * KIB
    """The whole head. A bearer token, a few trace fields and cookies fit many times over."""
    header_count: int = 100
    """Fields in a head; real clients send about ten."""
    target_bytes: int = 8 * KIB
    """Path and query."""
    body_bytes: int = 4 * MIB
    """One message; the SDKs' own bound."""
    chunk_count: int = 16 * KIB
    """Chunks in one body: at 256 bytes each they fill it; smaller ones only burn time."""
    chunk_extension_bytes: int = 16 * KIB
    """Everything in a chunked body that is neither data nor plain framing; nobody uses extensions."""

    connections: int = 10_000
    """Open at once; about 4 kB each. One more is answered 503 and closed."""
    pipelined: int = 16
    """Complete requests waiting on one connection. No client of this protocol pipelines."""
    held_bytes: int = 256 * MIB
    """Bodies of all connections together, received or being received; above it, requests are answered 503."""

    @property
    def connections_hard(self) -> int:
        """Connections above this are cut without an answer: answering costs a socket for a while."""
        return self.connections + self.connections // 10 + 16
