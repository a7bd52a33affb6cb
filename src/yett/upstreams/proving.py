"""A server whose token may be bound to a key: each request carries a fresh proof that the gateway has it (RFC 9449)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from yett.egress.proofs import FIELD, WANTS_NONCE, read_nonce
from yett.ports import Answer, Outbound, Upstream
from yett.upstreams.sealed import BoundFields

_UNAUTHORIZED: Final = 401

Send = Callable[[Outbound], Coroutine[Any, Any, Answer]]


class Proving:
    """Implements `yett.ports.Upstream` around another one. Messages with any other credential go by unchanged."""

    def __init__(self, inner: Upstream, url: str, now_ns: Callable[[], int]) -> None:
        self._inner = inner
        self._url = url
        self._now_ns = now_ns
        self._nonce: str | None = None
        """What the server wants in proofs, as it said last."""

    def exchange(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.exchange`."""
        return self._sent(self._inner.exchange, message, "POST")

    def listen(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.listen`."""
        return self._sent(self._inner.listen, message, "GET")

    async def end_session(self, message: Outbound) -> int:
        """See `Upstream.end_session`. What is over anyway is not worth a second try with another nonce."""
        return await self._inner.end_session(self._proved(message, "DELETE"))

    async def aclose(self) -> None:
        """Close what is around."""
        await self._inner.aclose()

    async def _sent(self, send: Send, message: Outbound, method: str) -> Answer:
        """INVARIANT: at most twice, and again only after a 401 that asks for a nonce: the request did not run."""
        answer = await send(self._proved(message, method))
        if answer.status != _UNAUTHORIZED or not isinstance(message.credential, BoundFields):
            return answer
        nonce = read_nonce(answer.nonce.decode("latin-1"))
        if nonce is None or WANTS_NONCE.encode() not in answer.challenge:
            return answer
        self._nonce = nonce
        await answer.aclose()
        return await send(self._proved(message, method))

    def _proved(self, message: Outbound, method: str) -> Outbound:
        fields = message.credential
        if not isinstance(fields, BoundFields):
            return message
        now_s = self._now_ns() // 1_000_000_000
        proof = fields.key.proof(method, self._url, now_s, token=fields.token, nonce=self._nonce)
        return msgspec.structs.replace(message, credential={**fields, FIELD: proof})
