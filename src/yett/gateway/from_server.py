"""What a server says of its own accord while it works on a request."""

from __future__ import annotations

from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.route import Credentials, Route
from yett.gateway.tools import ToolBook
from yett.ports import Event, Outbound
from yett.protocol.answers import reads_one_way
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.methods import Handling, handling_to_client
from yett.protocol.peek import ResponsePeek
from yett.protocol.rejection import METHOD_NOT_FOUND
from yett.protocol.replies import empty_result, error


def relayed_to_client(data: bytes, peek: ResponsePeek) -> bool:
    """Whether a notification concerns the client, and cannot be read as something else by a reader that is lax with keys."""
    return handling_to_client(peek.method or "", is_request=False) is Handling.RELAYED and reads_one_way(data)


class FromServer:
    """Relays notifications that concern the client, answers requests that are not mediated, drops the rest."""

    def __init__(self, tools: ToolBook, credentials: Credentials) -> None:
        self._tools = tools
        self._credentials = credentials

    async def event(self, route: Route, message: Message, event: Event, peek: ResponsePeek | None) -> Event | None:
        """The event as the client may see it, or None if it may not."""
        if not event.data:
            return event
        if peek is None or peek.is_response:
            return None
        if peek.is_request:
            if message.era is Era.HANDSHAKE:
                await self._answer(route, peek)
            return None
        self.notice(route, peek)
        return event if relayed_to_client(event.data, peek) else None

    def notice(self, route: Route, peek: ResponsePeek) -> None:
        """Take note of a notification that concerns the gateway itself."""
        if peek.method == "notifications/tools/list_changed":
            self._tools.changed(route.scope)

    async def _answer(self, route: Route, peek: ResponsePeek) -> None:
        """Answer a request of the server in the client's place, so that it does not wait for nobody."""
        assert peek.id is not None
        if handling_to_client(peek.method or "", is_request=True) is Handling.ANSWERED:
            body = empty_result(peek.id)
        else:
            body = error(peek.id, METHOD_NOT_FOUND, "the client does not answer requests through this gateway yet")
        try:
            answer = await route.upstream.exchange(self._outbound(route, body))
            await answer.aclose()
        except (UpstreamFault, OperatorFault):
            return  # the server gets no answer, as it would from a client that went away

    def _outbound(self, route: Route, body: bytes) -> Outbound:
        return Outbound(
            body=body,
            method="",
            id=None,
            modern=False,
            headers=[field for field in route.headers if field[0] not in {b"mcp-method", b"mcp-name"}],
            credential=self._credentials(route.caller.server),
            session=None if route.session is None else route.session.upstream,
            isolation=route.isolation,
        )
