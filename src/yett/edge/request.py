"""A request as handlers see it: framed, bounded and judged to have exactly one reading."""

from __future__ import annotations

from dataclasses import dataclass, field


class Memory:
    """What a handler keeps of one head, for the requests that repeat it on the same connection."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: object = None


@dataclass(slots=True)
class Request:
    """One complete HTTP request."""

    method: bytes
    target: bytes
    """Path and query as they stood in the request line."""
    path: str
    """The target up to `?`. Holds no escape, no empty and no dot segment, so it needs no decoding and no normalising."""
    headers: list[tuple[bytes, bytes]]
    """Names in lower case, values without surrounding blanks, in the order of arrival."""
    body: bytes
    client_ip: str | None
    """The client's address: the peer's, or what a trusted proxy says of it; None where it cannot be told for sure."""
    _fields: dict[bytes, bytes] | None = field(default=None, compare=False, repr=False)
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    @property
    def fields(self) -> dict[bytes, bytes]:
        """First values by name (lower case). Fields that decide something occur at most once, see `framing`."""
        if self._fields is None:
            self._fields = dict(reversed(self.headers))
        return self._fields

    def header(self, name: bytes) -> bytes | None:
        """The first value of the field `name` (lower case)."""
        return self.fields.get(name)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not read: the answer's status and one sentence of ours, never the client's text."""

    status: int
    reason: str
