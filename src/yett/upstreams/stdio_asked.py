"""Requests that one child has asked and that are not answered yet, under ids that no other child ever uses.

A child that takes another's place counts from the start again; with its own ids, a client's late answer to the first child
would answer a question of the second.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Final

from yett.protocol.peek import ResponsePeek, peek_response, same_id
from yett.upstreams.stdio_wire import cancelled_id, cancelling, renumbered

ASKED_MAX: Final = 256
"""Requests of one child that wait for their answers; one more is refused."""


class Asked:
    """The only owner of these ids."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(6)
        self._count = 0
        self._open: OrderedDict[bytes, bytes] = OrderedDict()
        """Our id, as JSON text → the child's own."""

    def take(self, line: bytes, peek: ResponsePeek) -> tuple[bytes, bytes] | None:
        """Our id for a request, and the request with it; None where too many are open. Errors: `Garbled`."""
        assert peek.id is not None, "a request has an id"
        if len(self._open) >= ASKED_MAX:
            return None
        self._count += 1
        own = b'"%b-%d"' % (self._prefix.encode(), self._count)
        asked = renumbered(line, own)
        self._open[own] = peek.id
        return own, asked

    def answered(self, body: bytes) -> bytes | None:
        """The response with the child's own id; None where this child asked no such thing, or has its answer."""
        peek = peek_response(body)
        own = None if peek is None else self._named(peek.id)
        return None if own is None else renumbered(body, self._open.pop(own))

    def drop(self, own: bytes) -> None:
        """Nobody will answer."""
        self._open.pop(own, None)

    def cancelled(self, line: bytes) -> bytes | None:
        """The child's cancellation of its own request, with our id; None where no such request is open."""
        named = cancelled_id(line)
        own = next((own for own, id in self._open.items() if same_id(named, id)), None)
        if own is None:
            return None
        del self._open[own]
        return cancelling(line, own)

    def _named(self, id: bytes | None) -> bytes | None:
        return next((own for own in self._open if same_id(id, own)), None)
