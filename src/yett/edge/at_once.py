"""The short way through the edge: a plain request is answered from callbacks, without its connection's coroutine.

What is not plain is handed over to the coroutine, at whatever point that shows. Only one request of a connection is in work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from yett.edge import responses
from yett.edge.request import Refusal, Request

if TYPE_CHECKING:
    from yett.edge.connection import Connection
    from yett.edge.reader import Turn
    from yett.edge.shared import Handler, Shared

Begin: TypeAlias = "Callable[[Request, Asker], Work | None]"
"""Takes a request, or leaves it to the handler with None, having done nothing. Ends no work before it returns."""


class Work(Protocol):
    """A request that is being answered. It ends with one call of its `Asker`, or with `cancel`."""

    def client_left(self) -> None:
        """Nobody waits for the answer any more; the work may go on."""
        ...

    def cancel(self) -> None:
        """End now, without an answer."""
        ...


class Asker(Protocol):
    """Who brought the request."""

    def answer(self, body: bytes) -> None:
        """Send a whole answer: JSON, with status 200."""
        ...

    def hand_over(self, handler: Handler) -> None:
        """Have `handler` answer the request, as if it had just come."""
        ...

    def drop(self) -> None:
        """Close without an answer: the client has left."""
        ...

    def fail(self, error: Exception) -> None:
        """Answer that the gateway failed, and close. `error` is told to the operator."""
        ...


class AtOnce:
    """Implements `Asker` for the requests of one connection."""

    __slots__ = ("_connection", "_handler", "_request", "_shared", "_work")

    def __init__(self, connection: Connection, shared: Shared) -> None:
        self._connection = connection
        self._shared = shared
        self._request: Request | None = None
        self._work: Work | None = None
        self._handler: Handler | None = None
        """Who answers the request, once it was handed over and until the coroutine is there."""

    def takes_one_of(self, ready: list[Turn | Refusal]) -> bool:
        """Begin to answer the request that waits, if it is the only one; else it is left to the coroutine."""
        begin, connection, turn = self._shared.at_once, self._connection, ready[0]
        if begin is None or len(ready) > 1 or isinstance(turn, Refusal) or not turn[1] or connection.paused:
            return False
        self._request = request = turn[0]
        if connection.behind_proxy:
            request.client_ip = self._shared.proxies.client_of(request.headers)
        try:
            self._work = begin(request, self)
        except Exception as error:  # noqa: BLE001 - the boundary: no fault of a handler may harm another connection
            ready.clear()
            self.fail(error)
            return False
        if self._work is None:
            return False
        ready.clear()
        return True

    def client_left(self) -> None:
        """Tell the work, if there is any."""
        if self._work is not None:
            self._work.client_left()

    def cancel(self) -> None:
        """End the work, if there is any."""
        if self._work is not None:
            self._work.cancel()
            self._over()

    def answer(self, body: bytes) -> None:
        """See `Asker`."""
        connection = self._connection
        keep_alive = connection.goes_on
        connection.write(responses.json_answer(body, keep_alive=keep_alive))
        self._over()
        connection.turn_over(keep_alive=keep_alive)

    def hand_over(self, handler: Handler) -> None:
        """See `Asker`."""
        self._handler = handler
        self._connection.go_on()

    def handed_over(self) -> tuple[Turn, Handler] | None:
        """The request that the coroutine is to go on with, and how, if there is one; it is then the coroutine's."""
        request, handler = self._request, self._handler
        if request is None or handler is None:
            return None
        self._work = self._request = self._handler = None
        return (request, True, True), handler

    def drop(self) -> None:
        """See `Asker`."""
        self._over()
        self._connection.abandon()
        self._connection.turn_over(keep_alive=False)

    def fail(self, error: Exception) -> None:
        """See `Asker`."""
        self._shared.reports.on_handler_error(error)
        if self._request is None:
            return  # it was answered before
        self._connection.write(responses.failed())
        self._over()
        self._connection.turn_over(keep_alive=False)

    def _over(self) -> None:
        assert self._request is not None, "there was work"
        self._shared.held_bytes -= len(self._request.body)
        self._work = self._request = self._handler = None
