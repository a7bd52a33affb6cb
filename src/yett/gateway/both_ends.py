"""Handshake sessions on both sides of the gateway: what is opened here and there ends here and there."""

from __future__ import annotations

from contextlib import suppress

from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.gateway.route import Credentials, Headers, Route
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import ServerEntry
from yett.gateway.tools import ToolBook
from yett.ports import Outbound, Upstream


class BothEnds:
    """Opens and ends sessions with what belongs to them: the server's own session, its child, its list of tools."""

    def __init__(self, sessions: Sessions, tools: ToolBook, credentials: Credentials) -> None:
        self._sessions = sessions
        self._tools = tools
        self._credentials = credentials

    async def open(self, route: Route, id: str, outbound: Outbound, kinds: frozenset[str], revision: str | None) -> None:
        """Remember a session that the server has opened, and end those that give way to it."""
        grant, server, upstream = route.caller.grant, route.caller.server, outbound.session
        for gone in self._sessions.open(
            id, grant_id=grant.id, server_id=server.id, upstream=upstream, declared=kinds, revision=revision
        ):
            self._tools.forget((gone.server_id, gone.id))
            if gone.server_id == server.id and server.one_to_one:
                await self.abandon(route, replace(outbound, isolation=gone.id))

    async def abandon(self, route: Route, outbound: Outbound) -> None:
        """End what nobody will use any more: a session at the server, or the child of one."""
        if outbound.session is not None or (route.caller.server.one_to_one and not route.local):
            with suppress(UpstreamFault):
                await route.upstream.end_session(outbound)

    def close_if_gone(self, route: Route, status: int) -> None:
        """Forget a session that the server has forgotten; the client opens another one."""
        if status == 404 and route.session is not None:
            self._sessions.close(route.session)
            self._tools.forget(route.scope)

    async def end_session(self, route: Route) -> int:
        """End a handshake session on both sides; the server's HTTP status.

        Errors: `UpstreamFault`, `OperatorFault`; the session is over on this side all the same.
        """
        assert route.session is not None, "the caller found it"
        return await self.end(route.session, route.caller.server, route.upstream, route.headers)

    async def end(self, session: Session, server: ServerEntry, upstream: Upstream, headers: Headers = ()) -> int:
        """The same for a session whose client did not ask for it."""
        self._sessions.close(session)
        self._tools.forget((server.id, session.id))
        credential = self._credentials(server)
        return await upstream.end_session(Outbound(b"", "", None, False, headers, credential, session.upstream, session.id))
